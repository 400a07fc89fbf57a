import pytest

from content.documents.kinds import kind_of
from content.errors import ContentError
from tests.content.documents.build_docx import picture, rich_docx
from tests.content.rosters.build import compound

FTYP = b"\0\0\0\x20ftyp"


def refusal(data: bytes, name: str) -> ContentError:
    with pytest.raises(ContentError) as caught:
        kind_of(data, name)
    return caught.value


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        ("# 学习".encode(), "a.md", "markdown"),
        (b"\xef\xbb\xbf# a", "a.MARKDOWN", "markdown"),
        (b"<p>a</p>", "a.html", "html"),
        ("<p>学</p>".encode("utf-16"), "a.htm", "html"),
        (b"%PDF-1.7", "通知.pdf", "pdf"),
        (rich_docx(), "a.b.docx", "docx"),
        (rich_docx(), "a.pptx", "pptx"),
        (picture("PNG"), "a.png", "picture"),
        (picture("JPEG"), "a.jpeg", "picture"),
        (picture("WEBP"), "a.webp", "picture"),
        (picture("GIF"), "a.gif", "picture"),
        (picture("BMP"), "a.bmp", "picture"),
        (b"<html><body><svg></svg></body></html>", "a.html", "html"),
    ],
)
def test_a_kind_is_told_by_the_first_bytes_and_the_name(data: bytes, name: str, kind: str) -> None:
    assert kind_of(data, name) == kind


@pytest.mark.parametrize(
    ("data", "name", "code", "advice"),
    [
        (compound("WordDocument")(), "a.doc", "unsupported_doc", ".docx"),
        (compound("WordDocument")(), "a.docx", "unsupported_doc", ".docx"),
        (compound("WordDocument")(), "a.wps", "unsupported_wps", ".docx"),
        (compound("PowerPoint Document")(), "a.pptx", "unsupported_ppt", ".pptx"),
        (compound("EncryptedPackage")(), "a.docx", "encrypted_file", "取消密码"),
        (compound("EncryptedPackage")(), "a.doc", "encrypted_file", "取消密码"),
        (compound("Workbook")(), "a.docx", "unsupported_spreadsheet", ".docx"),
        (compound("x")(), "a.docx", "unsupported_doc", ".docx"),
        (b"PK\x03\x04", "a.ofd", "unsupported_ofd", "PDF"),
        (b"PK\x03\x04", "a.dps", "unsupported_dps", ".pptx"),
        (b"PK\x03\x04", "a.odt", "unsupported_odt", ".docx"),
        (b"PK\x03\x04", "a.docm", "has_macros", ".docx"),
        (b"PK\x03\x04", "a.pptm", "has_macros", ".pptx"),
        (b"PK\x03\x04", "a.zip", "unsupported_archive", "解压"),
        (b"PK\x03\x04", "a.xlsx", "unsupported_spreadsheet", "题库"),
        (b"{\\rtf1", "a.docx", "unsupported_rtf", ".docx"),
        (b"MZ\x90\0", "a.docx", "unsupported_executable", "文档"),
        (b"\x7fELF", "a.png", "unsupported_executable", "文档"),
        (b"Rar!\x1a", "a.docx", "unsupported_archive", "解压"),
        (b"<svg/>", "a.svg", "unsupported_svg", "PNG"),
        (b"<?xml version='1.0'?>\n<!-- a -->\n<svg xmlns=''>", "a.png", "unsupported_svg", "PNG"),
        (b"<!--" * 1000, "a.png", "extension_mismatch", ".png"),
        (b"\x1f\x8bx", "a.svgz", "unsupported_svg", "PNG"),
        (b"II*\0", "a.jpg", "unsupported_tiff", "JPG"),
        (FTYP + b"heic", "a.jpg", "unsupported_heic", "JPG"),
        (b"\xd7\xcd\xc6\x9a", "a.png", "unsupported_metafile", "JPG"),
        (b"a", "a.txt", "unsupported_txt", "编辑框"),
        (b"", "a.docx", "empty_file", "重新上传"),
        (b"a", "a", "unknown_format", ".docx"),
        (b"a", "docx", "unknown_format", ".docx"),
        (b"a", "a.xyz", "unknown_format", ".docx"),
        (picture("JPEG"), "a.png", "extension_mismatch", ".png"),
        (picture("PNG"), "a.docx", "extension_mismatch", ".docx"),
        (b"%PDF-1.7", "a.html", "extension_mismatch", ".html"),
        (b" %PDF-1.7", "a.pdf", "extension_mismatch", ".pdf"),
        (rich_docx(), "a.md", "extension_mismatch", ".md"),
        (b"a\0b", "a.md", "extension_mismatch", ".md"),
    ],
)
def test_each_file_that_is_not_read_has_its_code_and_says_what_to_do(
    data: bytes, name: str, code: str, advice: str
) -> None:
    error = refusal(data, name)
    assert error.code == code
    assert advice in error.detail
