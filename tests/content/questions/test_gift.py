import time

import pytest

from content.errors import ContentError
from content.questions.check import ParsedQuestion, check_question
from content.questions.collect import Note
from content.questions.gift import MAX_BYTES, parse_gift
from content.questions.gift_write import write_gift


def one(text: str) -> ParsedQuestion:
    sheet = parse_gift(text.encode())
    assert sheet.rejected == ()
    (question,) = sheet.questions
    return question


def refusal(text: str) -> str:
    sheet = parse_gift(text.encode())
    assert sheet.questions == ()
    (rejected,) = sheet.rejected
    assert rejected.reason
    return rejected.code


def test_a_question_is_told_by_its_line_and_blank_lines_part_questions() -> None:
    sheet = parse_gift("// 说明\n\n甲是哪一项？{=甲 ~乙}\n\n\n// 注释\n乙对吗？{T}\n".encode())
    assert [(question.line, question.kind) for question in sheet.questions] == [(3, "single"), (7, "true_false")]


@pytest.mark.parametrize(
    ("answers", "kind", "answer"),
    [
        ("{=甲 ~乙}", "single", ("A",)),
        ("{~%100%甲 =乙}", "partial_weights", ()),
        ("{~甲 =%100%乙}", "single", ("B",)),
        ("{~%50%甲 ~乙 ~%50%丙}", "multiple", ("A", "C")),
        ("{~%50%甲 ~%-100%乙 ~%50%丙}", "multiple", ("A", "C")),
        ("{~%33.333%甲 ~%33.333%乙 ~%33.333%丙}", "multiple", ("A", "B", "C")),
        ("{~%60%甲 ~%40%乙}", "partial_weights", ()),
        ("{~%20%甲 ~%20%乙}", "partial_weights", ()),
        ("{=甲 ~%50%乙}", "partial_weights", ()),
        ("{=%50%甲 ~乙}", "partial_weights", ()),
        ("{=甲 =%50%乙}", "partial_weights", ()),
        ("{=甲 =乙 ~丙}", "several_right_answers", ()),
        ("{~%100%甲 ~乙}", "answer_count", ()),
        ("{~甲 ~乙}", "missing_answer", ()),
        ("{=甲 =乙}", "fill_in", ("甲", "乙")),
        ("{=%100%甲#}", "fill_in", ("甲",)),
        ("{甲}", "fill_in", ("甲",)),
        ("{=党*}", "wildcard_answer", ()),
        ("{=\\*}", "fill_in", ("*",)),
        ("{T}", "true_false", ("A",)),
        ("{FALSE}", "true_false", ("B",)),
        ("{ TRUE #错了#对了 }", "true_false", ("A",)),
        ("{T#一#二#三}", "too_many_feedbacks", ()),
        ("{=乙 -> 2 =甲 -> 1}", "ordering", ("B", "A")),
        ("{=甲 -> 首都 =乙 -> 省会}", "matching", ()),
        ("{=甲 -> 1 =乙 -> 1}", "matching", ()),
        ("{=甲 -> 1 =乙}", "matching", ()),
        ("{#3}", "numeric", ()),
        ("{}", "essay", ()),
        ("{####只有说明}", "essay", ()),
        ("{多余 =甲 ~乙}", "text_before_answers", ()),
        ("", "description", ()),
        ("{=甲 ~乙", "unmatched_braces", ()),
        ("}", "unmatched_braces", ()),
        ("}{", "unmatched_braces", ()),
        ("{T}又{F}", "several_answers", ()),
        ("{=甲 ~[html]<img src\\=a.png>}", "unsupported_markup", ()),
        ("{~1 ~2 ~3 ~4 ~5 ~6 ~7 ~8 =9}", "option_count", ()),
    ],
)
def test_what_stands_in_the_braces_makes_the_kind_or_is_refused_by_name(
    answers: str, kind: str, answer: tuple[str, ...]
) -> None:
    text = f"题干{answers}"
    if not answer:
        assert refusal(text) == kind
    else:
        question = one(text)
        assert (question.kind, question.answer) == (kind, answer)


