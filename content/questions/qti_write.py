"""Questions -> a QTI 2.1 or 3.0 package; see content.questions.qti for where its parts stand."""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from xml.etree.ElementTree import Element, SubElement, tostring

from content.errors import ContentError
from content.questions.check import LETTERS, ParsedQuestion
from content.questions.qti import LOM_DIFFICULTIES, MANIFEST
from content.questions.qti_item import title_of
from content.zip_guard import MAX_ENTRIES

# The manifest is an entry too.
MAX_ITEMS = MAX_ENTRIES - 1
_LOM = "http://ltsc.ieee.org/xsd/LOM"
_XHTML = {"p", "pre", "br"}
_CAPITAL = re.compile("[A-Z]")
# White space that a reader of XHTML would not keep.
_FRAGILE = re.compile("\t|  | \n|\n ")


@dataclass(frozen=True)
class _Version:
    """What differs between the versions besides the names of elements."""

    item: str
    manifest: str
    schema: tuple[str, str]
    kind: str
    template: str


_VERSIONS = {
    "qti21": _Version(
        "http://www.imsglobal.org/xsd/imsqti_v2p1",
        "http://www.imsglobal.org/xsd/imscp_v1p1",
        ("QTIv2.1 Package", "1.0.0"),
        "imsqti_item_xmlv2p1",
        "http://www.imsglobal.org/question/qti_v2p1/rptemplates/{}",
    ),
    "qti3": _Version(
        "http://www.imsglobal.org/xsd/imsqtiasi_v3p0",
        "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1",
        ("QTI Package", "3.0.0"),
        "imsqti_item_xmlv3p0",
        "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/{}.xml",
    ),
}


def write_qti(questions: Sequence[ParsedQuestion], version: str) -> bytes:
    """Return a zip that `parse_qti_package` reads as the same questions; `version` is qti21 or qti3.

    The same questions give the same bytes. Raises `too_many_questions` for more than 1,999.
    """
    if len(questions) > MAX_ITEMS:
        raise ContentError("too_many_questions", f"一个 QTI 文件最多 {MAX_ITEMS} 道题，请分批导出。")
    facts = _VERSIONS[version]
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, MANIFEST, _manifest(questions, facts))
        for number, question in enumerate(questions, start=1):
            item = _item(question, _name(number), facts)
            _add(archive, _path(number), _as_version_3(item) if version == "qti3" else item)
    return output.getvalue()


def _name(number: int) -> str:
    return f"Q{number:04d}"


def _path(number: int) -> str:
    return f"items/{_name(number)}.xml"


def _add(archive: zipfile.ZipFile, name: str, root: Element) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, tostring(root, "utf-8", xml_declaration=True))


def _add_texts(parent: Element, path: str, text: str) -> None:
    for name in path.split("/"):
        parent = SubElement(parent, name)
    parent.text = text


