"""The nodes of a lesson -> blocks that can be printed: headings, paragraphs, items, pictures, tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from content.printing.wrap import Run

_INLINE = {"strong", "em", "s", "code", "a", "sup", "sub", "u", "span"}
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4}
_ALIGN = {"center": 0.5, "right": 1.0, "red-head": 0.5, "document-number": 0.5, "signature": 1.0}


@dataclass(frozen=True)
class Heading:
    """A heading of level 1 to 4."""

    level: int
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Paragraph:
    """Text; `depth` is how deep it is in lists and quotations, `marker` what stands before an item of a list."""

    runs: tuple[Run, ...]
    depth: int = 0
    marker: str = ""
    align: float = 0.0


@dataclass(frozen=True)
class Picture:
    """A picture by its address."""

    source: str
    text: str


@dataclass(frozen=True)
class Table:
    """Rows of cells; the cells of its head are bold."""

    rows: tuple[tuple[tuple[Run, ...], ...], ...]


@dataclass(frozen=True)
class Rule:
    """A line across."""


Block = Heading | Paragraph | Picture | Table | Rule


def blocks_of(nodes: Sequence[Any]) -> list[Block]:
    """Return what sanitised nodes (`content.sanitize.html_to_nodes`) say, in their order; of links the text."""
    return [block for block in _blocks(nodes, 0) if not _is_empty(block)]


def _is_empty(block: Block) -> bool:
    return isinstance(block, Paragraph | Heading) and not any(run.text.strip() for run in block.runs)


def _is_inline(node: Mapping[str, Any]) -> bool:
    return node.get("type") == "text" or node.get("name") in _INLINE


def _blocks(nodes: Sequence[Mapping[str, Any]], depth: int, marker: str = "") -> Iterator[Block]:
    """The blocks at a depth; what is inline between them is a paragraph, the first of which has the marker."""
    waiting: list[Run] = []
    for node in nodes:
        if node.get("name") == "br" or (_is_inline(node) and _holds_picture(node)):
            yield Paragraph(tuple(waiting), depth, marker)
            waiting, marker = [], ""
            yield from _pictures(node)
        elif _is_inline(node):
            waiting.extend(_runs([node]))
        else:
            if any(run.text.strip() for run in waiting):
                yield Paragraph(tuple(waiting), depth, marker)
                marker = ""
            waiting = []
            for block in _block(node, depth):
                if marker and isinstance(block, Paragraph) and not block.marker:
                    block, marker = Paragraph(block.runs, block.depth, marker, block.align), ""
                yield block
    yield Paragraph(tuple(waiting), depth, marker)


def _block(node: Mapping[str, Any], depth: int) -> Iterator[Block]:
    name, children = str(node.get("name")), node.get("children", [])
    attributes = node.get("attrs", {})
    if name in _HEADINGS:
        yield Heading(_HEADINGS[name], tuple(_runs(children)))
    elif name == "img":
        yield from _pictures(node)
    elif name == "hr":
        yield Rule()
    elif name in ("ul", "ol"):
        yield from _list(node, depth)
    elif name == "table":
        yield from _table(children)
    elif name == "p":
        align = _ALIGN.get(attributes.get("class", ""), 0.0)
        yield from (_aligned(block, align) for block in _blocks(children, depth))
    elif name == "pre":
        lines = "".join(run.text for run in _runs(children)).splitlines()
        yield from (Paragraph((Run(line),), depth) for line in lines)
    else:
        yield from _blocks(children, depth + 1 if name == "blockquote" else depth)


def _aligned(block: Block, align: float) -> Block:
    return Paragraph(block.runs, block.depth, block.marker, align) if isinstance(block, Paragraph) else block


def _list(node: Mapping[str, Any], depth: int) -> Iterator[Block]:
    numbers = count(int(node.get("attrs", {}).get("start", 1)))
    for child in node["children"]:
        if child.get("name") == "li":
            marker = f"{next(numbers)}." if node["name"] == "ol" else "•"
            yield from _blocks(child["children"], depth + 1, marker)


def _table(children: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    rows = []
    for part in children:
        if part.get("name") == "caption":
            yield Paragraph(tuple(_runs(part["children"], bold=True)), align=0.5)
        for row in part.get("children", []) if part.get("name") in ("thead", "tbody") else [part]:
            if row.get("name") == "tr":
                cells = [cell for cell in row["children"] if cell.get("name") in ("th", "td")]
                rows.append(tuple(tuple(_runs(cell["children"], bold=cell["name"] == "th")) for cell in cells))
    if rows:
        yield Table(tuple(rows))


def _runs(nodes: Sequence[Mapping[str, Any]], *, bold: bool = False) -> Iterator[Run]:
    for node in nodes:
        if node.get("type") == "text":
            yield Run(str(node["text"]), bold)
        elif node.get("name") == "br":
            yield Run(" ", bold)
        else:
            yield from _runs(node.get("children", []), bold=bold or node.get("name") == "strong")


def _holds_picture(node: Mapping[str, Any]) -> bool:
    return node.get("name") == "img" or any(_holds_picture(child) for child in node.get("children", []))


def _pictures(node: Mapping[str, Any]) -> Iterator[Block]:
    if node.get("name") == "img":
        attributes = node.get("attrs", {})
        yield Picture(str(attributes.get("src", "")), str(attributes.get("alt", "")))
    for child in node.get("children", []):
        if not _is_inline(child) or _holds_picture(child):
            yield from _pictures(child)
