"""How a paragraph of a Word file looks, by itself or by the styles that it rests on."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

_HEADING = re.compile(r"(?:heading|标题) ?([1-9])", re.IGNORECASE)
_TITLES = {"title", "标题"}
_MAX_CHAIN = 20
# Left indents of which a line looks as if it stood at the right, in twentieths of a point.
_FAR_RIGHT = 3_600


@dataclass(frozen=True)
class Look:
    """`level` is that of a heading (1 to 4) or 0; `far` a line that its left indent pushes to the right.

    `list_id` and `list_level` are those of its automatic number, "" for none.
    """

    alignment: str
    indent: bool
    far: bool
    red: bool
    level: int
    list_id: str
    list_level: int


class Styles:
    """The paragraph styles of a document, from the root of styles.xml; `w` is its namespace in braces."""

    def __init__(self, root: Element | None, w: str) -> None:
        self.w = w
        found = root.iterfind(f"{w}style") if root is not None else ()
        self._styles = {style.get(f"{w}styleId", ""): style for style in found}
        self._default = next((key for key, style in self._styles.items() if style.get(f"{w}default") == "1"), "")

    def look(self, paragraph: Element) -> Look:
        """Return the look of a paragraph."""
        w = self.w
        own = paragraph.find(f"{w}pPr")
        styles = self._chain(value_of(own, f"{w}pStyle", w) or self._default)
        chain = [own, *(style.find(f"{w}pPr") for style in styles)]
        properties = [each for each in chain if each is not None]
        alignment = next((found for each in properties if (found := value_of(each, f"{w}jc", w))), "")
        indents = [indent for each in properties if (indent := each.find(f"{w}ind")) is not None]
        numbers = [number for each in properties if (number := each.find(f"{w}numPr")) is not None]
        list_id = next((found for each in numbers if (found := value_of(each, f"{w}numId", w))), "")
        list_level = next((found for each in numbers if (found := value_of(each, f"{w}ilvl", w))), "")
        return Look(
            alignment=alignment,
            indent=_is_indented(indents, w),
            far=_first_number(indents, f"{w}left", f"{w}start") >= _FAR_RIGHT,
            red=any(_is_red(style.find(f"{w}rPr"), w) for style in styles),
            level=self._level(styles, properties),
            list_id=list_id,
            list_level=int(list_level) if re.fullmatch("[0-8]", list_level) else 0,
        )

    def _chain(self, style_id: str) -> list[Element]:
        chain: list[Element] = []
        while (style := self._styles.get(style_id)) is not None and len(chain) < _MAX_CHAIN:
            chain.append(style)
            style_id = value_of(style, f"{self.w}basedOn", self.w)
        return chain

    def _level(self, styles: list[Element], properties: list[Element]) -> int:
        for style in styles:
            name = value_of(style, f"{self.w}name", self.w).strip()
            if name.casefold() in _TITLES:
                return 1
            if match := _HEADING.fullmatch(name):
                return min(int(match[1]), 4)
        for each in properties:
            outline = value_of(each, f"{self.w}outlineLvl", self.w)
            if outline.isdecimal():
                # The tenth level is that of the body.
                return min(int(outline) + 1, 4) if int(outline) < 9 else 0
        return 0

    def is_red(self, run: Element, by_style: bool) -> bool:
        """Whether the text of a run is red, as the head of an official document is."""
        properties = run.find(f"{self.w}rPr")
        if properties is not None and properties.find(f"{self.w}color") is not None:
            return _is_red(properties, self.w)
        return by_style


def value_of(parent: Element | None, tag: str, w: str) -> str:
    """Return the w:val of a child, or ""."""
    child = parent.find(tag) if parent is not None else None
    return child.get(f"{w}val", "") if child is not None else ""


def is_on(parent: Element | None, tag: str, w: str) -> bool:
    """Whether a child is there and does not say that it is off."""
    child = parent.find(tag) if parent is not None else None
    return child is not None and child.get(f"{w}val", "1") not in {"0", "false", "off"}


def _is_indented(indents: list[Element], w: str) -> bool:
    return _first_number(indents, f"{w}firstLineChars", f"{w}firstLine") > 0


def _first_number(indents: list[Element], *names: str) -> int:
    for indent in indents:
        for name in names:
            text = indent.get(name, "")
            if re.fullmatch(r"-?[0-9]{1,9}", text):
                return int(text)
    return 0


def _is_red(properties: Element | None, w: str) -> bool:
    colour = value_of(properties, f"{w}color", w)
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", colour):
        return False
    red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
    return red >= 0xB0 and green <= 0x50 and blue <= 0x50
