"""What a platform posts: XML or JSON, read into one shape of text, lists and maps."""

import json
from collections.abc import Mapping
from xml.parsers import expat

MAX_DEPTH = 8
"""Deeper than any event of the platforms; theirs have four levels."""

Value = str | list["Value"] | dict[str, "Value"]


class MalformedBody(ValueError):
    """Neither the XML nor the JSON that a platform sends."""


def read_body(raw: bytes) -> dict[str, Value]:
    """The fields of a body in UTF-8, with or without a byte-order mark; numbers become text, as XML has them.

    An element that repeats is a list. Raises `MalformedBody`; a DOCTYPE, and with it every entity, is refused.
    """
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise MalformedBody("not UTF-8") from None
    if text.startswith("<"):
        found = _Xml().read(text)
    elif text.startswith("{"):
        found = _read_json(text)
    else:
        raise MalformedBody("neither XML nor JSON")
    if not isinstance(found, dict):
        raise MalformedBody("no fields")
    return found


def text_at(body: Mapping[str, Value], name: str) -> str:
    """A field that holds text; "" where there is none."""
    value = body.get(name, "")
    return value if isinstance(value, str) else ""


def maps_in(value: Value | None) -> list[dict[str, Value]]:
    """The maps of a list that may also be a single one, or absent."""
    found = value if isinstance(value, list) else [] if value is None else [value]
    return [each for each in found if isinstance(each, dict)]


def _read_json(text: str) -> Value:
    try:
        # Numbers stay as they are written: no digit of an id is lost, and none is too long to be read.
        found = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        # Half of a surrogate pair can be written in JSON, and is no text.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise MalformedBody("no JSON") from None
    return _plain(found, 0)


def _plain(value: object, depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise MalformedBody("too deep")
    if isinstance(value, dict):
        return {key: _plain(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, depth + 1) for inner in value]
    return "" if value is None else str(value)


class _Xml:
    """Builds the fields as expat tells what it sees."""

    def __init__(self) -> None:
        self.open: list[dict[str, Value]] = [{}]
        self.pieces: list[str] = []
        # The text is Unicode by now, whatever its declaration says.
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.pieces.append

    def read(self, text: str) -> Value:
        try:
            self.parser.Parse(text.encode(), True)
        except expat.ExpatError:
            raise MalformedBody("no XML") from None
        (root,) = self.open[0].values()
        return root or {}  # an element without anything in it has no text either

    def refuse(self, *_: object) -> None:
        raise MalformedBody("a DOCTYPE")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self.open) > MAX_DEPTH:
            raise MalformedBody("too deep")
        self.pieces.clear()
        self.open.append({})

    def end(self, name: str) -> None:
        inner: Value = self.open.pop() or "".join(self.pieces).strip()
        self.pieces.clear()
        outer = self.open[-1]
        before = outer.get(name)
        if before is None:
            outer[name] = inner
        elif isinstance(before, list):
            before.append(inner)
        else:
            outer[name] = [before, inner]
