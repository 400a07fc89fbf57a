"""The slides of a PowerPoint file: what stands on each, in its order, and where."""

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from content.documents.package import damaged, main_part, read_xml, relations
from content.errors import ContentError

MAX_SLIDES = 300
# Numbers, dates and footers that stand on every slide.
_FURNITURE = {"sldNum", "dt", "ftr", "hdr"}
_TITLES = {"title", "ctrTitle"}
# The ends of the names of pictures that can be decoded.
_DRAWN = {"png", "jpg", "jpeg", "jfif", "gif", "bmp", "webp"}


@dataclass(frozen=True)
class Block:
    """Text on a slide: paragraphs, or the rows of a table; `kind` is title, text or table."""

    kind: str
    paragraphs: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass
class Deck:
    """The slides that are shown, and how much of each sort is left out."""

    slides: list[list[Block]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read_deck(archive: zipfile.ZipFile) -> Deck:
    """Return the slides in their order; raises `damaged_file`, `too_many_pages`."""
    deck = Deck()
    names = set(archive.namelist())
    for part, root in _all_slides(archive, presentation_of(archive)):
        if _is_hidden(root):
            deck.counts["hidden"] += 1
            continue
        links = relations(archive, part)
        deck.counts["notes"] += sum(_has_notes(archive, kind, target) for kind, target in links.values())
        deck.counts.update(_undrawn(root))
        tree = root.find("{*}cSld/{*}spTree")
        blocks = list(_blocks(tree, links, names, deck.counts)) if tree is not None else []
        # The title may come last in the file; it is read first.
        deck.slides.append(sorted(blocks, key=lambda block: block.kind != "title"))
    return deck


def presentation_of(archive: zipfile.ZipFile) -> Element:
    """Return the root of what the package is about; raises `damaged_file`."""
    presentation = read_xml(archive, main_part(archive))
    if presentation is None:
        raise damaged()
    return presentation


def shown_slides(archive: zipfile.ZipFile, presentation: Element) -> Iterator[tuple[str, Element]]:
    """Yield the (part, root) of each slide that is not hidden; raises `damaged_file`, `too_many_pages`."""
    return (each for each in _all_slides(archive, presentation) if not _is_hidden(each[1]))


def _all_slides(archive: zipfile.ZipFile, presentation: Element) -> Iterator[tuple[str, Element]]:
    targets = relations(archive, main_part(archive))
    slides = presentation.findall("{*}sldIdLst/{*}sldId")
    if len(slides) > MAX_SLIDES:
        raise ContentError("too_many_pages", f"演示文稿超过 {MAX_SLIDES} 页，请拆分后重新上传。")
    for slide in slides:
        part = targets.get(_relation(slide, "id"), ("", ""))[1]
        root = read_xml(archive, part)
        if root is None:
            raise damaged()
        yield part, root


def _is_hidden(slide: Element) -> bool:
    return slide.get("show") == "0"


def _relation(element: Element, name: str) -> str:
    """Return an attribute in the namespace of relations, in either of its two spellings."""
    found = (value for key, value in element.attrib.items() if key.endswith(f"/relationships}}{name}"))
    return next(found, "")


def _has_notes(archive: zipfile.ZipFile, kind: str, target: str) -> bool:
    if kind != "notesSlide":
        return False
    root = read_xml(archive, target)
    shapes = root.iter() if root is not None else ()
    return any(
        shape.tag.endswith("}sp") and _placeholder(shape) == "body" and "".join(_paragraphs(shape)).strip()
        for shape in shapes
    )


def _blocks(tree: Element, links: dict[str, tuple[str, str]], names: set[str], counts: Counter[str]) -> Iterator[Block]:
    for shape in tree:
        name = shape.tag.rpartition("}")[2]
        if name == "sp":
            kind = _placeholder(shape)
            paragraphs = tuple(text for text in _paragraphs(shape) if text.strip())
            if paragraphs and kind not in _FURNITURE:
                yield Block("title" if kind in _TITLES else "text", paragraphs)
        elif name == "pic":
            _count_picture(names, shape, links, counts)
        elif name == "graphicFrame":
            yield from _frame(shape, counts)
        elif name == "grpSp":
            yield from _blocks(shape, links, names, counts)
        elif name == "AlternateContent":
            # Programs that do not know what is new show the last child.
            yield from _blocks(shape[-1] if len(shape) else shape, links, names, counts)


def _placeholder(shape: Element) -> str:
    """Return the kind of placeholder that a shape is, or ""."""
    found = shape.find("{*}nvSpPr/{*}nvPr/{*}ph")
    return found.get("type", "body") if found is not None else ""


def _paragraphs(shape: Element) -> Iterator[str]:
    for paragraph in shape.iterfind("{*}txBody/{*}p"):
        yield _text(paragraph)


def _text(paragraph: Element) -> str:
    parts: list[str] = []
    for each in paragraph.iter():
        name = each.tag.rpartition("}")[2]
        if name == "t":
            parts.append(each.text or "")
        elif name == "br":
            parts.append("\n")
    return "".join(parts)


def _undrawn(root: Element) -> Iterator[str]:
    """Yield "formulas" for each formula of a slide, and "animations" where anything on it moves."""
    names = Counter(each.tag.rpartition("}")[2] for each in root.iter())
    yield from ["formulas"] * names["oMath"]
    if any(name.startswith("anim") for name in names):
        yield "animations"


def _count_picture(names: set[str], shape: Element, links: dict[str, tuple[str, str]], counts: Counter[str]) -> None:
    blip = shape.find("{*}blipFill/{*}blip")
    part = links.get(_relation(blip, "embed"), ("", ""))[1] if blip is not None else ""
    if part not in names or part.rpartition(".")[2].lower() not in _DRAWN:
        counts["pictures"] += 1
    media = shape.find("{*}nvPicPr/{*}nvPr")
    if media is not None and any(each.tag.endswith(("}videoFile", "}audioFile", "}wavAudioFile")) for each in media):
        counts["media"] += 1


def _frame(shape: Element, counts: Counter[str]) -> Iterator[Block]:
    table = shape.find("{*}graphic/{*}graphicData/{*}tbl")
    if table is None:
        counts["objects"] += 1
        return
    rows = tuple(
        tuple("\n".join(_paragraphs(cell)).strip() for cell in row.iterfind("{*}tc")) for row in table.iterfind("{*}tr")
    )
    yield Block("table", rows=rows)
