import struct
import zipfile
from collections.abc import Callable
from io import BytesIO

from tests.content.documents.build_docx import docx_of, p, part_of, picture, rich_docx, with_parts
from tests.content.documents.build_pptx import pptx_of, rich_pptx
from tests.content.hostile.images import png_claiming
from tests.content.rosters.build import compound, inline, replaced, xlsx_of_xml

Case = tuple[str, Callable[[], bytes], str]

DOCUMENT = "word/document.xml"
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY l0 "lol">{LAUGHS}]><w:document {W}>&l9;</w:document>'
READS_FILE = f'<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/passwd">]><w:document {W}>&f;</w:document>'


V = 'xmlns:v="urn:schemas-microsoft-com:vml"'


def document_xml(body: str) -> bytes:
    """The parts are not compressed, so that the parser meets them and not the bound on the ratio."""
    xml = f"<w:document {W} {V}><w:body>{body}</w:body></w:document>"
    return with_parts(rich_docx(), {DOCUMENT: xml}, compression=zipfile.ZIP_STORED)


def ebcdic() -> bytes:
    return with_parts(rich_docx(), {DOCUMENT: b"<?xml version='1.0' encoding='cp037'?>" + BOMB[21:].encode("cp037")})


def many_entries() -> bytes:
    return with_parts(rich_docx(), {f"word/media/{number}.xml": b"" for number in range(2_001)})


def encrypted_flag(data: bytes) -> bytes:
    changed = bytearray(data)
    struct.pack_into("<H", changed, changed.index(b"PK\x01\x02") + 8, 1)
    return bytes(changed)


def lying_size() -> bytes:
    data = bytearray(with_parts(rich_docx(), {"word/a.xml": bytes(5_000_000)}))
    at = data.rindex(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 10)
    return bytes(data)


def overlapping() -> bytes:
    """Two thousand names for one and the same compressed entry."""
    output = BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("a", b"lorem ipsum " * 9_000)
        entry = target.infolist()[0]
        for number in range(1_999):
            copy = zipfile.ZipInfo(f"{number}")
            for name in ("header_offset", "compress_size", "file_size", "CRC", "compress_type"):
                setattr(copy, name, getattr(entry, name))
            target.filelist.append(copy)
    return output.getvalue()


def nested_boxes(depth: int) -> str:
    inner = p("底")
    for _ in range(depth):
        inner = f"<w:p><w:r><w:pict><v:shape><v:textbox><w:txbxContent>{inner}</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>"
    return inner


def style_loop() -> bytes:
    styles = f'<w:styles {W}><w:style w:type="paragraph" w:styleId="a"><w:name w:val="a"/><w:basedOn w:val="a"/></w:style></w:styles>'
    return docx_of(p("文", '<w:pStyle w:val="a"/>'), {"word/styles.xml": styles})


def note_loop() -> bytes:
    notes = f'<w:footnotes {W}><w:footnote w:id="2"><w:p><w:r><w:footnoteReference w:id="2"/></w:r></w:p></w:footnote></w:footnotes>'
    return docx_of('<w:p><w:r><w:t>文</w:t><w:footnoteReference w:id="2"/></w:r></w:p>', {"word/footnotes.xml": notes})


def external_main() -> bytes:
    relations = part_of(rich_docx(), "_rels/.rels").replace(
        b'"word/document.xml"', b'"http://127.0.0.1/a" TargetMode="External"'
    )
    return with_parts(rich_docx(), {"_rels/.rels": relations})


def rels_to(target: bytes) -> bytes:
    data = rich_docx()
    name = "word/_rels/document.xml.rels"
    return with_parts(data, {name: part_of(data, name).replace(b'"media/image1.png"', b'"' + target + b'"')})


def script_field(address: str) -> str:
    return f'<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>HYPERLINK "{address}"</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>点</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'


def nested_groups() -> bytes:
    data = rich_pptx()
    xml = part_of(data, "ppt/slides/slide2.xml")
    deep = xml.replace(b"</p:spTree>", b"<p:grpSp>" * 20_000 + b"</p:grpSp>" * 20_000 + b"</p:spTree>")
    return with_parts(data, {"ppt/slides/slide2.xml": deep}, compression=zipfile.ZIP_STORED)


