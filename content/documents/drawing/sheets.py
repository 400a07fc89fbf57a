"""A slide with its layout, master and theme: what it does not say itself, they say for it."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from content.documents.drawing.colours import Palette, palette_of
from content.documents.package import read_xml, relations

_MOST_LEVELS = 9
# What a kind of placeholder is called in a master.
_IN_MASTER = {"ctrTitle": "title", "subTitle": "body", "obj": "body"}


@dataclass(frozen=True)
class Sheet:
    """A slide, a layout or a master: its root, and id -> (kind, part) of what it links to."""

    root: Element
    links: dict[str, tuple[str, str]]

    @property
    def tree(self) -> Element | None:
        """The shapes."""
        return self.root.find("{*}cSld/{*}spTree")


@dataclass(frozen=True)
class Page:
    """A slide as it is drawn: the slide, its layout and its master, as far as they are there, and its colours."""

    sheets: tuple[Sheet, ...]
    palette: Palette
    defaults: Element | None


def open_page(archive: zipfile.ZipFile, part: str, root: Element, defaults: Element | None) -> Page:
    """Return what a slide is drawn from; `defaults` are the presentation's styles of text; raises `damaged_file`."""
    sheets = [Sheet(root, relations(archive, part))]
    for kind in ("slideLayout", "slideMaster"):
        above = _read(archive, sheets[-1].links, kind)
        if above is None:
            break
        sheets.append(above)
    theme = _read(archive, sheets[-1].links, "theme")
    overrides = [sheet.root.find("{*}clrMapOvr/{*}overrideClrMapping") for sheet in sheets]
    palette = palette_of(theme.root if theme else None, *overrides, sheets[-1].root.find("{*}clrMap"))
    return Page(tuple(sheets), palette, defaults)


def _read(archive: zipfile.ZipFile, links: dict[str, tuple[str, str]], kind: str) -> Sheet | None:
    part = next((target for found, target in links.values() if found == kind), "")
    root = read_xml(archive, part) if part else None
    return Sheet(root, relations(archive, part)) if root is not None else None


def placeholder(shape: Element) -> Element | None:
    """Return the <p:ph> of a shape that is a placeholder."""
    return shape.find("./*/{*}nvPr/{*}ph")


def kind_of(shape: Element) -> str:
    """Return the kind of placeholder that a shape is, "" for none."""
    found = placeholder(shape)
    return found.get("type", "obj") if found is not None else ""


def family(page: Page, shape: Element) -> list[Element]:
    """Return a shape and the placeholders of its layout and its master that it takes after, nearest first."""
    found, mark = [shape], placeholder(shape)
    if mark is None:
        return found
    kind, index = mark.get("type", "obj"), mark.get("idx", "0")
    for sheet in page.sheets[1:]:
        candidates = [each for each in sheet.tree if placeholder(each) is not None] if sheet.tree is not None else []
        by_index = (each for each in candidates if _index(each) == index and sheet is page.sheets[1])
        by_kind = (each for each in candidates if _same(kind_of(each), kind))
        match = next(by_index, None) or next(by_kind, None)
        if match is not None:
            found.append(match)
            kind = kind_of(match)
    return found


def _index(shape: Element) -> str:
    mark = placeholder(shape)
    return mark.get("idx", "0") if mark is not None else ""


def _same(one: str, other: str) -> bool:
    return _IN_MASTER.get(one, one) == _IN_MASTER.get(other, other)


def first(shapes: list[Element], path: str) -> Element | None:
    """Return what the nearest of a family has at a path."""
    return next((found for shape in shapes if (found := shape.find(path)) is not None), None)


def levels(page: Page, shapes: list[Element], level: int) -> Iterator[Element]:
    """Yield the styles of paragraphs at a level (from 0), nearest first."""
    name = f"{{*}}lvl{min(max(level, 0), _MOST_LEVELS - 1) + 1}pPr"
    for shape in shapes:
        style = shape.find(f"{{*}}txBody/{{*}}lstStyle/{name}")
        if style is not None:
            yield style
    kind = _IN_MASTER.get(kind_of(shapes[0]), kind_of(shapes[0]))
    group = {"": "otherStyle", "title": "titleStyle", "body": "bodyStyle"}.get(kind, "otherStyle")
    master = page.sheets[-1].root.find(f"{{*}}txStyles/{{*}}{group}/{name}")
    default = page.defaults.find(name) if page.defaults is not None else None
    # A text box goes by the presentation first.
    for style in (master, default) if kind else (default, master):
        if style is not None:
            yield style
