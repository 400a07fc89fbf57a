"""Which kind of file was uploaded, by its first bytes and its name; what we do not read is told what to save as."""

import re
from typing import Literal

from content.documents.refused import REFUSED
from content.errors import ContentError

Kind = Literal["markdown", "html", "docx", "pptx", "pdf", "picture"]

# As much of the file as its kind is read from.
HEAD_BYTES = 4096

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

_EXTENSIONS: dict[str, Kind] = {
    "md": "markdown", "markdown": "markdown", "html": "html", "htm": "html", "docx": "docx", "pptx": "pptx",
    "pdf": "pdf", "png": "picture", "jpg": "picture", "jpeg": "picture", "webp": "picture", "gif": "picture",
    "bmp": "picture",
}  # fmt: skip
# What the first bytes are found to be -> the extensions that it may have; the parser looks into a package.
_EXTENSIONS_OF = {
    "text": {"md", "markdown", "html", "htm"}, "package": {"docx", "pptx"},
    "PNG": {"png"}, "JPEG": {"jpg", "jpeg"}, "WebP": {"webp"}, "GIF": {"gif"}, "BMP": {"bmp"},
}  # fmt: skip
# (first bytes, what kind of those that are not read)
_MAGIC = (
    (b"{\\rtf", "rtf"), (b"MZ", "exe"), (b"\x7fELF", "exe"), (b"#!", "sh"), (b"Rar!", "rar"), (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gz"), (b"II*\x00", "tif"), (b"MM\x00*", "tif"), (b"\xd7\xcd\xc6\x9a", "wmf"),
    (b"\x01\x00\x00\x00", "emf"),
)  # fmt: skip
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--(?:(?!-->).)*-->\s*|<!doctype svg[^>]*>\s*)*<svg", re.I | re.S
)
# (name of a stream of a compound file, what the file is)
_STREAMS = (("PowerPoint Document", "ppt"), ("Workbook", "xls"), ("WordDocument", "doc"))


def kind_of(data: bytes, file_name: str) -> Kind:
    """Return the kind of an uploaded document; its first bytes must be what the extension says. Nothing is unpacked.

    Raises ContentError: `empty_file`, `encrypted_file`, `has_macros`, `extension_mismatch`, `unknown_format`, or
    `unsupported_...` for each known kind that is not read, with what to save it as.
    """
    if not data:
        raise ContentError("empty_file", "文件是空的，请检查后重新上传。")
    extension = extension_of(file_name)
    if data.startswith(_OLE):
        raise _compound(data, extension)
    if extension in REFUSED:
        raise _refused(extension)
    found = _found(data)
    if found in REFUSED:
        raise _refused(found)
    expected = _EXTENSIONS.get(extension)
    if expected is None:
        raise ContentError(
            "unknown_format", "不支持这种文件，请上传 .docx、.pptx、.pdf、.md、.html 或 JPG、PNG、WebP、GIF、BMP 图片。"
        )
    if extension not in _EXTENSIONS_OF.get(found, {found}):
        raise ContentError(
            "extension_mismatch",
            f"文件的扩展名是 .{extension}，内容却不是。请用原来的软件另存为 .{extension} 后重新上传。",
        )
    return expected


def extension_of(file_name: str) -> str:
    """Return the last extension of a file's name in lower case, without its dot."""
    return file_name.rpartition(".")[2].strip().lower() if "." in file_name else ""


def title_of(file_name: str) -> str:
    """Return what a document without a title is called: its file's name without folder and extension, or ""."""
    name = re.split(r"[/\\]", file_name)[-1].rpartition(".")[0]
    return "".join(character for character in " ".join(name.split()) if character.isprintable())[:80].strip()


def _refused(extension: str) -> ContentError:
    return ContentError(*REFUSED[extension])


def _found(data: bytes) -> str:
    """Return what the first bytes are: a picture's format, an extension, "text", or "" for what nobody knows."""
    head = data[:HEAD_BYTES]
    picture = picture_format(head)
    if picture:
        return picture
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(_ZIP):
        return "package"
    for magic, extension in _MAGIC:
        if head.startswith(magic):
            return extension
    if head[4:8] == b"ftyp" and head[8:12] in {b"heic", b"heix", b"mif1", b"avif", b"msf1"}:
        return "heic"
    if head.startswith(_BOMS) or b"\0" not in head:
        return "svg" if _SVG.match(head) else "text"
    return ""


def picture_format(head: bytes) -> str:
    """Return PNG, JPEG, WebP, GIF or BMP, or "" for what is none of them."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    return "BMP" if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0" else ""


def _compound(data: bytes, extension: str) -> ContentError:
    # The directory of a compound file names its streams in UTF-16.
    if "EncryptedPackage".encode("utf-16-le") in data:
        return ContentError("encrypted_file", "文件有密码，请取消密码后重新上传。")
    if extension in {"wps", "dps", "wpt"}:
        return _refused(extension)
    for stream, known in _STREAMS:
        if stream.encode("utf-16-le") in data:
            return _refused(known)
    return _refused(extension if extension in REFUSED else "doc")
