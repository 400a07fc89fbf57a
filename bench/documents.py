"""Large documents as lessons, through the API: `python -m bench.documents`.

A PDF of 300 pages, all of them drawn, and a Word file with headings, tables and 40 photographs. Prints the seconds of
each, and the most memory that the API process and one of its children had. The API process must stay within 300 MB.
"""

import asyncio
import tempfile
from io import BytesIO
from pathlib import Path

import httpx
from docx import Document
from PIL import Image

from bench.service import serving
from tests.content.documents.build_pdf import chinese_pdf

PAGES = 300
PHOTOGRAPHS = 40
MEGABYTE = 1024 * 1024


def photograph(number: int) -> bytes:
    """Return a JPEG of 8 megapixels that no other is equal to."""
    noise = Image.effect_noise((102, 77), 40 + number).resize((3264, 2448))
    output = BytesIO()
    Image.merge("RGB", (noise, noise.transpose(Image.Transpose.ROTATE_180), noise)).save(output, "JPEG", quality=50)
    return output.getvalue()


def large_docx() -> bytes:
    """Return a Word file of 40 chapters, each with a picture and a table."""
    document = Document()
    for number in range(PHOTOGRAPHS):
        document.add_heading(f"第{number + 1}章", 1)
        document.add_paragraph("党员学习资料。" * 100)
        document.add_picture(BytesIO(photograph(number)))
        table = document.add_table(10, 4)
        for row in table.rows:
            for cell in row.cells:
                cell.text = "内容"
    output = BytesIO()
    document.save(output)
    return output.getvalue()


async def hand_in(client: httpx.AsyncClient, name: str, data: bytes) -> int:
    """Makes a lesson of the file, and gives how many pictures it has."""
    fields = {"organisation_id": "1", "title": name, "source": "测量"}
    made = await client.post("/lessons", data=fields, files={"file": (name, data)})
    if made.status_code != 201:
        raise SystemExit(made.text)
    shown = (await client.post(f"/lessons/{made.json()['id']}/preview")).raise_for_status().json()
    return str(shown["html"]).count("<img ")


async def measure(folder: Path) -> None:
    """Measures and prints."""
    async with serving(folder) as (watched, client):
        for name, data in (("长文件.pdf", chinese_pdf(PAGES)), ("讲义.docx", large_docx())):
            pictures = await watched.step(name, hand_in(client, name, data))
            print(f"{name}: {len(data) / MEGABYTE:.1f} MB in, {pictures} pictures out, {watched.seconds[name]:.0f} s")
            grown, child = watched.peak[name] - watched.before, watched.child[name]
            print(f"    the service had {watched.peak[name] / MEGABYTE:.0f} MB at most ({grown / MEGABYTE:+.0f} MB),")
            print(f"    its largest child {child / MEGABYTE:.0f} MB")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(measure(Path(temporary)))
