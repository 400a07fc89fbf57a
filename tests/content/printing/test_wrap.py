"""Lines of a paragraph: nothing is lost, nothing is too wide, and stops stay with their words."""

from hypothesis import given
from hypothesis import strategies as st

from content.printing.wrap import BLANK, Run, printable, wrapped

TEXTS = st.lists(st.builds(Run, st.text("党员，。（）《》 ab1-“”", min_size=1, max_size=12), st.booleans()), max_size=6)


def wide(text: str) -> float:
    return float(len(text))


@given(TEXTS, st.integers(8, 30), st.integers(0, 4))
def test_nothing_is_lost_and_no_line_is_too_wide(runs: list[Run], width: int, indent: int) -> None:
    lines = wrapped(runs, wide, width - indent, width)
    # Only white space where a line ends is left out.
    assert "".join(run.text for line in lines for run in line).replace(" ", "") == "".join(
        run.text for run in runs
    ).replace(" ", "")
    for number, line in enumerate(lines):
        text = "".join(run.text for run in line)
        assert len(text.rstrip()) <= width - (indent if number == 0 else 0)
    bold = [char for line in lines for run in line if run.bold for char in run.text if char != " "]
    assert bold == [char for run in runs if run.bold for char in run.text if char != " "]


@given(st.text("党员代表大会", min_size=1, max_size=60), st.integers(4, 12))
def test_a_stop_never_begins_a_line_and_a_bracket_never_ends_one(text: str, width: int) -> None:
    sentence = "".join(f"（{char}）{char}，" for char in text)
    lines = ["".join(run.text for run in line) for line in wrapped([Run(sentence)], wide, width, width)]
    assert not any(line.startswith(("，", "）")) or line.endswith("（") for line in lines)


def test_what_the_font_lacks_is_left_to_be_written_by_hand() -> None:
    assert printable("欧\u200b阳 \n𠮷", lambda char: char != "𠮷") == f"欧阳 {BLANK}"
