"""Pictures on paper: on white, none larger than it was, and what cannot be read is no picture."""

from datetime import date
from io import BytesIO

import pytest
from docx import Document
from PIL import Image
from pypdf import PdfReader

from content.printing.blocks import Picture
from content.printing.issue import PrintedIssue, PrintedLesson
from content.printing.issue_docx import issue_docx
from content.printing.issue_pdf import issue_pdf


def encoded(image: Image.Image, form: str) -> bytes:
    output = BytesIO()
    image.save(output, form)
    return output.getvalue()


def issue_of(*pictures: bytes) -> PrintedIssue:
    by_name = {f"p{number}": data for number, data in enumerate(pictures)}
    lesson = PrintedLesson("题目", "出处", [Picture(name, "插图") for name in by_name])
    return PrintedIssue("学习", "支部", "2026-W47", "", [lesson], "", [], date(2026, 11, 16), by_name)


def drawn(issue: PrintedIssue) -> list[Image.Image]:
    pages = PdfReader(BytesIO(issue_pdf(issue, "normal"))).pages
    pictures = [each.image for page in pages for each in page.images if each.image is not None]
    word = Document(BytesIO(issue_docx(issue, "normal")))
    parts = [part.blob for part in word.part.package.iter_parts() if part.partname.startswith("/word/media/")]
    return [*pictures, *(Image.open(BytesIO(part)) for part in parts)]


@pytest.mark.parametrize("form", ["PNG", "WEBP", "GIF"])
def test_what_is_transparent_is_white_on_paper(form: str) -> None:
    found = drawn(issue_of(encoded(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), form)))
    assert len(found) == 2, "one on the page, one in the Word file"
    for image in found:
        assert min(image.convert("L").tobytes()) > 240


def test_a_file_of_photographs_is_hardly_larger_than_they_are() -> None:
    noise = [Image.effect_noise((1131, 1600), 60 + number).convert("RGB") for number in range(3)]
    photographs = [encoded(image, "JPEG") for image in noise]
    for write in (issue_pdf, issue_docx):
        assert len(write(issue_of(*photographs), "normal")) < 1.1 * sum(map(len, photographs)) + 200_000


@pytest.mark.parametrize("cut", [0, 20, 60, 400])
@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_what_cannot_be_read_is_named_and_the_rest_is_printed(form: str, cut: int) -> None:
    whole = encoded(Image.effect_noise((64, 64), 60).convert("RGB"), form)
    issue = issue_of(whole[:cut], whole)
    assert len(drawn(issue)) == 2
    assert "插图" in PdfReader(BytesIO(issue_pdf(issue, "large"))).pages[0].extract_text()
