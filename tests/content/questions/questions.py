"""Questions with text that is hard on every format, for property tests."""

from hypothesis import strategies as st

from content.errors import ContentError
from content.questions.check import (
    LETTERS,
    MAX_ACCEPTED_TEXTS,
    MAX_OPTION,
    MAX_SOURCE,
    MAX_STEM,
    MAX_TAG,
    ParsedQuestion,
    check_question,
    identity,
)

# What has a meaning in one of the formats, and what a keyboard in China gives.
_PIECES = (
    "党", "三会一课", "🎉", "e\u0301", "\u0338", "\u200b", "\u3000", "\u2028", "\u00a0", " ", "  ", "\n", "\n\n",
    "\t", "\\", "\\\\", "\\n", "\\~", "~", "=", "#", "####", "{", "}", ":", "::", "->", "→", "%50%", "％50％",
    "*", "\\*", "//", "$CATEGORY: x", "[html]", "[plain]", "[tag:x]", "[", "]", "|", "\\|", "｜", "'", "'=",
    "=1+1", "+", "-1", "@", "\"", "<b>", "</p>", "&amp;", "&", "<!DOCTYPE", "]]>", "_x0041_", "_x000D_", "____",
    "_____", "｛", "｝", "＝", "～", "＃", "：：", "／／", "A.", "A、", "ANSWER: A", "答案：A", "T", "TRUE", "对",
    "正确", "错误", "0", "1.0", "007", "1e5", "#N/A", "2026-11-24",
)  # fmt: skip
_TEXT = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=4)), min_size=1, max_size=6).map("".join)


def _texts(limit: int) -> st.SearchStrategy[str]:
    return _TEXT.map(lambda text: text[:limit])


@st.composite
def _written(draw: st.DrawFn) -> ParsedQuestion | None:
    kind = draw(st.sampled_from(["single", "multiple", "true_false", "fill_in", "ordering"]))
    options: list[str] = []
    answer: list[str] = [draw(st.sampled_from("AB"))]
    if kind == "fill_in":
        answer = draw(st.lists(_texts(MAX_OPTION), min_size=1, max_size=MAX_ACCEPTED_TEXTS))
    elif kind != "true_false":
        options = draw(st.lists(_texts(MAX_OPTION), min_size=2, max_size=len(LETTERS)))
        letters = draw(st.permutations(LETTERS[: len(options)]))
        few = {"single": 1, "multiple": draw(st.integers(2, len(options)))}
        answer = letters[: few.get(kind, len(options))]
    try:
        return check_question(
            kind,
            draw(_texts(MAX_STEM)),
            options,
            answer,
            draw(st.one_of(st.just(""), _TEXT)),
            draw(st.one_of(st.just(""), _texts(MAX_SOURCE))),
            draw(st.sampled_from(["", "1", "2", "3", "4", "5"])),
            draw(st.lists(_texts(MAX_TAG), max_size=3)),
        )
    except ContentError:
        return None


QUESTION = _written().filter(lambda question: question is not None)
QUESTIONS: st.SearchStrategy[list[ParsedQuestion]] = st.lists(QUESTION, min_size=1, max_size=5, unique_by=identity)  # type: ignore[arg-type]  # None is filtered out
