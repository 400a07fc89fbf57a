import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.errors import ContentError
from content.tables import Value, write_xlsx
from content.words import Word, flag_words, folded, parse_word_list


def sheet(*rows: list[Value]) -> bytes:
    return write_xlsx({"词语": list(rows)})


def words(*texts: str) -> list[Word]:
    return [Word(text, "", "sensitive") for text in texts]


def found(text: str, *texts: str) -> list[str]:
    return [text[each.start : each.end] for each in flag_words(text, words(*texts))]


def test_a_list_gives_its_words_with_advice_and_level() -> None:
    parsed = parse_word_list(
        sheet(
            ["词语", "建议", "级别"],
            ["党中央国务院", "党中央、国务院", "错误"],
            ["内部消息", "", ""],
            ["某词", "", "提示"],
        )
    )
    assert parsed.words == (
        Word("党中央国务院", "党中央、国务院", "wrong"),
        Word("内部消息", "", "sensitive"),
        Word("某词", "", "notice"),
    )
    assert parsed.rejected == ()


def test_each_line_that_cannot_be_used_has_its_reason() -> None:
    parsed = parse_word_list(
        sheet(
            ["词语", "级别"], ["好词", ""], ["字", ""], ["坏词", "很坏"], [" 好 词", ""], ["", "错误"], ["词" * 51, ""]
        )
    )
    assert [(each.line, each.code) for each in parsed.rejected] == [
        (3, "word_too_short"), (4, "unknown_level"), (5, "repeated_word"), (6, "missing_word"), (7, "word_too_long"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "code"),
    [(sheet(["词语"]), "empty_sheet"), (sheet(["甲", "乙"]), "missing_columns"), (b"x", "not_xlsx")],
)
def test_a_list_that_cannot_be_read_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        parse_word_list(data)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("这是内部消息。", ["内部消息"]),
        ("内 部\n消\u200b息", ["内 部\n消\u200b息"]),
        ("ＡＢＣ公司和abc公司", ["ＡＢＣ公司", "abc公司"]),
        ("内部", []),
        ("", []),
    ],
)
def test_width_case_and_spaces_do_not_hide_a_word(text: str, matched: list[str]) -> None:
    assert found(text, "内部消息", "Abc公司") == matched


def test_of_words_within_each_other_the_longest_counts() -> None:
    assert found("党中央国务院文件", "中央", "党中央", "党中央国务院", "国务院文", "央国") == [
        "党中央国务院",
        "国务院文",
    ]


def test_a_finding_shows_what_stands_around_it() -> None:
    (finding,) = flag_words("前" * 30 + "内部消息" + "后" * 30, words("内部消息"))
    assert finding.context == "前" * 12 + "内部消息" + "后" * 12
    assert (finding.start, finding.end) == (30, 34)


@settings(deadline=None)
@given(st.text("甲乙丙 ", max_size=30), st.lists(st.text("甲乙丙", min_size=1, max_size=4), max_size=6))
def test_every_word_lies_within_a_finding(text: str, listed: list[str]) -> None:
    findings = list(flag_words(text, words(*listed)))
    spans = [(folded(text[: each.start]), folded(text[: each.end])) for each in findings]
    key = folded(text)
    for word in listed:
        for start in range(len(key)):
            if key.startswith(word, start):
                assert any(len(a) <= start and start + len(word) <= len(b) for a, b in spans)
    assert [each.start for each in findings] == sorted(each.start for each in findings)


def test_time_is_linear_however_much_is_found() -> None:
    listed = words(*("甲" * length for length in range(2, 50)), *(f"词{number}号" for number in range(20_000)))
    start = time.process_time()
    assert 1 <= sum(1 for _ in flag_words("甲" * 170_000, listed)) < 170_000
    assert sum(1 for _ in flag_words("词7号，" * 40_000, listed)) == 40_000
    assert time.process_time() - start < 10
