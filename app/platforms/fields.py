"""What the template fields of WeChat hold, and text that fits them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

EMPTY = "—"
"""Stands in a template field that has nothing to say: WeChat refuses an empty value (47003)."""


@dataclass(frozen=True)
class _Field:
    """A type of template field: what it holds, its limit in code points, and whether a long text may be cut."""

    pattern: str
    limit: int
    cut: bool = False


_HAN = r"\u3007\u3400-\u9fff\U00020000-\U0003fffd"  # with the rare characters that names are written in
# A number, a time or a telephone number that is cut says something else, and is refused instead.
_FIELDS = {
    "thing": _Field(r".+", 20, cut=True),
    "number": _Field(r"[+-]?[0-9]+(\.[0-9]+)?", 32),
    "letter": _Field(r"[A-Za-z]+", 32, cut=True),
    "symbol": _Field(r"[^\w\s]+", 5, cut=True),
    "character_string": _Field(r"[ -~]+", 32, cut=True),
    "time": _Field(r"([0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日 )?[0-9]{1,2}:[0-9]{2}", 17),
    "date": _Field(r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日", 11),
    "phrase": _Field(rf"[{_HAN}]+", 5, cut=True),
    "phone_number": _Field(r"[0-9 ()+-]+", 17),
    # Letters only may be 20; with any Chinese, or the dot of 阿依古丽·买买提, 10.
    "name": _Field(r"[A-Za-z .'-]+", 20, cut=True),
    "name in Chinese": _Field(rf"[A-Za-z .'·{_HAN}-]+", 10, cut=True),
}


def field_type(key: str) -> str | None:
    """The type of a template field such as "thing3"; None where WeChat has none of that name."""
    named = re.fullmatch(r"([a-z_]+)[0-9]+", key)
    return named[1] if named and named[1] in _FIELDS else None


def clip_field(key: str, value: str) -> str:
    """Make ``value`` fit the template field ``key`` (as "thing3"), by the limits in code points that WeChat sets.

    Control characters go, a line break becomes a space, a long text is cut, and an empty one becomes "—" where the
    type can hold that. Raises ValueError for an unknown type, and for a value that the type can not hold.
    """
    kind = field_type(key)
    if kind is None:
        raise ValueError(f"unknown type of template field: {key}")
    text = visible(value)
    if kind == "name" and not text.isascii():
        kind = "name in Chinese"
    if kind in ("thing", "symbol"):
        text = text or EMPTY
    field = _FIELDS[kind]
    if not re.fullmatch(field.pattern, text):
        raise ValueError(f"the value does not suit the template field {key}")
    if len(text) <= field.limit:
        return text
    if not field.cut:
        raise ValueError(f"the value is too long for the template field {key}")
    return text[: field.limit - 1] + "…" if kind == "thing" else text[: field.limit].rstrip()


CONSTANT = "="
"""What a field of a template is filled with is the name of a value, or words of the organisation after this sign."""


def fill_fields(fields: Mapping[str, object], values: Mapping[str, str]) -> dict[str, str]:
    """Each field with its text, cut to fit; raises ValueError where a field cannot hold it."""
    return {field: _fit(field, filling(str(source), values)) for field, source in fields.items()}


def filling(source: str, values: Mapping[str, str]) -> str:
    """What goes into a field before it is cut: a value, or the organisation's own words."""
    return source.removeprefix(CONSTANT) if source.startswith(CONSTANT) else values.get(source, "")


def fill_field(field: str, source: str, values: Mapping[str, str]) -> tuple[str, bool]:
    """The text of one field, and whether it was cut; raises ValueError where the field cannot hold it."""
    text = _fit(field, filling(source, values))
    return text, text.endswith("…") and not filling(source, values).endswith("…")


def _fit(field: str, value: str) -> str:
    """The value as the field takes it: a `date` field has no room for the hour that a `time` field shows."""
    return clip_field(field, value.partition(" ")[0] if field.startswith("date") else value)


def visible(value: str) -> str:
    """Drop what can not be seen: control and format characters, lone surrogates, and runs of white space."""
    spaced = "".join(" " if char.isspace() else char for char in value)
    return " ".join("".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cf", "Cs")).split())