def many_slides() -> bytes:
    data = pptx_of("a")
    xml = part_of(data, "ppt/presentation.xml")
    start, end = xml.index(b"<p:sldId "), xml.index(b"</p:sldIdLst>")
    many = xml[:start] + xml[start:end] * 100_000 + xml[end:]
    return with_parts(data, {"ppt/presentation.xml": many}, compression=zipfile.ZIP_STORED)


WORD: dict[str, Case] = {
    "one entry that inflates a thousandfold": ("a.docx", lambda: with_parts(rich_docx(), {"word/a.bin": bytes(9_000_000)}), "file_too_complex"),
    "2,001 entries": ("a.docx", many_entries, "file_too_complex"),
    "a size that lies": ("a.docx", lying_size, "damaged_file"),
    "entries that overlap": ("a.docx", overlapping, "damaged_file|file_too_complex"),
    "a billion laughs": ("a.docx", lambda: with_parts(rich_docx(), {DOCUMENT: BOMB}), "has_dtd"),
    "a billion laughs in UTF-16": ("a.docx", lambda: with_parts(rich_docx(), {DOCUMENT: BOMB.encode("utf-16")}), "has_dtd"),
    "a billion laughs in EBCDIC": ("a.docx", ebcdic, "damaged_file"),
    "an entity that reads a file": ("a.docx", lambda: with_parts(rich_docx(), {DOCUMENT: READS_FILE}), "has_dtd"),
    "a DTD where printers have theirs": ("a.docx", lambda: with_parts(rich_docx(), {"word/printerSettings/a.bin": BOMB, "word/_rels/document.xml.rels": part_of(rich_docx(), "word/_rels/document.xml.rels").replace(b'"styles.xml"', b'"printerSettings/a.bin"')}), "damaged_file"),
    "a name that climbs": ("a.docx", lambda: with_parts(rich_docx(), {"../../etc/cron.d/a": b"x"}), "unsafe_names"),
    "a name from the root": ("a.docx", lambda: with_parts(rich_docx(), {"/etc/cron.d/a": b"x"}), "unsafe_names"),
    "a name with a drive": ("a.docx", lambda: with_parts(rich_docx(), {"C:/a": b"x"}), "unsafe_names"),
    "macros": ("a.docx", lambda: with_parts(rich_docx(), {"word/vbaProject.bin": b"x"}), "has_macros"),
    "macros by the kind of document": ("a.docx", lambda: with_parts(rich_docx(), {"[Content_Types].xml": part_of(rich_docx(), "[Content_Types].xml").replace(b"vnd.openxmlformats-officedocument.wordprocessingml.document.main", b"vnd.ms-word.document.macroEnabled.main")}), "has_macros"),
    "a password by flag": ("a.docx", lambda: encrypted_flag(rich_docx()), "encrypted_file"),
    "a password by container": ("a.docx", compound("EncryptedPackage"), "encrypted_file"),
    "an old document by another name": ("a.docx", compound("WordDocument"), "unsupported_doc"),
    "cut off": ("a.docx", lambda: rich_docx()[:-2_000], "damaged_file"),
    "only the magic": ("a.docx", lambda: b"PK\x03\x04" + bytes(100), "damaged_file"),
    "broken XML": ("a.docx", lambda: with_parts(rich_docx(), {DOCUMENT: b"<w:document"}), "damaged_file"),
    "another root": ("a.docx", lambda: with_parts(rich_docx(), {DOCUMENT: b"<html/>"}), "damaged_file"),
    "no document": ("a.docx", lambda: with_parts(rich_docx(), {}, without=(DOCUMENT,)), "damaged_file"),
    "a document elsewhere": ("a.docx", external_main, "damaged_file"),
    "slides by another name": ("a.docx", rich_pptx, "extension_mismatch"),
    "tables in tables, 3,000 deep": ("a.docx", lambda: document_xml("<w:tbl><w:tr><w:tc>" * 3_000 + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * 3_000), "document_too_complex"),
    "elements 200,000 deep": ("a.docx", lambda: document_xml("<w:ins>" * 200_000 + "</w:ins>" * 200_000), "document_too_complex"),
    "text boxes in text boxes": ("a.docx", lambda: document_xml(nested_boxes(2_000)), "document_too_complex"),
    "400,000 runs in a paragraph": ("a.docx", lambda: document_xml("<w:p>" + "<w:r><w:t>a</w:t></w:r>" * 400_000 + "</w:p>"), "document_too_complex"),
    "runs that take mammoth minutes": ("a.docx", lambda: document_xml("".join(f"<w:p><w:r><w:t>{number:x}</w:t></w:r></w:p>" for number in range(200_000))), "document_too_complex"),
    "a style that rests on itself": ("a.docx", style_loop, ""),
    "a note within itself": ("a.docx", note_loop, ""),
    "a cell a million columns wide": ("a.docx", lambda: docx_of(f'<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="1000000"/></w:tcPr>{p("文")}</w:tc></w:tr></w:tbl>'), ""),
    "a picture from the network": ("a.docx", lambda: rels_to(b'http://127.0.0.1:1/a.png" TargetMode="External'), ""),
    "a picture from the disk": ("a.docx", lambda: rels_to(b"file:///etc/passwd"), ""),
    "a picture that climbs": ("a.docx", lambda: rels_to(b"../../../etc/passwd"), ""),
    "a picture of 169 megapixels": ("a.docx", lambda: with_parts(rich_docx(), {"word/media/image1.png": png_claiming(13_000, 13_000)}), ""),
    "a picture that is SVG": ("a.docx", lambda: with_parts(rich_docx(), {"word/media/image1.png": b"<svg onload='alert(1)'/>"}), ""),
    "a script link": ("a.docx", lambda: docx_of(script_field("javascript:alert(1)")), ""),
    "a page within the document": ("a.docx", lambda: docx_of(p("文") + '<w:altChunk r:id="x"/>', {"word/a.html": b"<script>alert(1)</script>"}), ""),
    "markup as text": ("a.docx", lambda: docx_of(p("&lt;script&gt;alert(1)&lt;/script&gt;")), ""),
    "styles of its own for mammoth": ("a.docx", lambda: with_parts(rich_docx(), {"mammoth/style-map": b"p => script"}), ""),
    "a picture file in front": ("a.docx", lambda: picture("GIF") + rich_docx(), "extension_mismatch"),
    "a marking in its form": ("a.docx", lambda: docx_of(p("绝 密 ★ 1 年")), "classified_marking"),
}  # fmt: skip

