"""A weekly issue -> a Word file (.docx) in normal or large type, to be changed and printed where no PDF will do."""

from datetime import UTC, datetime, time
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from content.printing.blocks import Block, Heading, Paragraph, Picture, Rule, Table
from content.printing.issue import (
    DEEPEST,
    KINDS,
    LETTERS,
    NO_PICTURE,
    SIZES,
    UNSEEN,
    PrintedIssue,
    Sizes,
    Type,
    answer_line,
)
from content.printing.pictures import printable_picture
from content.printing.wrap import Run
from content.text import ILLEGAL_IN_XML

# Every Chinese Windows has it; elsewhere Word takes what stands for it.
_FONT = "宋体"
_WIDTH = Mm(166)
_ALIGN = {0.5: WD_ALIGN_PARAGRAPH.CENTER, 1.0: WD_ALIGN_PARAGRAPH.RIGHT}


def issue_docx(issue: PrintedIssue, kind: Type) -> bytes:
    """Return the file; a picture that cannot be read is named."""
    sizes = SIZES[kind]
    document = Document()
    _set_up(document, issue, sizes)
    _add(document, [Run(issue.organisation)], sizes.small, align=0.5)
    _add(document, [Run(issue.title, True)], sizes.title, align=0.5)
    _add(document, [Run(issue.week)], sizes.small, align=0.5)
    if issue.summary:
        _add(document, [Run(issue.summary)], sizes.body)
    for number, lesson in enumerate(issue.lessons, start=1):
        _add(document, [Run(f"{number}. {lesson.title}", True)], sizes.lesson, keep=True)
        _add(document, [Run(f"来源：{lesson.source}")], sizes.small)
        if lesson.has_media:
            _add(document, [Run(f"（{UNSEEN}）")], sizes.small)
        for block in lesson.blocks:
            _write(document, block, issue, sizes)
    if issue.questions:
        _write_quiz(document, issue, sizes)
    output = BytesIO()
    document.save(output)
    return output.getvalue()


def _set_up(document: Any, issue: PrintedIssue, sizes: Sizes) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    section.top_margin = section.bottom_margin = Mm(20)
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(sizes.body)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _FONT)
    style.paragraph_format.line_spacing = 1.5
    style.paragraph_format.space_after = Pt(sizes.body / 3)
    properties = document.core_properties
    properties.title, properties.author = _clean(issue.title), _clean(issue.organisation)
    properties.created = properties.modified = datetime.combine(issue.printed_on, time(), UTC)


def _clean(text: str) -> str:
    return ILLEGAL_IN_XML.sub("", text)


def _add(
    document: Any, runs: list[Run], size: float, *, align: float = 0.0, left: float = 0.0, keep: bool = False
) -> Any:
    """A paragraph, `left` points inside; `keep` has it stay with the next one."""
    paragraph = document.add_paragraph()
    paragraph.alignment = _ALIGN.get(align)
    paragraph.paragraph_format.left_indent = Pt(left)
    paragraph.paragraph_format.keep_with_next = keep
    _fill(paragraph, runs, size)
    return paragraph


def _fill(paragraph: Any, runs: list[Run], size: float) -> None:
    for run in runs:
        written = paragraph.add_run(_clean(run.text))
        written.bold, written.font.size = run.bold, Pt(size)


def _write(document: Any, block: Block, issue: PrintedIssue, sizes: Sizes) -> None:
    if isinstance(block, Heading):
        _add(document, [Run(run.text, True) for run in block.runs], sizes.headings[block.level - 1], keep=True)
    elif isinstance(block, Paragraph):
        marker = [Run(f"{block.marker} ")] if block.marker else []
        left = min(block.depth, DEEPEST) * 1.2 * sizes.body
        paragraph = _add(document, [*marker, *block.runs], sizes.body, align=block.align, left=left)
        if not block.depth and not block.align:
            paragraph.paragraph_format.first_line_indent = Pt(2 * sizes.body)
    elif isinstance(block, Table):
        columns = max(len(row) for row in block.rows)
        table = document.add_table(rows=0, cols=max(columns, 1), style="Table Grid")
        for row in block.rows:
            cells = table.add_row().cells
            for cell, runs in zip(cells, row, strict=False):
                _fill(cell.paragraphs[0], list(runs), sizes.body)
    elif isinstance(block, Picture):
        _picture(document, block, issue, sizes)
    elif isinstance(block, Rule):
        _add(document, [Run("— — —")], sizes.small, align=0.5)


def _picture(document: Any, block: Picture, issue: PrintedIssue, sizes: Sizes) -> None:
    # As a picture that Word can read in any case, whatever it was.
    image = printable_picture(issue.pictures.get(block.source, b""))
    if image is None:
        _add(document, [Run(NO_PICTURE.format(block.text or "无说明"))], sizes.small)
        return
    width = min(_WIDTH, Mm(image.width * 25.4 / 150), Mm(130 * image.width / image.height))
    document.add_picture(BytesIO(image.jpeg), width=int(width))
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER


def _write_quiz(document: Any, issue: PrintedIssue, sizes: Sizes) -> None:
    document.add_page_break()
    _add(document, [Run(issue.quiz, True)], sizes.lesson, align=0.5)
    _add(document, [Run("姓名：______________　　日期：______________")], sizes.body)
    for number, question in enumerate(issue.questions, start=1):
        stem = f"{number}. （{KINDS.get(question.kind, '')}）{question.stem}"
        _add(document, [Run(stem)], sizes.body, keep=True)
        if question.kind != "true_false":
            for letter, option in zip(LETTERS, question.options, strict=False):
                _add(document, [Run(f"{letter}. {option}")], sizes.body, left=2 * sizes.body, keep=True)
        _add(document, [Run(answer_line(question))], sizes.body, left=2 * sizes.body)
