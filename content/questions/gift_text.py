"""Texts in GIFT: what is escaped, and in which format they are written."""

import re

from content.questions.markup import text_of_html

_ESCAPED = "\\:#={}~n"
# Stand for what was escaped: no text that is read has these characters.
_HIDDEN = "\x01\x02\x03\x04\x05\x06\x0e\x0f"
_HIDE = dict(zip(_ESCAPED, _HIDDEN, strict=True))
_ESCAPES = re.compile(r"\\([\\:#={}~n])")
_WIDE = "：＃＝｛｝～"
_WIDE_HIDDEN = "\x10\x11\x12\x13\x14\x15"
_HIDE_WIDE = dict(zip(_WIDE, _WIDE_HIDDEN, strict=True))
_WIDE_ESCAPES = re.compile(f"\\\\([{_WIDE}])")
_SHOW = str.maketrans(dict(zip(_HIDDEN + _WIDE_HIDDEN, "\\:#={}~\n" + _WIDE, strict=True)))
_TO_ESCAPE = str.maketrans({char: f"\\{char}" for char in "\\:#={}~"} | {"\n": "\\n"})
_MARK = re.compile(r"\[(html|markdown|plain|moodle)\]")
# What a text must not begin with, or it would be read as something else.
_NEEDS_MARK = re.compile(rf"{_MARK.pattern}|[%％]")


def hide_escapes(text: str) -> str:
    r"""Put a character of its own in the place of each of \\ \: \# \= \{ \} \~ \n."""
    return _ESCAPES.sub(lambda found: _HIDE[found[1]], text)


def hide_wide_escapes(text: str) -> str:
    """Do the same for a backslash before a full-width mark: in a question that is written with them."""
    return _WIDE_ESCAPES.sub(lambda found: _HIDE_WIDE[found[1]], text)


def show_escapes(text: str) -> str:
    """Put what was escaped back in its place."""
    return text.translate(_SHOW)


def read_text(text: str, default: str) -> tuple[str, str]:
    """Return (format, the text that a person reads) of a text whose escapes are hidden.

    `default` is the format of a text without a mark. Markdown is kept as it is written; HTML may raise ContentError.
    """
    text = text.strip()
    mark = _MARK.match(text)
    kind = mark[1] if mark else default
    shown = show_escapes(text[mark.end() :] if mark else text)
    return kind, text_of_html(shown) if kind == "html" else shown.strip()


def escape(text: str) -> str:
    """Return the text with a backslash before each character that means something in GIFT."""
    return text.translate(_TO_ESCAPE)


def write_text(text: str) -> str:
    """Return the text escaped, and marked where its beginning would be taken for a mark or a weight."""
    return f"[plain]{escape(text)}" if _NEEDS_MARK.match(text) else escape(text)
