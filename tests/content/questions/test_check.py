import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.errors import ContentError
from content.questions.accepted import join_accepted, split_accepted
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


@pytest.mark.parametrize(
    "answer", ["CABD", "C A B D", "C、A、B、D", "C→A→B→D", "c>a>b>d", "ＣＡＢＤ", "C-A-B-D", list("CABD")]
)
def test_an_ordering_keeps_the_order_of_its_letters(answer: str | list[str]) -> None:
    question = check_question("排序题", "题干", OPTIONS, answer)
    assert (question.kind, question.answer) == ("ordering", ("C", "A", "B", "D"))


@pytest.mark.parametrize(
    ("answer", "code"),
    [("ABC", "answer_count"), ("ABCDA", "repeated_answer"), ("ABCE", "unknown_answer"), ("", "missing_answer")],
)
def test_an_ordering_names_every_option_once(answer: str, code: str) -> None:
    assert code_of("ordering", OPTIONS, answer) == code


@pytest.mark.parametrize(
    ("written", "difficulty"),
    [("", 0), ("1", 1), ("５", 5), ("容易", 1), ("较易", 2), ("中等", 3), ("较难", 4), (" 困 难", 5)],
)
def test_difficulty_is_a_number_or_a_word(written: str, difficulty: int) -> None:
    assert check_question("判断", "题干", [], "对", difficulty=written).difficulty == difficulty


@pytest.mark.parametrize("written", ["0", "6", "1.5", "很难"])
def test_any_other_difficulty_is_refused(written: str) -> None:
    with pytest.raises(ContentError, match="unknown_difficulty"):
        check_question("判断", "题干", [], "对", difficulty=written)


def test_tags_are_parted_by_any_common_mark_and_each_is_kept_once() -> None:
    question = check_question("判断", "题干", [], "对", tags="党章、入党,三会一课；党 章|转正｜,, 入党，")
    assert question.tags == ("党章", "入党", "三会一课", "转正")
    assert check_question("判断", "题干", [], "对", tags=["党章", "a,b"]).tags == ("党章", "a", "b")


def test_tags_are_few_and_short() -> None:
    with pytest.raises(ContentError, match="too_many_tags"):
        check_question("判断", "题干", [], "对", tags=[str(number) for number in range(11)])
    with pytest.raises(ContentError, match="tag_too_long"):
        check_question("判断", "题干", [], "对", tags="字" * 21)


@pytest.mark.parametrize("field", range(5))
def test_a_control_character_is_refused_wherever_it_is(field: int) -> None:
    texts = ["题干", "答案", "解析", "出处", "标签"]
    texts[field] += "\x01x"
    stem, text, explanation, source, tag = texts
    with pytest.raises(ContentError, match="invalid_characters"):
        check_question("填空", stem, [], text, explanation, source, "", tag)


def test_a_control_character_in_an_option_is_refused() -> None:
    assert code_of("single", ["甲\x01x", "乙"], "A") == "invalid_characters"


@settings(deadline=None)
@given(st.lists(st.text("a\\|｜", min_size=1, max_size=5), min_size=1, max_size=4))
def test_accepted_texts_with_bars_and_backslashes_survive_a_cell(texts: list[str]) -> None:
    assert split_accepted(join_accepted(texts)) == texts


def test_a_backslash_means_nothing_but_before_a_bar() -> None:
    assert split_accepted("C:\\a|甲\\|乙|丙\\\\|丁\\") == ["C:\\a", "甲|乙", "丙\\", "丁\\"]
