"""Word and PowerPoint files: zip packages of XML parts, opened once they are known to be safe."""

import posixpath
import zipfile
from io import BytesIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from content.documents.refused import REFUSED
from content.errors import ContentError
from content.zip_guard import check_package

# (what [Content_Types].xml names, in lower case, what the package is)
_CONTENT_TYPES = (
    (b"macroenabled", "docm"),
    (b"wordprocessingml.document.main+xml", "docx"),
    (b"presentationml.presentation.main+xml", "pptx"),
    (b"wordprocessingml.template.main+xml", "dotx"),
    (b"presentationml.template.main+xml", "potx"),
    (b"presentationml.slideshow.main+xml", "ppsx"),
    (b"spreadsheetml.sheet.main+xml", "xlsx"),
    (b"ms-excel", "xlsx"),
)
# (what the file "mimetype" in a package begins with, what the package is)
_MIMETYPES = (
    (b"application/vnd.oasis.opendocument.text", "odt"),
    (b"application/vnd.oasis.opendocument.presentation", "odp"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "ods"),
)
_LABELS = {"docx": "Word 文档", "pptx": "演示文稿"}


def open_package(data: bytes, extension: str) -> zipfile.ZipFile:
    """Return the open archive of a .docx or .pptx that has passed every check.

    Raises ContentError: what `check_package` finds, `has_macros`, `extension_mismatch`, or `unsupported_...`.
    """
    check_package(data, extension)
    archive = zipfile.ZipFile(BytesIO(data))
    found = _kind(archive)
    if found in REFUSED:
        raise ContentError(*REFUSED[found])
    if found != extension:
        raise ContentError("extension_mismatch", f"文件内容是{_LABELS[found]}，请把扩展名改为 .{found} 后重新上传。")
    return archive


def _kind(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if "[Content_Types].xml" in names:
        # It may be UTF-16.
        types = archive.read("[Content_Types].xml").replace(b"\0", b"").lower()
        for content_type, extension in _CONTENT_TYPES:
            if content_type in types:
                return extension
    mimetype = archive.read("mimetype") if "mimetype" in names else b""
    for beginning, extension in _MIMETYPES:
        if mimetype.startswith(beginning):
            return extension
    return "ofd" if "OFD.xml" in names else "zip"


def main_part(archive: zipfile.ZipFile) -> str:
    """Return the part that the package is about, such as word/document.xml; raises `damaged_file`."""
    for kind, target in relations(archive, "").values():
        if kind == "officeDocument" and target in archive.namelist():
            return target
    raise damaged()


def read_xml(archive: zipfile.ZipFile, part: str) -> Element | None:
    """Return the root of a part, or None where there is no such part; raises `damaged_file` for malformed XML."""
    if "/printerSettings" in part:
        raise damaged()
    try:
        # zip_guard refuses DTDs elsewhere, and with them all that XML can do to a parser.
        return ElementTree.fromstring(archive.read(part))  # noqa: S314 - see above
    except KeyError:
        return None
    except (ElementTree.ParseError, ValueError, LookupError):
        raise damaged() from None


def relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Return id -> (last word of the type, part that it points to, or "" for one outside of the package)."""
    folder, name = posixpath.split(part)
    root = read_xml(archive, f"{folder}/_rels/{name}.rels".lstrip("/"))
    found: dict[str, tuple[str, str]] = {}
    for each in root if root is not None else ():
        target = each.get("Target", "")
        if each.get("TargetMode") == "External":
            target = ""
        else:
            target = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
        found[each.get("Id", "")] = (each.get("Type", "").rpartition("/")[2], target)
    return found


def damaged() -> ContentError:
    """What is raised for a package whose parts cannot be read."""
    return ContentError("damaged_file", "文件已损坏，请用原来的软件打开，检查内容后另存，再重新上传。")
