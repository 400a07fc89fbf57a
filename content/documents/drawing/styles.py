"""The paragraphs of a shape as they look: runs with size and colour, bullets and indents, by all that is inherited."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from content.documents.drawing.colours import BLACK, Colour, Palette, colour_of
from content.documents.drawing.numbers import EMU_A_POINT, Frame, number
from content.documents.drawing.sheets import Page, levels

_POINTS = 18
# A symbol font names its characters by places that mean something else elsewhere.
_SYMBOLS = {"Wingdings": "■", "Wingdings 2": "■", "Wingdings 3": "■", "Symbol": "•", "Webdings": "■"}
_CHINESE = "一二三四五六七八九十"
MAX_CHARACTERS = 20_000


@dataclass(frozen=True)
class Run:
    """Text of one look; `size` is in pixels, and "\\n" begins a line."""

    text: str
    size: float
    bold: bool
    colour: Colour


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; distances are in pixels: of all its lines from the left, and what the first has beside that.

    `spacing` is of a line by its size; `before` and `after` are of the paragraph.
    """

    runs: tuple[Run, ...]
    align: str
    left: float
    indent: float
    bullet: str
    spacing: float
    before: float
    after: float


@dataclass(frozen=True)
class Look:
    """What the text of a shape is drawn by: the page, the shape with what it takes after, and its colour by style."""

    page: Page
    shapes: list[Element]
    frame: Frame
    colour: Colour | None = None
    bold: bool = False

    @property
    def palette(self) -> Palette:
        """The colours of the page."""
        return self.page.palette


def paragraphs_of(body: Element, look: Look) -> list[Paragraph]:
    """Return the paragraphs of a <p:txBody>, up to a bound of characters."""
    found: list[Paragraph] = []
    counters: dict[int, int] = {}
    left = MAX_CHARACTERS
    for element in body.iterfind("{*}p"):
        paragraph = _paragraph(element, look, counters)
        found.append(paragraph)
        left -= sum(len(run.text) for run in paragraph.runs) + 1
        if left <= 0:
            break
    return found


def _paragraph(element: Element, look: Look, counters: dict[int, int]) -> Paragraph:
    own = element.find("{*}pPr")
    level = min(max(number(own, "lvl"), 0), 8)
    inherited = list(levels(look.page, look.shapes, level))
    chain = [own, *inherited] if own is not None else inherited
    runs = tuple(_runs(element, inherited, look))
    size = runs[0].size if runs else _size([element.find("{*}endParaRPr")], inherited, look)
    if not runs:
        runs = (Run("", size, False, BLACK),)
    bullet = _bullet(chain, level, counters) if any(run.text.strip() for run in runs) else ""
    return Paragraph(
        runs=runs,
        align=_attribute(chain, "algn", "l"),
        left=max(0.0, _distance(chain, "marL") * look.frame.sx),
        indent=_distance(chain, "indent") * look.frame.sx,
        bullet=bullet,
        spacing=_spacing(chain, size, look),
        before=_gap(chain, "spcBef", size, look),
        after=_gap(chain, "spcAft", size, look),
    )


def _runs(element: Element, inherited: list[Element], look: Look) -> Iterator[Run]:
    left = MAX_CHARACTERS
    for each in element:
        name = each.tag.rpartition("}")[2]
        if name not in {"r", "fld", "br"}:
            continue
        text = "\n" if name == "br" else (each.findtext("{*}t") or "").replace("\v", "\n").replace("\t", "　")[:left]
        left -= len(text)
        own = each.find("{*}rPr")
        chain = [own, *(style.find("{*}defRPr") for style in inherited)]
        colour = colour_of(own.find("{*}solidFill"), look.palette) if own is not None else None
        # The style of a shape is nearer than what all text has, and so is that of a table's head.
        colour = colour or look.colour or _inherited_colour(chain, look) or look.palette.get("tx1", BLACK)
        bold = _attribute([found for found in chain if found is not None], "b", "1" if look.bold else "0")
        yield Run(text, _size([own], inherited, look), bold in {"1", "true"}, colour)


def _inherited_colour(chain: Sequence[Element | None], look: Look) -> Colour | None:
    fills = (each.find("{*}solidFill") for each in chain if each is not None)
    return next((colour for fill in fills if (colour := colour_of(fill, look.palette)) is not None), None)


def _size(own: list[Element | None], inherited: list[Element], look: Look) -> float:
    chain = [*own, *(style.find("{*}defRPr") for style in inherited)]
    points = int(_attribute([each for each in chain if each is not None], "sz", "0", digits=True)) / 100 or _POINTS
    return points * EMU_A_POINT * look.frame.sy


def _attribute(chain: Sequence[Element], name: str, default: str, *, digits: bool = False) -> str:
    found = (each.get(name, "") for each in chain)
    return next((value for value in found if value and (not digits or (value.isdecimal() and len(value) < 7))), default)


def _distance(chain: Sequence[Element], name: str) -> int:
    return next((number(each, name) for each in chain if name in each.attrib), 0)


def _spacing(chain: Sequence[Element], size: float, look: Look) -> float:
    for each in chain:
        spacing = each.find("{*}lnSpc")
        if spacing is not None:
            percent, points = spacing.find("{*}spcPct"), spacing.find("{*}spcPts")
            if points is not None:
                return min(number(points, "val") / 100 * EMU_A_POINT * look.frame.sy / max(size * 1.2, 1.0), 5.0)
            return min(max(number(percent, "val", 100_000) / 100_000, 0.1), 5.0)
    return 1.0


def _gap(chain: Sequence[Element], name: str, size: float, look: Look) -> float:
    for each in chain:
        gap = each.find(f"{{*}}{name}")
        if gap is not None:
            percent, points = gap.find("{*}spcPct"), gap.find("{*}spcPts")
            if points is not None:
                return min(number(points, "val") / 100 * EMU_A_POINT * look.frame.sy, 1_000.0)
            return min(max(number(percent, "val") / 100_000, 0.0), 5.0) * size
    return 0.0


def _bullet(chain: Sequence[Element], level: int, counters: dict[int, int]) -> str:
    for each in chain:
        if each.find("{*}buNone") is not None:
            break
        mark = each.find("{*}buChar")
        if mark is not None:
            fonts = (style.find("{*}buFont") for style in chain)
            font = next((found.get("typeface", "") for found in fonts if found is not None), "")
            return _SYMBOLS.get(font, mark.get("char", "•")[:2])
        counted = each.find("{*}buAutoNum")
        if counted is not None:
            counters[level] = counters.get(level, number(counted, "startAt", 1) - 1) + 1
            return _numbered(counters[level], counted.get("type", ""))
    # A paragraph without a number ends the counting.
    counters.pop(level, None)
    return ""


def _numbered(count: int, kind: str) -> str:
    if kind.startswith("ea1Chs") and 1 <= count <= len(_CHINESE):
        return f"{_CHINESE[count - 1]}、"
    if kind.startswith("alpha") and 1 <= count <= 26:
        letter = chr(ord("a") + count - 1)
        return f"{letter.upper() if 'Uc' in kind else letter}."
    return f"{count}）" if kind.endswith("ParenR") or kind.endswith("ParenBoth") else f"{count}."
