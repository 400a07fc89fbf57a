import time

import pytest

from content.errors import ContentError
from content.questions.aiken import is_aiken, parse_aiken
from content.questions.check import ParsedQuestion


def one(text: str) -> ParsedQuestion:
    sheet = parse_aiken(text.encode())
    assert sheet.rejected == ()
    (question,) = sheet.questions
    return question


def codes(text: str) -> list[tuple[int, str]]:
    return [(rejected.line, rejected.code) for rejected in parse_aiken(text.encode()).rejected]


@pytest.mark.parametrize(
    "text",
    [
        "党小组会多久一次？\nA. 每周\nB. 每月\nANSWER: B\n",
        "党小组会多久一次？\nA) 每周\nB) 每月\nANSWER: B",
        "党小组会多久一次？\r\nA、每周\r\nB、每月\r\n答案：B\r\n",
        "党小组会多久一次？\nＡ．每周\nＢ．每月\n答案：Ｂ",
        "党小组会多久一次？\n\nＡ、 每周\n\nＢ） 每月\n\n正确答案: b",
        "党小组会多久一次？\nA.每周\nB.每月\n【答案】B",
        "\n党小组会多久一次？\nA.每周\nB.每月\nanswer：B\n",
    ],
)
def test_letters_and_the_answer_may_be_written_as_in_moodle_or_as_in_china(text: str) -> None:
    question = one(text)
    assert (question.kind, question.stem, question.options, question.answer) == (
        "single", "党小组会多久一次？", ("每周", "每月"), ("B",),
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk", "utf-16"])
def test_a_file_may_have_any_encoding_that_editors_write(encoding: str) -> None:
    assert parse_aiken("题\nA. 甲\nB. 乙\n答案：A".encode(encoding)).questions[0].options == ("甲", "乙")


def test_several_letters_make_a_multiple_choice_and_two_words_true_or_false() -> None:
    assert one("题\nA. 甲\nB. 乙\nC. 丙\n答案：A、C").kind == "multiple"
    question = one("党课是“一课”。\nA. 正确\nB. 错误\nANSWER: A")
    assert (question.kind, question.answer) == ("true_false", ("A",))


def test_lines_go_on_and_what_follows_the_answer_belongs_to_it() -> None:
    question = one(
        "题干\n第二行\nA. 甲\n又甲\nB. 乙\n答案：A\n解析：因为\n【解析】所以\n出处：《条例》\n难度：较难\n标签：甲、乙"
    )
    assert (question.stem, question.options) == ("题干\n第二行", ("甲 又甲", "乙"))
    assert (question.explanation, question.source) == ("因为\n所以", "《条例》")
    assert (question.difficulty, question.tags) == (4, ("甲", "乙"))


def test_an_explanation_may_stand_before_the_answer() -> None:
    question = one("题干\nA. 甲\nB. 乙\n解析：因为\n难度：3\n答案：A\n出处：《条例》")
    assert (question.options, question.explanation) == (("甲", "乙"), "因为")
    assert (question.answer, question.difficulty, question.source) == (("A",), 3, "《条例》")


def test_each_question_and_each_text_between_is_told_by_its_line() -> None:
    good, other = "题一\nA. 甲\nB. 乙\nANSWER: A", "题一\nA. 乙\nB. 甲\n答案：A"
    text = f"一、单选题\n\n{good}\n题二\nA. 甲\nB. 乙\nANSWER: C\n\n题三\nA. 甲\nC. 乙\nANSWER: A\n\n{other}\n结尾"
    assert codes(text) == [
        (1, "missing_answer"), (7, "unknown_answer"), (12, "option_letters"), (17, "duplicate_question"),
        (21, "missing_answer"),
    ]  # fmt: skip
    assert [question.line for question in parse_aiken(text.encode()).questions] == [3]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("题\nANSWER: A", "option_count"),
        ("题\nA. 甲\nANSWER: A", "option_count"),
        ("题\nA. 甲\nB.\nC. 丙\nANSWER: A", "empty_option"),
        ("题\nA. 甲\nB. 乙\nANSWER:", "missing_answer"),
        ("题\nA. 甲\nB. 乙", "missing_answer"),
        ("ANSWER: A", "missing_stem"),
    ],
)
def test_what_is_missing_is_named(text: str, code: str) -> None:
    assert [found for _, found in codes(text)] == [code]


def test_only_options_with_an_answer_look_like_aiken() -> None:
    assert is_aiken("题\nA. 甲\nANSWER: A")
    assert not is_aiken("题\nANSWER: A")
    assert not is_aiken("A. 甲")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece", ["a\n", "A. a\n", "ANSWER: A\n", "\n", "A. ", "x\nA. a\nANSWER: A\n", "x\n\n", "解析：x\n"]
)
def test_no_text_takes_long(piece: str) -> None:
    for begin in ("", "x\n", "x\nA. a\nB. b\nANSWER: A\n"):
        start = time.process_time()
        try:
            parse_aiken((begin + piece * (2_000_000 // len(piece.encode()))).encode())
        except ContentError as error:
            assert error.code in {"empty_sheet", "too_many_questions"}  # noqa: PT017 - or it is read: only the time counts
        assert time.process_time() - start < 8
