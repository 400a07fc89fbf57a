"""A Word file made ready for mammoth: looks become styles, and what it would lose is put in order."""

import zipfile
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from content.documents.docx_numbers import Numbering, read_numbering, write_numbers
from content.documents.docx_styles import Look, Styles, is_on
from content.documents.official import Line, classes_of
from content.documents.package import damaged, main_part, read_xml, relations

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_V = "{urn:schemas-microsoft-com:vml}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
STYLE_PREFIX = "zhijian-"
_ALIGNMENTS = {"center": "center", "right": "right", "end": "right"}
_CHANGES = {"del", "ins", "moveFrom", "moveTo"}
_COUNTED = {
    "del": "deleted", "moveFrom": "deleted", "ins": "inserted", "moveTo": "inserted", "commentReference": "comments",
    "altChunk": "objects", "subDoc": "objects", "object": "objects",
}  # fmt: skip
# A bookmark would become an empty link.
_DROPPED = {"del", "moveFrom", "bookmarkStart", "altChunk", "subDoc"}
_RENAMED = {"cr": "br", "ptab": "tab"}
# Parts that mammoth has no use for, some of which are large.
_UNUSED = ("word/embeddings/", "word/printerSettings", "word/fonts/", "word/theme/", "customXml/", "docProps/")


@dataclass
class Prepared:
    """The file for mammoth; lines of headers and text boxes; and how much of each sort it does not show as it was."""

    data: bytes = b""
    title: str = ""
    headers: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def prepare(archive: zipfile.ZipFile) -> Prepared:
    """Return the document with its looks as styles `zhijian-<tag>[-<class>]`; raises `damaged_file`."""
    part = main_part(archive)
    root = read_xml(archive, part)
    if root is None or not root.tag.endswith("}document"):
        raise damaged()
    w = root.tag.removesuffix("document")
    found = Prepared()
    targets = relations(archive, part)
    for kind, target in targets.values():
        if kind in {"header", "footer"}:
            found.headers += _lines(read_xml(archive, target), w)
    parts = dict(targets.values())
    _tidy(root, w, found)
    found.boxes = [line for box in root.iter(f"{w}txbxContent") for line in _lines(box, w)]
    styles = Styles(read_xml(archive, parts.get("styles", "")), w)
    _set_styles(root, styles, read_numbering(read_xml(archive, parts.get("numbering", "")), w), found)
    found.data = _packed(archive, part, ElementTree.tostring(root))
    return found


def text_in(element: Element, w: str) -> str:
    """Return the text of a paragraph or a run, without what was deleted."""
    parts: list[str] = []
    for each in element.iter():
        if each.tag == f"{w}t":
            parts.append(each.text or "")
        elif each.tag in {f"{w}tab", f"{w}br", f"{w}cr"}:
            parts.append(" ")
    return "".join(parts)


def _lines(root: Element | None, w: str) -> list[str]:
    if root is None:
        return []
    return [text for paragraph in root.iter(f"{w}p") if (text := text_in(paragraph, w)).strip()]


def _tidy(root: Element, w: str, found: Prepared) -> None:
    """Put in order, from the leaves up, what mammoth would drop or show wrongly, and count it."""
    # Children come after their parents in iter(), so that what is moved has been put in order before.
    for parent in reversed(list(root.iter())):
        children = list(parent)
        changed = [new for child in children for new in _replacement(child, w, found)]
        if changed != children:
            parent[:] = changed


