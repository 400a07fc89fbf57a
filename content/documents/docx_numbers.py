"""The automatic numbers of a Word file (一、（一）1.), written out where a list of HTML would show others."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement

from content.documents.docx_styles import Look, value_of

_CHINESE = {
    "chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographDigital", "taiwaneseCounting",
    "taiwaneseCountingThousand", "chineseLegalSimplified", "koreanCounting",
}  # fmt: skip
_CIRCLED = {"decimalEnclosedCircle", "decimalEnclosedCircleChinese"}
_DIGITS = "〇一二三四五六七八九"
_ROMAN = ((100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_PLACE = re.compile(r"%([1-9])")


@dataclass(frozen=True)
class _Level:
    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class _Item:
    """The number of a paragraph."""

    kind: str
    count: int
    text: str


@dataclass
class Numbering:
    """`levels` are by the id of a list; `shared` is what lists count in together; `w` is the namespace."""

    w: str
    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    shared: dict[str, str] = field(default_factory=dict)


def read_numbering(root: Element | None, w: str) -> Numbering:
    """Return the lists of numbering.xml."""
    found = Numbering(w)
    if root is None:
        return found
    abstract = {each.get(f"{w}abstractNumId", ""): dict(_levels(each, w)) for each in root.iterfind(f"{w}abstractNum")}
    for each in root.iterfind(f"{w}num"):
        number, base = each.get(f"{w}numId", ""), value_of(each, f"{w}abstractNumId", w)
        # A list that begins anew counts by itself.
        restarts = each.find(f"{w}lvlOverride/{w}startOverride") is not None
        found.levels[number] = abstract.get(base, {})
        found.shared[number] = number if restarts else f"abstract {base}"
    return found


def _levels(abstract: Element, w: str) -> Iterator[tuple[int, _Level]]:
    for level in abstract.iterfind(f"{w}lvl"):
        start = value_of(level, f"{w}start", w)
        yield (
            _integer(level.get(f"{w}ilvl", "")),
            _Level(
                value_of(level, f"{w}numFmt", w) or "decimal",
                value_of(level, f"{w}lvlText", w),
                _integer(start) if start else 1,
            ),
        )


def write_numbers(paragraphs: Sequence[Element], looks: Sequence[Look], numbering: Numbering) -> set[int]:
    """Write the numbers into the paragraphs, but for those of plain lists; return the places of these."""
    counters: dict[str, dict[int, int]] = {}
    items = [_item(look, numbering, counters) for look in looks]
    kept: set[int] = set()
    for list_id, group in groupby(range(len(items)), key=lambda at: looks[at].list_id if items[at] else ""):
        run = [(at, item) for at in group if (item := items[at]) is not None]
        # HTML counts from 1 in each list: a list that goes on after some text would begin anew.
        if list_id and run[0][1].count <= 1 and all(_is_plain(item, looks[at]) for at, item in run):
            kept.update(at for at, _ in run)
            continue
        for at, item in run:
            if item.kind == "bullet" and not looks[at].level:
                kept.add(at)
            else:
                _write(paragraphs[at], item.text, numbering.w)
    return kept


def _item(look: Look, numbering: Numbering, counters: dict[str, dict[int, int]]) -> _Item | None:
    levels = numbering.levels.get(look.list_id, {})
    level = levels.get(look.list_level)
    if level is None:
        return None
    if level.kind == "bullet":
        return _Item("bullet", 0, "")
    counts = counters.setdefault(numbering.shared[look.list_id], {})
    counts[look.list_level] = counts.get(look.list_level, level.start - 1) + 1
    for deeper in [each for each in counts if each > look.list_level]:
        del counts[deeper]

    def shown(match: re.Match[str]) -> str:
        place = int(match[1]) - 1
        named = levels.get(place, level)
        return formatted(counts.get(place, named.start), named.kind)

    text = "" if level.kind == "none" else _PLACE.sub(shown, level.text)
    return _Item(level.kind, counts[look.list_level], text)


def _is_plain(item: _Item, look: Look) -> bool:
    """Whether HTML shows the same: a bullet, or 1. 2. 3."""
    if look.level:
        return False
    return item.kind == "bullet" or (item.kind == "decimal" and item.text == f"{item.count}.")


def _write(paragraph: Element, text: str, w: str) -> None:
    properties = paragraph.find(f"{w}pPr")
    if properties is not None:
        for old in properties.findall(f"{w}numPr"):
            properties.remove(old)
    if text:
        run = Element(f"{w}r")
        space = " " if text[-1].isalnum() or text[-1] == "." else ""
        SubElement(run, f"{w}t").text = text + space
        paragraph.insert(0 if properties is None else list(paragraph).index(properties) + 1, run)


def formatted(count: int, kind: str) -> str:
    """Return a number as Word writes it in a list of this kind."""
    if kind in _CHINESE and 0 <= count < 100:
        return _chinese(count)
    if kind in _CIRCLED and 1 <= count <= 20:
        return chr(0x2460 + count - 1)
    if kind in {"lowerLetter", "upperLetter"} and count >= 1:
        letter = chr(ord("a") + (count - 1) % 26) * min((count - 1) // 26 + 1, 9)
        return letter.upper() if kind == "upperLetter" else letter
    if kind in {"lowerRoman", "upperRoman"} and 0 < count < 400:
        roman = _roman(count)
        return roman.upper() if kind == "upperRoman" else roman
    return f"{count:02}" if kind == "decimalZero" else str(count)


def _chinese(count: int) -> str:
    tens, ones = divmod(count, 10)
    if tens == 0:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def _roman(count: int) -> str:
    text = ""
    for value, letters in _ROMAN:
        text += letters * (count // value)
        count %= value
    return text


def _integer(text: str) -> int:
    return int(text) if re.fullmatch("[0-9]{1,6}", text) else 0
