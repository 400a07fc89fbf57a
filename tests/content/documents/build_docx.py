"""Word files for the tests: real ones by python-docx, and parts written by hand for what it cannot make."""

import zipfile
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, RGBColor
from PIL import Image

CENTER, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: Any) -> bytes:
    output = BytesIO()
    Image.linear_gradient("L").resize(size).convert("RGB").save(output, kind, **options)
    return output.getvalue()


def saved(document: Any) -> bytes:
    output = BytesIO()
    document.save(output)
    return output.getvalue()


def official_docx() -> bytes:
    """A notice as GB/T 9704 lays it out."""
    document = Document()
    head = document.add_paragraph()
    head.alignment = CENTER
    run = head.add_run("中共示范镇委员会文件")
    run.font.color.rgb = RGBColor(0xFF, 0, 0)
    run.font.size = Pt(36)
    document.add_paragraph("示党发〔2026〕12号").alignment = CENTER
    document.add_paragraph("关于开展主题党日的通知").alignment = CENTER
    document.add_paragraph("各党支部：")
    body = document.add_paragraph("现将有关事项通知如下。")
    body.paragraph_format.first_line_indent = Pt(32)
    document.add_paragraph("中共示范镇委员会").alignment = RIGHT
    document.add_paragraph("2026年11月24日").alignment = RIGHT
    return saved(document)


def rich_docx() -> bytes:
    """Headings, a table with spans, lists, pictures of three kinds, and a link."""
    document = Document()
    document.add_heading("学习资料", 0)
    document.add_heading("第一章", 1)
    document.add_paragraph("正文").add_run("重点").bold = True
    document.add_paragraph("甲", style="List Bullet")
    document.add_paragraph("乙", style="List Bullet")
    document.add_paragraph("一", style="List Number")
    table = document.add_table(3, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "横跨"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "竖跨"
    for kind in ("PNG", "JPEG", "BMP"):
        document.add_picture(BytesIO(picture(kind)))
    water = document.add_paragraph("H").add_run("2")
    water.font.subscript = True
    return saved(document)


def docx_of(body: str, parts: Mapping[str, bytes | str] | None = None, *, into: bytes | None = None) -> bytes:
    """Return a .docx whose body is this XML (prefixes w, r, v, m, mc, wp, a, pic, wps), with further parts."""
    document = Document() if into is None else Document(BytesIO(into))
    root = document.element.body
    section = root[-1]
    declared = nsdecls("w", "r", "m", "wp", "a", "pic")
    more = (
        'xmlns:v="urn:schemas-microsoft-com:vml" '
        'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    )
    for element in parse_xml(f"<w:body {declared} {more}>{body}</w:body>"):
        section.addprevious(element)
    return with_parts(saved(document), parts or {})


def with_parts(
    data: bytes,
    parts: Mapping[str, bytes | str],
    *,
    without: tuple[str, ...] = (),
    compression: int = zipfile.ZIP_DEFLATED,
) -> bytes:
    """Return the package with parts added or put in the place of those there are."""
    output = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(output, "w", compression) as target:
        for entry in source.infolist():
            if entry.filename not in parts and entry.filename not in without:
                target.writestr(entry.filename, source.read(entry))
        for name, content in parts.items():
            target.writestr(name, content)
    return output.getvalue()


def part_of(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return archive.read(name)


def p(text: str, properties: str = "", run: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:rPr>{run}</w:rPr><w:t>{text}</w:t></w:r></w:p>"