def _replacement(child: Element, w: str, found: Prepared) -> list[Element]:
    if child.tag == f"{_MC}AlternateContent":
        return _alternative(child)
    if child.tag in {f"{_M}oMath", f"{_M}oMathPara"}:
        return _formula(child, w, found)
    name = child.tag.removeprefix(w)
    if name == "drawing":
        return [child, *_drawn_boxes(child, w, found)]
    if name == "r" and is_on(child.find(f"{w}rPr"), f"{w}vanish", w):
        found.counts["hidden"] += bool(text_in(child, w))
        return []
    # Without children these are marks on the end of a paragraph or on a row of a table, which mammoth understands.
    if name in _CHANGES and not len(child):
        return [child]
    if name in _COUNTED:
        found.counts[_COUNTED[name]] += 1
    if name in _RENAMED:
        child.tag = w + _RENAMED[name]
    elif name == "hyperlink" and child.get(f"{w}anchor"):
        # A link within the document: its text stays.
        child.tag = f"{w}smartTag"
    return [] if name in _DROPPED else [child]


def _alternative(child: Element) -> list[Element]:
    """Return what old programs show, which mammoth can read, or else what new ones do."""
    fallback = child.find(f"{_MC}Fallback")
    if fallback is not None and len(fallback):
        return list(fallback)
    choice = child.find(f"{_MC}Choice")
    return list(choice) if choice is not None else []


def _drawn_boxes(drawing: Element, w: str, found: Prepared) -> list[Element]:
    """Return the text boxes of a drawing in the older form, which mammoth reads."""
    for graphic in drawing.iter():
        name = graphic.tag.rpartition("}")[2]
        if name in {"chart", "relIds"}:
            found.counts["charts"] += 1
    boxes: list[Element] = []
    for content in list(drawing.iter(f"{w}txbxContent")):
        pict = Element(f"{w}pict")
        SubElement(SubElement(pict, f"{_V}shape"), f"{_V}textbox").append(content)
        boxes.append(pict)
    if boxes:
        # What was moved must not be found in its old place too.
        for parent in list(drawing.iter()):
            for content in parent.findall(f"{w}txbxContent"):
                parent.remove(content)
    return boxes


def _formula(child: Element, w: str, found: Prepared) -> list[Element]:
    found.counts["formulas"] += 1
    run = Element(f"{w}r")
    SubElement(run, f"{w}t").text = "".join(text.text or "" for text in child.iter(f"{_M}t"))
    return [run]


def _set_styles(root: Element, styles: Styles, numbering: Numbering, found: Prepared) -> None:
    w = styles.w
    paragraphs = list(root.iter(f"{w}p"))
    looks = [styles.look(paragraph) for paragraph in paragraphs]
    listed = write_numbers(paragraphs, looks, numbering)
    lines = [_line(paragraph, look, styles) for paragraph, look in zip(paragraphs, looks, strict=True)]
    for at, (paragraph, look, line, name) in enumerate(zip(paragraphs, looks, lines, classes_of(lines), strict=True)):
        if not found.title and line.text.strip() and (look.level == 1 or (name == "center" and len(line.text) <= 80)):
            found.title = line.text
        if at in listed:
            continue
        properties = paragraph.find(f"{w}pPr")
        if properties is None:
            properties = Element(f"{w}pPr")
            paragraph.insert(0, properties)
        for old in properties.findall(f"{w}pStyle"):
            properties.remove(old)
        tag = f"h{look.level}" if look.level else "p"
        # A heading is not indented; the plain paragraph needs no style.
        name = "" if look.level and name == "indent" else name
        if look.level or name:
            style = Element(f"{w}pStyle", {f"{w}val": f"{STYLE_PREFIX}{tag}{name and '-' + name}"})
            properties.insert(0, style)


def _line(paragraph: Element, look: Look, styles: Styles) -> Line:
    w = styles.w
    runs = [run for run in paragraph.iter(f"{w}r") if text_in(run, w).strip()]
    red = bool(runs) and all(styles.is_red(run, look.red) for run in runs)
    return Line(text_in(paragraph, w), _ALIGNMENTS.get(look.alignment, ""), look.indent, red, look.far)


def _packed(archive: zipfile.ZipFile, part: str, document: bytes) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w") as target:
        for entry in archive.infolist():
            if not entry.filename.startswith(_UNUSED):
                content = document if entry.filename == part else archive.read(entry)
                target.writestr(entry.filename, content)
    return output.getvalue()