@pytest.mark.parametrize(
    ("text", "options", "answer"),
    [
        ("多久一次？｛＝每月　～每季度｝", ("每月", "每季度"), ("A",)),
        ("多久一次？｛～每月　＝每季度＃对了｝", ("每月", "每季度"), ("B",)),
        ("多久一次？{～每月　＝每季度}", ("每月", "每季度"), ("B",)),
        ("多久一次？｛～％５０％每月　～％５０％每季度｝", ("每月", "每季度"), ("A", "B")),
        ("：：第一题：：多久一次：说说。｛=每月＝12次 ~每季度｝", ("每月＝12次", "每季度"), ("A",)),
        ("排一排｛＝甲→２　＝乙→１｝", (), ()),
        ("排一排｛＝甲－＞2　＝乙－＞1｝", ("甲", "乙"), ("B", "A")),
        ("多久一次？｛＝每月\\＝12次～每季度｝", ("每月＝12次", "每季度"), ("A",)),
    ],
)
def test_marks_of_a_chinese_keyboard_are_accepted(text: str, options: tuple[str, ...], answer: tuple[str, ...]) -> None:
    sheet = parse_gift(text.encode())
    if not options:
        # Full-width digits are not the places of an ordering.
        assert [rejected.code for rejected in sheet.rejected] == ["matching"]
        return
    (question,) = sheet.questions
    assert (question.options, question.answer) == (options, answer)


def test_full_width_true_and_false_are_accepted() -> None:
    assert one("每月一次。｛Ｔ｝").answer == ("A",)
    assert one("每年一次。｛ＦＡＬＳＥ｝").answer == ("B",)


def test_full_width_marks_in_a_text_stay_as_they_are() -> None:
    question = one("（１）甲：＝乙？～｛丙｝＃{=甲：乙＝丙～ ~丁｛｝}")
    assert question.stem == "（１）甲：＝乙？～｛丙｝＃"
    assert question.options == ("甲：乙＝丙～", "丁｛｝")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_a_file_may_have_any_encoding_that_editors_write(encoding: str) -> None:
    data = "党小组会多久一次？\r\n{\r\n=每月\r\n~每年\r\n}\r\n".encode(encoding)
    assert parse_gift(data).questions[0].options == ("每月", "每年")


def test_an_answer_inside_the_sentence_leaves_a_blank() -> None:
    assert one("预备期为{=1 =一}年。").stem == "预备期为_____年。"


def test_feedback_becomes_part_of_the_explanation() -> None:
    assert one("题干{=甲#不错 ~乙#再想 ####说明}").explanation == "说明\n选项A：不错\n选项B：再想"
    assert one("题干{T#错了#对了}").explanation == "答错时：错了\n答对时：对了"
    assert one("题干{=甲#好}").explanation == "填“甲”：好"


def test_names_and_categories_are_not_kept_and_that_is_said() -> None:
    sheet = parse_gift("$CATEGORY: 甲/乙\n\n::一::题干{T}\n\n$CATEGORY：丙\n::二::别的{F}".encode())
    assert len(sheet.questions) == 2
    assert sheet.notes == (
        Note(1, "category_not_kept", "题目分类（$CATEGORY）不保留，可改用标签，共 2 处。"),
        Note(3, "name_not_kept", "题目名称（::名称::）不保留，共 2 处。"),
    )


def test_comments_above_a_question_have_its_source_difficulty_and_tags() -> None:
    question = one("// [id:3] [tag:党章] [tag:a\\]b] [难度:较难]\n// [出处:《章程》第七条]\n题干{T}")
    assert (question.tags, question.difficulty, question.source) == (("党章", "a]b"), 4, "《章程》第七条")


def test_a_comment_by_itself_belongs_to_the_next_question() -> None:
    sheet = parse_gift("// [tag:党章]\n\n甲{T}\n\n乙{T}".encode())
    assert [question.tags for question in sheet.questions] == [("党章",), ()]


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("[难度:9]", "unknown_difficulty"),
        ("[tag:没有写完", "malformed_comment"),
        ("[tag:[[tag:", "malformed_comment"),
        ("[出处:甲] [出处:乙]", "repeated_comment"),
    ],
)
def test_a_comment_that_means_something_is_never_dropped(comment: str, code: str) -> None:
    assert refusal(f"// {comment}\n题干{{T}}") == code


