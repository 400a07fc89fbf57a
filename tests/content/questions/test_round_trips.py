"""What is written in any of the formats is read again as exactly the same questions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings

from content.questions.check import ParsedQuestion
from content.questions.collect import QuestionSheet
from content.questions.gift import parse_gift
from content.questions.gift_write import write_gift
from content.questions.qti import parse_qti_package
from content.questions.qti_write import write_qti
from content.questions.sheet import parse_question_sheet, write_question_sheet
from tests.content.questions.questions import QUESTIONS

Format = tuple[Callable[[Sequence[ParsedQuestion]], bytes], Callable[[bytes], QuestionSheet]]
FORMATS: dict[str, Format] = {
    "xlsx": (write_question_sheet, parse_question_sheet),
    "gift": (write_gift, parse_gift),
    "qti21": (partial(write_qti, version="qti21"), parse_qti_package),
    "qti3": (partial(write_qti, version="qti3"), parse_qti_package),
}


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None, max_examples=60)
@given(questions=QUESTIONS)
def test_what_is_written_is_read_as_the_same(name: str, questions: list[ParsedQuestion]) -> None:
    write, parse = FORMATS[name]
    sheet = parse(write(questions))
    assert (sheet.rejected, sheet.notes) == ((), ())
    assert [replace(question, line=0) for question in sheet.questions] == questions
