"""QTI 2.1 and 3.0: one item as XML, or a package (a zip with imsmanifest.xml) of many.

The manifest has what an item has no place for, in the words of IEEE LOM: `general/keyword` are tags,
`educational/difficulty` is from "very easy" to "very difficult", and `relation` of kind "isbasedon" is the source.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from content.errors import ContentError
from content.questions.check import ParsedQuestion
from content.questions.collect import MAX_QUESTIONS, Found, Note, QuestionSheet, collect
from content.questions.qti_item import ItemData, read_item, title_of
from content.questions.xml_tree import read_xml
from content.zip_guard import check_zip

MANIFEST = "imsmanifest.xml"
LOM_DIFFICULTIES = ("very easy", "easy", "medium", "difficult", "very difficult")
_MAX_ITEM_BYTES, _MAX_ITEM_ELEMENTS = 256 * 1024, 1_000
_MAX_MANIFEST_BYTES, _MAX_MANIFEST_ELEMENTS = 20 * 1024 * 1024, 200_000
_ITEM = re.compile(rb"<(?:[\w.-]+:)?(?:assessmentItem|qti-assessment-item)[\s>]")


def parse_qti_item(data: bytes) -> QuestionSheet:
    """Return the question of an XML file; raises ContentError where it is no XML, or no safe XML."""
    named: list[int] = []
    root = read_xml(data, max_bytes=_MAX_ITEM_BYTES, max_elements=_MAX_ITEM_ELEMENTS)
    return collect([Found(1, _read(root, ItemData(), 1, named))], _titles(named))


def parse_qti_package(data: bytes) -> QuestionSheet:
    """Return the questions of a zip, numbered as the manifest has them, or, without one, by the names of the files.

    Raises ContentError for an unsafe or damaged zip or manifest, no question, or more than 2,000.
    """
    check_zip(data)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        names = sorted(name for name in archive.namelist() if name.lower().endswith(".xml"))
        manifests = [name for name in names if posixpath.basename(name).lower() == MANIFEST]
        if not manifests:
            return _collect_items(archive, [(name, ItemData()) for name in names], [])
        manifest = min(manifests, key=lambda name: name.count("/"))
        root = read_xml(archive.read(manifest), max_bytes=_MAX_MANIFEST_BYTES, max_elements=_MAX_MANIFEST_ELEMENTS)
        listed = list(_listed(root, posixpath.dirname(manifest)))
        known = {name for name, _ in listed}
        unlisted = [(name, ItemData()) for name in names if name not in known and _is_item(archive, name)]
        return _collect_items(archive, [*listed, *unlisted], _tests(root))


def _listed(root: Element, folder: str) -> Iterator[tuple[str, ItemData]]:
    for resource in root.iter("resource"):
        if resource.get("type", "").startswith("imsqti_item"):
            href = unquote(resource.get("href", ""))
            yield posixpath.normpath(posixpath.join(folder, href)), _read_data(resource)


def _read_data(resource: Element) -> ItemData:
    keywords = [_words(keyword) for keyword in resource.iter("keyword")]
    difficulty = "".join(_words(value) for value in resource.iterfind(".//difficulty/value"))
    if difficulty in LOM_DIFFICULTIES:
        difficulty = str(LOM_DIFFICULTIES.index(difficulty) + 1)
    sources = [
        "".join(_words(each) for each in relation.iterfind("resource/description"))
        for relation in resource.iter("relation")
        if "".join(_words(kind) for kind in relation.iterfind("kind/value")).lower() == "isbasedon"
    ]
    return ItemData("；".join(sources), difficulty, tuple(keywords))


def _words(element: Element) -> str:
    return "".join(element.itertext()).strip()


def _tests(root: Element) -> list[Note]:
    tests = [each for each in root.iter("resource") if each.get("type", "").startswith("imsqti_test")]
    reason = "试卷（assessmentTest）的结构不保留，只导入其中的试题。"
    return [Note(1, "test_not_kept", reason)] if tests else []


def _is_item(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as file:
        beginning = file.read(_MAX_ITEM_BYTES)
    # UTF-16 has a zero in each letter of ours.
    return _ITEM.search(beginning.replace(b"\0", b"")) is not None


def _collect_items(archive: zipfile.ZipFile, items: list[tuple[str, ItemData]], notes: list[Note]) -> QuestionSheet:
    if len(items) > MAX_QUESTIONS:
        raise ContentError("too_many_questions", f"试题超过 {MAX_QUESTIONS} 道，请拆分后重新上传。")
    named: list[int] = []
    found: list[Found] = []
    for number, (name, data) in enumerate(items, start=1):
        try:
            outcome = _read(_open(archive, name), data, number, named)
        except ContentError as error:
            outcome = error
        found.append(Found(number, outcome, f"第 {number} 题（{name[:100]}）"))
    return collect(found, [*notes, *_titles(named)])


def _open(archive: zipfile.ZipFile, name: str) -> Element:
    try:
        content = archive.read(name)
    except KeyError:
        raise ContentError("missing_item", "清单中列出了这道题，压缩包里却没有它的文件，请重新导出。") from None
    return read_xml(content, max_bytes=_MAX_ITEM_BYTES, max_elements=_MAX_ITEM_ELEMENTS)


def _read(root: Element, data: ItemData, number: int, named: list[int]) -> ParsedQuestion | ContentError:
    """Return the question or what is wrong with it; `named` gets the number of one with a title of its own."""
    try:
        question = read_item(root, data)
    except ContentError as error:
        return error
    if root.get("title", "").strip() not in {"", title_of(question)}:
        named.append(number)
    return question


def _titles(named: list[int]) -> list[Note]:
    return [Note(named[0], "name_not_kept", f"题目名称（title）不保留，共 {len(named)} 处。")] if named else []
