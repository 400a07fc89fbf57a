"""Large documents through the child: `python -m bench.documents`.

A PDF of 300 pages, all of them drawn, and a Word file with headings, a table, footnotes and 40 photographs. Prints the
seconds of each, by how much the memory of this process grew, which stands for the service, and the largest child.
The service and a child must stay within 300 MB together with what the service holds at rest (about 110 MB).
"""

import asyncio
import time
from contextlib import suppress
from io import BytesIO

import psutil
from docx import Document
from PIL import Image

from content.documents.pdf import page_ranges
from content.sandbox import parse_in_child
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


async def draw_pdf(data: bytes) -> int:
    """Parse a PDF and draw all of its pages, ten at a time, as the service does; returns the bytes of the pictures."""
    await parse_in_child("pdf", data)
    total = 0
    for first, last in page_ranges(PAGES):
        pages = await parse_in_child("pdf_pages", data, {"first": first, "last": last})
        total += sum(len(page.data) for page in pages.pictures)
    return total


async def read_docx(data: bytes) -> int:
    """Parse a Word file; returns the bytes of its pictures."""
    document = await parse_in_child("docx", data)
    return sum(len(picture.data) for picture in document.pictures)


async def watch(highest: list[int]) -> None:
    """Note the most memory that this process has, and its largest child."""
    process = psutil.Process()
    while True:
        highest[0] = max(highest[0], process.memory_info().rss)
        for child in process.children():
            with suppress(psutil.NoSuchProcess):
                highest[1] = max(highest[1], child.memory_info().rss)
        await asyncio.sleep(0.05)


async def main() -> None:
    """Measure and print."""
    for name, data, read in (
        (f"{PAGES} pages of PDF", chinese_pdf(PAGES), draw_pdf),
        (f"Word, {PHOTOGRAPHS} photographs", large_docx(), read_docx),
    ):
        before = psutil.Process().memory_info().rss
        highest = [before, 0]
        watching = asyncio.create_task(watch(highest))
        start = time.monotonic()
        written = await read(data)
        seconds = time.monotonic() - start
        watching.cancel()
        grown, child = (highest[0] - before) / MEGABYTE, highest[1] / MEGABYTE
        print(f"{name}: {len(data) / MEGABYTE:.1f} MB in, {written / MEGABYTE:.1f} MB of pictures out, {seconds:.0f} s")
        print(f"    this process grew by {grown:.0f} MB, the largest child had {child:.0f} MB")


if __name__ == "__main__":
    asyncio.run(main())
