"""How the text of slides is broken into lines."""

from hypothesis import given
from hypothesis import strategies as st

from content.documents.drawing.colours import BLACK
from content.documents.drawing.fonts import width_of
from content.documents.drawing.lines import fitted, height_of, wrapped
from content.documents.drawing.styles import Paragraph, Run

SIZE = 20


def paragraph(text: str, **more: float) -> Paragraph:
    values = {"left": 0.0, "indent": 0.0, "spacing": 1.0, "before": 0.0, "after": 0.0, **more}
    return Paragraph(runs=(Run(text, SIZE, False, BLACK),), align="l", bullet="", **values)


def lines_of(text: str, characters: float) -> list[str]:
    found = wrapped([paragraph(text)], characters * width_of("党", SIZE))
    return ["".join(piece for piece, _ in line.pieces) for line in found]


def test_lines_are_full_and_words_stay_whole() -> None:
    assert lines_of("一二三四五六七", 3) == ["一二三", "四五六", "七"]
    assert lines_of("党员 members 大会", 4) == ["党员 ", "members ", "大会"]
    assert lines_of("一\n二", 9) == ["一", "二"]


def test_no_line_begins_with_a_comma_or_ends_with_what_opens() -> None:
    assert lines_of("一二三，四五", 3) == ["一二三，", "四五"]
    assert lines_of("一二（三四）", 3) == ["一二", "（三四）"]
    assert lines_of("一二《《三", 3) == ["一二", "《《三"]


@given(st.text(st.sampled_from("党章 ab，。（）《》\n"), max_size=40), st.floats(0.5, 12))
def test_nothing_is_lost_between_the_lines(text: str, characters: float) -> None:
    assert "".join(lines_of(text, characters)) == text.replace("\n", "")


def test_text_is_made_smaller_until_it_fits_and_never_too_small() -> None:
    wide = 10 * width_of("党", SIZE)
    whole = [paragraph("党" * 60)]
    assert height_of(wrapped(whole, wide)) > 100
    assert height_of(fitted(whole, wide, 100)) <= 100
    smallest = fitted([paragraph("党" * 6_000)], wide, 100)
    assert min(run.size for line in smallest for _, run in line.pieces) >= 0.4 * SIZE
