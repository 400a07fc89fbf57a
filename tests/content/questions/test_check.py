import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.errors import ContentError
from content.questions.check import check_question, normalise_answer

OPTIONS = ["每周", "每月", "每季度", "每年"]


def code_of(kind: str, options: list[str], answer: str | list[str], stem: str = "题干") -> str:
    with pytest.raises(ContentError) as caught:
        check_question(kind, stem, options, answer)
    assert caught.value.detail
    return caught.value.code


@pytest.mark.parametrize(
    ("written", "kind", "options", "answer"),
    [
        ("单选", "single", OPTIONS, "C"),
        ("单选题", "single", OPTIONS, "C"),
        (" 多 选 题 ", "multiple", OPTIONS, "AB"),
        ("判断", "true_false", [], "对"),
        ("填空题", "fill_in", [], "月"),
        ("single", "single", OPTIONS, "A"),
        ("true_false", "true_false", ["正确", "错误"], "B"),
    ],
)
def test_a_kind_may_be_written_in_chinese_or_by_its_name(
    written: str, kind: str, options: list[str], answer: str
) -> None:
    question = check_question(written, "题干", options, answer)
    assert question.kind == kind
    assert question.line == 0


@pytest.mark.parametrize(
    "answer", ["AB", "BA", "A,B", "A，B", "A、B", "a b", "ＡＢ", "A;B", "A；B", "A和B", ["A", "B"], ["b", "Ａ"]]
)
def test_letters_may_be_written_in_many_ways_and_come_out_in_order(answer: str | list[str]) -> None:
    assert check_question("multiple", "题干", OPTIONS, answer).answer == ("A", "B")


@pytest.mark.parametrize("answer", ["对", "正确", "√", "A", "TRUE", "是", ["A"]])
def test_many_words_mean_true(answer: str | list[str]) -> None:
    question = check_question("true_false", "题干", [], answer)
    assert question.answer == ("A",)
    assert question.options == ("正确", "错误")


@pytest.mark.parametrize("answer", ["错", "错误", "×", "B", "FALSE", "否", "x"])
def test_many_words_mean_false(answer: str) -> None:
    assert check_question("true_false", "题干", [], answer).answer == ("B",)


@pytest.mark.parametrize("answer", ["月|1个月｜个月| 月", ["月", "1个月", "个月", "月"]])
def test_a_blank_may_have_several_accepted_texts_each_once(answer: str | list[str]) -> None:
    assert check_question("fill_in", "题干", [], answer).answer == ("月", "1个月", "个月")


def test_of_two_ways_of_writing_one_accepted_text_the_first_stays() -> None:
    assert check_question("fill_in", "题干", [], "ＡＢ|ab|cd").answer == ("ＡＢ", "cd")


@pytest.mark.parametrize(
    ("kind", "options", "answer", "code"),
    [
        ("简答", [], "x", "unknown_kind"),
        ("single", ["a"], "A", "option_count"),
        ("single", list("abcdefghi"), "A", "option_count"),
        ("single", ["a", "", "c"], "A", "empty_option"),
        ("single", ["a", "ａ"], "A", "duplicate_options"),
        ("single", ["a", "字" * 201], "A", "option_too_long"),
        ("single", OPTIONS, "", "missing_answer"),
        ("single", OPTIONS, "AB", "answer_count"),
        ("single", OPTIONS, "E", "unknown_answer"),
        ("single", OPTIONS, "每月", "unknown_answer"),
        ("single", OPTIONS, "、", "unknown_answer"),
        ("multiple", OPTIONS, "A", "answer_count"),
        ("multiple", OPTIONS, "AAB", "repeated_answer"),
        ("true_false", ["是", "不是"], "A", "unexpected_options"),
        ("true_false", [], "也许", "unknown_answer"),
        ("true_false", [], "", "missing_answer"),
        ("fill_in", ["a"], "a", "unexpected_options"),
        ("fill_in", [], "", "missing_answer"),
        ("fill_in", [], "a||b", "missing_answer"),
        ("fill_in", [], [], "missing_answer"),
        ("fill_in", [], [str(number) for number in range(11)], "answer_count"),
        ("fill_in", [], "字" * 201, "answer_too_long"),
    ],
)
def test_each_thing_that_is_wrong_has_its_own_code(kind: str, options: list[str], answer: str, code: str) -> None:
    assert code_of(kind, options, answer) == code


def test_an_empty_option_is_named() -> None:
    with pytest.raises(ContentError) as caught:
        check_question("single", "题干", ["a", "b", "", "d"], "A")
    assert "选项C为空" in caught.value.detail


def test_a_stem_is_required_and_bounded() -> None:
    assert code_of("single", OPTIONS, "A", stem=" ") == "missing_stem"
    assert code_of("single", OPTIONS, "A", stem="字" * 501) == "stem_too_long"
    assert len(check_question("single", "字" * 500, OPTIONS, "A").stem) == 500


def test_empty_options_at_the_end_are_no_options() -> None:
    assert check_question("single", "题干", ["a", "b", "", ""], "A").options == ("a", "b")


@pytest.mark.parametrize(
    ("one", "other"), [("1 个月", "１个月"), ("ABC", "abc"), ("Straße", "STRASSE"), ("　月 ", "月")]
)
def test_answers_are_compared_without_width_spaces_and_case(one: str, other: str) -> None:
    assert normalise_answer(one) == normalise_answer(other)


@settings(deadline=None)
@given(st.text())
def test_normalising_ignores_spaces_around(text: str) -> None:
    assert normalise_answer(f" {text}　") == normalise_answer(text)