SLIDES: dict[str, Case] = {
    "100,000 slides": ("a.pptx", many_slides, "too_many_pages"),
    "groups in groups, 20,000 deep": ("a.pptx", nested_groups, "document_too_complex"),
    "a slide that is missing": ("a.pptx", lambda: with_parts(pptx_of("a"), {}, without=("ppt/slides/slide1.xml",)), "damaged_file"),
    "a billion laughs in a slide": ("a.pptx", lambda: with_parts(pptx_of("a"), {"ppt/slides/slide1.xml": BOMB}), "has_dtd"),
    "macros in slides": ("a.pptx", lambda: with_parts(pptx_of("a"), {"ppt/vbaProject.bin": b"x"}), "has_macros"),
    "old slides by another name": ("a.pptx", compound("PowerPoint Document"), "unsupported_ppt"),
    "a document by the name of slides": ("a.pptx", rich_docx, "extension_mismatch"),
    "markup as text in slides": ("a.pptx", lambda: pptx_of("<img src=x onerror=alert(1)>"), ""),
    "an archive by the name of slides": ("a.pptx", lambda: with_parts(pptx_of("a"), {}, without=("[Content_Types].xml",)), "unsupported_archive"),
    "a picture of slides that is a bomb": ("a.pptx", lambda: with_parts(rich_pptx(), {"ppt/media/image1.png": png_claiming(13_000, 13_000)}), ""),
}  # fmt: skip

SPARSE = f"<row r='1'>{inline('A1', '词语')}</row><row r='1048576'>{inline('XFD1048576', '词')}</row>"
SHEETS: dict[str, Case] = {
    "a sparse sheet": ("a.xlsx", xlsx_of_xml(SPARSE), "empty_sheet"),
    "a billion laughs in a sheet": (
        "a.xlsx",
        lambda: replaced(xlsx_of_xml(SPARSE)(), "xl/workbook.xml", BOMB),
        "has_dtd",
    ),
    "a workbook that is none": ("a.xlsx", rich_docx, "damaged_file"),
}
