"""What a printed page looks like: nothing leaves it, heads stay with their rows, blanks stay wide."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO

import pypdfium2
import pytest
from pypdf import PdfReader

from content.printing.blocks import Block, Paragraph, Table
from content.printing.issue import PrintedIssue, PrintedLesson, PrintedQuestion, Type
from content.printing.issue_pdf import issue_pdf
from content.printing.wrap import Run, printable


def pages_of(blocks: Sequence[Block], kind: Type, questions: Sequence[PrintedQuestion] = ()) -> bytes:
    lesson = PrintedLesson("题目", "出处", blocks)
    return issue_pdf(
        PrintedIssue("学习", "支部", "2026年第47周", "", [lesson], "小测", questions, date(2026, 11, 16)), kind
    )


@pytest.mark.parametrize("kind", ["normal", "large"])
def test_however_deep_a_list_is_its_text_stays_on_the_page(kind: Type) -> None:
    deep = [Paragraph((Run("很深的一项" * 4),), depth, "•") for depth in range(40)]
    document = pypdfium2.PdfDocument(pages_of(deep, kind))
    for page in document:
        text = page.get_textpage()
        right = max(text.get_charbox(number)[2] for number in range(text.count_chars()))
        assert right < 595 - 50


@pytest.mark.parametrize("lines", range(12, 30))
def test_the_head_of_a_table_is_never_left_alone_on_a_page(lines: int) -> None:
    rows = ((Run("表头", True),), (Run("表身" * 40),))
    blocks: list[Block] = [Paragraph((Run("正文"),))] * lines
    pages = PdfReader(BytesIO(pages_of([*blocks, Table(tuple((row,) for row in rows))], "large"))).pages
    (head,) = [page.extract_text() for page in pages if "表头" in page.extract_text()]
    assert "表身" in head


def test_the_blank_that_is_filled_in_stays_as_wide_as_it_was_written() -> None:
    assert printable("每（　　）  一次\n吗", lambda char: True) == "每（　　） 一次 吗"