def _manifest(questions: Sequence[ParsedQuestion], facts: _Version) -> Element:
    # Converters add xsi:schemaLocation, and count on xsi.
    names = {"xmlns": facts.manifest, "xmlns:imsmd": _LOM, "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    root = Element("manifest", {**names, "identifier": "MANIFEST"})
    metadata = SubElement(root, "metadata")
    _add_texts(metadata, "schema", facts.schema[0])
    _add_texts(metadata, "schemaversion", facts.schema[1])
    SubElement(root, "organizations")
    resources = SubElement(root, "resources")
    for number, question in enumerate(questions, start=1):
        attributes = {"identifier": _name(number), "type": facts.kind, "href": _path(number)}
        resource = SubElement(resources, "resource", attributes)
        if question.tags or question.difficulty or question.source:
            _add_lom(SubElement(SubElement(resource, "metadata"), "imsmd:lom"), question)
        SubElement(resource, "file", {"href": _path(number)})
    return root


def _add_lom(lom: Element, question: ParsedQuestion) -> None:
    if question.tags:
        general = SubElement(lom, "imsmd:general")
        for tag in question.tags:
            _add_texts(general, "imsmd:keyword/imsmd:string", tag)
    if question.difficulty:
        difficulty = SubElement(SubElement(lom, "imsmd:educational"), "imsmd:difficulty")
        _add_texts(difficulty, "imsmd:source", "LOMv1.0")
        _add_texts(difficulty, "imsmd:value", LOM_DIFFICULTIES[question.difficulty - 1])
    if question.source:
        relation = SubElement(lom, "imsmd:relation")
        kind = SubElement(relation, "imsmd:kind")
        _add_texts(kind, "imsmd:source", "LOMv1.0")
        _add_texts(kind, "imsmd:value", "isbasedon")
        _add_texts(relation, "imsmd:resource/imsmd:description/imsmd:string", question.source)


def _item(question: ParsedQuestion, identifier: str, facts: _Version) -> Element:
    head = {"identifier": identifier, "title": title_of(question), "adaptive": "false", "timeDependent": "false"}
    root = Element("assessmentItem", {"xmlns": facts.item, **head, "xml:lang": "zh-CN"})
    _declare(root, question)
    SubElement(root, "outcomeDeclaration", {"identifier": "SCORE", "cardinality": "single", "baseType": "float"})
    if question.explanation:
        feedback = {"identifier": "FEEDBACK", "cardinality": "single", "baseType": "identifier"}
        _add_texts(SubElement(root, "outcomeDeclaration", feedback), "defaultValue/value", "explanation")
    body = SubElement(root, "itemBody")
    _add_lines(body, question.stem)
    _add_interaction(body, question)
    template = "map_response" if question.kind == "fill_in" else "match_correct"
    SubElement(root, "responseProcessing", {"template": facts.template.format(template)})
    if question.explanation:
        shown = {"outcomeIdentifier": "FEEDBACK", "identifier": "explanation", "showHide": "show"}
        _add_lines(SubElement(root, "modalFeedback", shown), question.explanation)
    return root


def _declare(root: Element, question: ParsedQuestion) -> None:
    cardinality = {"multiple": "multiple", "ordering": "ordered"}.get(question.kind, "single")
    base_type = "string" if question.kind == "fill_in" else "identifier"
    declaration = SubElement(
        root, "responseDeclaration", {"identifier": "RESPONSE", "cardinality": cardinality, "baseType": base_type}
    )
    right = SubElement(declaration, "correctResponse")
    if question.kind != "fill_in":
        for letter in question.answer:
            _add_texts(right, "value", _choice_name(question, letter))
        return
    # A single value is right by definition; the mapping has all that are.
    _add_texts(right, "value", question.answer[0])
    mapping = SubElement(declaration, "mapping", {"defaultValue": "0"})
    for text in question.answer:
        SubElement(mapping, "mapEntry", {"mapKey": text, "mappedValue": "1", "caseSensitive": "false"})


def _choice_name(question: ParsedQuestion, letter: str) -> str:
    return {"A": "true", "B": "false"}[letter] if question.kind == "true_false" else letter


def _add_interaction(body: Element, question: ParsedQuestion) -> None:
    if question.kind == "fill_in":
        SubElement(SubElement(body, "p"), "textEntryInteraction", {"responseIdentifier": "RESPONSE"})
        return
    attributes = {"responseIdentifier": "RESPONSE", "shuffle": "false"}
    if question.kind != "ordering":
        attributes["maxChoices"] = "0" if question.kind == "multiple" else "1"
    name = "orderInteraction" if question.kind == "ordering" else "choiceInteraction"
    interaction = SubElement(body, name, attributes)
    for letter, option in zip(LETTERS, question.options, strict=False):
        SubElement(interaction, "simpleChoice", {"identifier": _choice_name(question, letter)}).text = option


def _add_lines(parent: Element, text: str) -> None:
    """Add the lines as a paragraph, or as they are where their white space would be lost in one."""
    if _FRAGILE.search(text):
        SubElement(parent, "pre").text = text
        return
    first, *others = text.split("\n")
    paragraph = SubElement(parent, "p")
    paragraph.text = first
    for line in others:
        SubElement(paragraph, "br").tail = line


def _as_version_3(element: Element) -> Element:
    """Return the element with the names of QTI 3: qti-choice-interaction, response-identifier."""
    name = element.tag if element.tag in _XHTML else f"qti-{_kebab(element.tag)}"
    renamed = Element(name, {_kebab(key): value for key, value in element.attrib.items()})
    renamed.text, renamed.tail = element.text, element.tail
    # The content of feedback has an element of its own there.
    inside = SubElement(renamed, "qti-content-body") if element.tag == "modalFeedback" else renamed
    inside.extend(map(_as_version_3, element))
    return renamed


def _kebab(name: str) -> str:
    return _CAPITAL.sub(lambda capital: f"-{capital[0].lower()}", name)
