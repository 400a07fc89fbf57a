from collections.abc import Callable

import pytest

from content.documents.docx import parse_docx
from content.documents.docx_numbers import formatted
from content.documents.result import ParsedDocument
from tests.content.documents.build_docx import docx_of, p


def numbered(*levels: tuple[str, str]) -> Callable[[str], ParsedDocument]:
    """A function that parses a body whose list 1 has these (format, text) levels, and list 2 the same anew."""
    written = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for at, (kind, text) in enumerate(levels)
    )
    namespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    xml = (
        f'<w:numbering {namespace}><w:abstractNum w:abstractNumId="0">{written}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="0"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride></w:num></w:numbering>'
    )
    return lambda body: parse_docx(docx_of(body, {"word/numbering.xml": xml}))


def item(text: str, level: int = 0, of: int = 1, more: str = "") -> str:
    return p(text, f'{more}<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{of}"/></w:numPr>')


def test_numbers_of_an_official_document_are_written_out() -> None:
    parse = numbered(("chineseCounting", "%1、"), ("chineseCounting", "（%2）"), ("decimal", "%3."))
    body = (
        item("总则") + item("目的", 1) + item("范围", 1) + p("正文") + item("要求") + item("时间", 1) + item("细则", 2)
    )
    assert parse(body).text.split("\n") == [
        "一、总则", "（一）目的", "（二）范围", "正文", "二、要求", "（一）时间", "1. 细则",
    ]  # fmt: skip


def test_a_plain_list_stays_a_list_and_one_that_goes_on_keeps_its_numbers() -> None:
    parse = numbered(("decimal", "%1."))
    assert parse(item("甲") + item("乙") + p("文") + item("丙") + item("丁", of=2)).html == (
        "<ol><li>甲</li><li>乙</li></ol><p>文</p><p>3. 丙</p><ol><li>丁</li></ol>"
    )


def test_a_numbered_heading_keeps_its_number() -> None:
    parse = numbered(("decimal", "第%1章"))
    assert parse(item("总则", more='<w:pStyle w:val="Heading1"/>')).html == "<h1>第1章 总则</h1>"


@pytest.mark.parametrize(
    ("count", "kind", "text"),
    [
        (10, "chineseCounting", "十"), (21, "japaneseCounting", "二十一"), (30, "ideographDigital", "三十"),
        (3, "decimalEnclosedCircle", "③"), (28, "upperLetter", "BB"), (4, "lowerRoman", "iv"), (9, "upperRoman", "IX"),
        (5, "decimalZero", "05"), (120, "chineseCounting", "120"), (7, "ganada", "7"),
    ],
)  # fmt: skip
def test_each_kind_of_number_is_written_as_word_does(count: int, kind: str, text: str) -> None:
    assert formatted(count, kind) == text
