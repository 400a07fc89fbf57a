"""The form that search compares: what is shown keeps its length, and every piece of a line can be found."""

from hypothesis import given
from hypothesis import strategies as st

from app.library.words import fold, text_of, tidy, tokens_of, tokens_wanted
from content.sanitize import html_to_nodes

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


@given(texts)
def test_folding_keeps_every_character_in_its_place(text: str) -> None:
    assert len(fold(text)) == len(text)


@given(texts)
def test_what_is_tidy_stays_so(text: str) -> None:
    assert tidy(tidy(text)) == tidy(text)


@given(texts, st.data())
def test_a_text_has_the_tokens_of_each_of_its_pieces(text: str, data: st.DataObject) -> None:
    line = fold(tidy(text))
    if line:
        begins = data.draw(st.integers(0, len(line) - 1))
        piece = line[begins : data.draw(st.integers(begins + 1, len(line)))]
        assert set(tokens_wanted(piece)) <= set(tokens_of(f"标题\n{line}"))


def test_width_and_case_are_alike_and_spaces_only_part_words() -> None:
    assert fold(tidy(" 第　12 条 ＡＢＣ\u200b  Party  Lecture ")) == "第12条abc party lecture"


def test_words_do_not_run_on_from_one_block_to_the_next() -> None:
    item = {"name": "li", "attrs": {}, "children": [{"type": "text", "text": "甲"}]}
    bold = {"name": "strong", "attrs": {}, "children": [{"type": "text", "text": "每月"}]}
    line = {"name": "p", "attrs": {}, "children": [{"type": "text", "text": "一般\n"}, bold]}
    assert text_of([item, item, line]) == "甲\n甲\n一般每月"
    assert "甲甲" not in tokens_of("甲\n甲")


def test_what_only_looks_different_does_not_part_a_line() -> None:
    html = '<p>二<sup>[1]</sup>氧化<u>碳</u><span class="placeholder">【图1】</span>。</p><p>下一段</p>'
    assert text_of(html_to_nodes(html)) == "二[1]氧化碳【图1】。\n下一段"
