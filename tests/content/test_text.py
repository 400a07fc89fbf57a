import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.errors import ContentError
from content.text import clean_field, clean_name, compact, decode_any, decode_utf8, listed, normalise


@pytest.mark.parametrize(
    ("written", "stored"),
    [("张　三", "张三"), (" 张 三 丰 ", "张三丰"), ("Anna  Li", "Anna Li"), ("张\u200b三", "张三"), ("e\u0301a", "éa")],
)
def test_a_name_is_stored_without_spaces_between_chinese_characters(written: str, stored: str) -> None:
    assert clean_name(written) == stored


def test_comparing_ignores_width_spaces_and_invisible_characters() -> None:
    assert compact("Ａ　b\u200b １") == "Ab1"


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_what_the_database_cannot_store_is_refused(text: str) -> None:
    with pytest.raises(ContentError, match="invalid_characters"):
        normalise(text)


def test_newlines_become_lf() -> None:
    assert normalise("a\r\nb\rc\n") == "a\nb\nc\n"


def test_a_field_is_trimmed_to_one_line_unless_it_may_have_more() -> None:
    assert clean_field(" a\n b ", "stem", "题干", 5) == "a b"
    assert clean_field(" a\n b ", "stem", "题干", 5, lines=True) == "a\n b"


def test_a_field_may_be_exactly_as_long_as_its_limit_and_no_longer() -> None:
    assert clean_field("字" * 5, "title", "标题", 5) == "字" * 5
    with pytest.raises(ContentError) as caught:
        clean_field("字" * 6, "title", "标题", 5)
    assert caught.value.code == "title_too_long"
    assert "最多 5 个字，现有 6 个字" in caught.value.detail


def test_a_required_field_of_spaces_is_missing() -> None:
    with pytest.raises(ContentError, match="missing_title"):
        clean_field("　 ", "title", "标题", 5, required=True)
    assert clean_field("　 ", "title", "标题", 5) == ""


def test_a_file_is_utf8_with_or_without_bom_up_to_its_limit() -> None:
    assert decode_utf8("\ufeff学".encode()) == "学"
    assert decode_utf8("学".encode()) == "学"
    assert decode_utf8(b"a" * 1024, limit=1024) == "a" * 1024
    with pytest.raises(ContentError, match="file_too_large"):
        decode_utf8(b"a" * 1025, limit=1024)
    with pytest.raises(ContentError, match="not_utf8"):
        decode_utf8("学习资料".encode("gb18030"))


def test_names_are_listed_in_corner_brackets() -> None:
    assert listed(["姓名", "答案"]) == "「姓名」、「答案」"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_cleaning_a_name_twice_changes_nothing_more(text: str) -> None:
    assert clean_name(clean_name(text)) == clean_name(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_text_is_decoded_whatever_editor_wrote_it(encoding: str) -> None:
    assert decode_any("党课\r\n一\r".encode(encoding), limit=100) == "党课\n一\n"


def test_decoding_leaves_a_combining_character_alone() -> None:
    assert decode_any("=\u0338".encode(), limit=10) == "=\u0338"


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"x" * 11, "file_too_large"), (b"a\x00", "not_text"), (b"\xef\xbb\xbf\xff", "not_text"), (b"\x81", "not_text")],
)
def test_what_is_no_text_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ContentError, match=code):
        decode_any(data, limit=10)