def test_html_is_read_as_its_text() -> None:
    question = one("[html]<p>第一行</p><p>第&nbsp\\;二&lt\\;行<br>第三行</p>{=<b>甲</b>  丙 ~乙}".replace("\\;", ";"))
    assert question.stem == "第一行\n第\u00a0二<行\n第三行"
    assert question.options == ("甲 丙", "乙")


def test_preformatted_html_keeps_its_white_space_and_very_long_html_is_refused() -> None:
    assert one("[html]<p>a</p><pre>b  c\n d</pre> e{T}").stem == "a\nb  c\n d\ne"
    assert refusal(f"[html]{'x' * 50_001}{{T}}") == "markup_too_long"


def test_a_question_without_an_end_is_refused_before_it_costs_anything() -> None:
    assert refusal("a{~" + "b~" * 50_000) == "question_too_long"
    assert refusal("//" + "x" * 100_000 + "\na{T}") == "question_too_long"
    # What is not quite as long is looked at, and still refused.
    assert refusal("a{~" + "b~" * 40_000 + "c}") == "option_count"


def test_an_accepted_text_with_an_arrow_is_not_taken_for_a_match() -> None:
    question = check_question("fill_in", "题干", [], ["甲->乙"])
    assert one(write_gift([question]).decode()).answer == ("甲->乙",)


def test_a_repeated_question_names_the_first() -> None:
    sheet = parse_gift("题干{=甲 ~乙}\n\n题干{~乙 =甲}".encode())
    assert [(rejected.line, rejected.code) for rejected in sheet.rejected] == [(3, "duplicate_question")]
    assert "第 1 行" in sheet.rejected[0].reason


def test_moodle_reads_texts_as_plain_and_its_own_marks_are_never_taken_for_ours() -> None:
    question = check_question("single", "[html]<b>党</b>", ["%50%甲", "乙 -> 丙"], "A")
    assert write_gift([question]).decode() == "[plain][html]<b>党</b>{\n\t=[plain]%50%甲\n\t~乙 -> 丙\n}\n"


def test_a_multiple_choice_is_all_or_nothing() -> None:
    written = write_gift([check_question("multiple", "题干", ["甲", "乙", "丙", "丁"], "ABD")]).decode()
    assert "\t~%33.33333%甲\n\t~%33.33333%乙\n\t~%-100%丙\n\t~%33.33333%丁\n" in written


@pytest.mark.parametrize("data", [b"", b"\n\n", b"// x", b"\x00\x01{T}", b"\xff\xfe\x00", b"x{T}" * MAX_BYTES])
def test_what_is_no_text_or_has_no_question_is_refused(data: bytes) -> None:
    with pytest.raises(ContentError):
        parse_gift(data)


HOSTILE = {
    "open braces": "{",
    "closed braces": "}",
    "pairs of braces": "{}",
    "wide braces": "｛｝",
    "answers": "~a",
    "right answers": "=a",
    "matches": "=a->1",
    "feedback": "#a",
    "general feedback": "####",
    "names": "::",
    "weights": "~%1%",
    "stars": "*",
    "html": "~[html]<p>",
    "comments": "//[tag:\n",
    "one comment": "//[tag:",
    "backslashes": "\\",
    "tags": "[html]" + "<p>",
    "open tags": "[html]" + "<",
    "categories": "$CATEGORY: a\n",
    "questions": "a{T}\n\n",
    "blank": " \n",
    "spaces": "[html]" + " ",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_takes_long(name: str) -> None:
    piece = HOSTILE[name]
    # As long as one question may be, and far longer.
    for length in (90_000, 1_500_000):
        for begin in ("", piece[:6], "a{", "a{=b", "a{~b"):
            text = begin + piece * (length // len(piece)) + "}"
            start = time.process_time()
            try:
                parse_gift(text.encode())
            except ContentError as error:
                assert error.code in {"empty_sheet", "too_many_questions"}  # noqa: PT017 - or it is read: only the time counts
            assert time.process_time() - start < 4
