"""What the parts of an .xlsx say that the reader of its cells does not tell."""

import posixpath
import zipfile
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from xml.etree import ElementTree
from xml.parsers import expat

from content.errors import ContentError
from content.spreadsheets.cells import CellError, damaged
from content.spreadsheets.extent import Extent

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_STRICT_RELATION = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"
_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
_TAGS = {f"{namespace} {tag}": tag for namespace in _NAMESPACES for tag in ("row", "c", "v", "is")}
_LAST_ROW, _LAST_COLUMN = 1_048_576, 16_384
_CHUNK = 256 * 1024


@dataclass(frozen=True)
class XlsxFacts:
    """`extents` is title -> Extent of each worksheet."""

    is_1904: bool
    extents: dict[str, Extent]


def scan_xlsx(data: bytes) -> XlsxFacts:
    """Return how far each worksheet reaches; the file has passed zip_guard.check_xlsx.

    Raises ContentError for a damaged workbook, and for zip files of other kinds with what to save them as.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_kind(archive)
            return _scan_workbook(archive)
    # KeyError is a part that is missing, ValueError a number that is none.
    except (KeyError, ValueError, ElementTree.ParseError, expat.ExpatError):
        raise damaged() from None


def _check_kind(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return
    kind = archive.read("mimetype")[:100] if "mimetype" in names else b""
    if kind.startswith(b"application/vnd.oasis.opendocument.spreadsheet"):
        what = "文件是 .ods 表格，请用 WPS 或 LibreOffice 打开并另存为 .xlsx 后重新上传。"
    elif kind or "word/document.xml" in names:
        what = "这是文字文档，不是表格。请把其中的表格复制到 Excel 中，另存为 .xlsx 后重新上传。"
    elif "xl/workbook.bin" in names:
        what = "文件是 .xlsb 表格，请用 Excel 打开并另存为 .xlsx 后重新上传。"
    else:
        what = "这是压缩包，不是表格。请解压后上传其中的表格文件。"
    raise ContentError("unsupported_format", what)


def _scan_workbook(archive: zipfile.ZipFile) -> XlsxFacts:
    if b"macroEnabled" in archive.read("[Content_Types].xml"):
        raise ContentError("has_macros", "文件是启用宏的 .xlsm，请另存为不含宏的 .xlsx 后重新上传。")
    # zip_guard refuses DTDs, and with them all that XML can do to a parser.
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 - see above
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 - see above
    targets = {each.get("Id"): each.get("Target", "") for each in relations}
    names = set(archive.namelist())
    extents: dict[str, Extent] = {}
    for sheet in book.iterfind("{*}sheets/{*}sheet"):
        target = targets.get(sheet.get(_RELATION) or sheet.get(_STRICT_RELATION), "")
        part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
        if part in names:
            extents[sheet.get("name", "")] = _SheetScan().run(archive, part)
    properties = book.find("{*}workbookPr")
    return XlsxFacts(properties is not None and properties.get("date1904") in {"1", "true"}, extents)


class _SheetScan:
    """One pass over the XML of a sheet; what has no place of its own stands below, or right of, the one before."""

    def __init__(self) -> None:
        self.extent = Extent()
        self.row = self.column = -1
        self.has_row = False
        self.error: list[str] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self.start

    def run(self, archive: zipfile.ZipFile, part: str) -> Extent:
        with archive.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                self.parser.Parse(chunk)
        self.parser.Parse(b"", True)
        return self.extent

    def start(self, name: str, attributes: dict[str, str]) -> None:
        # Called for each of a million cells.
        tag = _TAGS.get(name)
        if tag == "c":
            place = attributes.get("r")
            if place is None:
                self.column += 1
            else:
                letters = place.rstrip("0123456789")
                self.column = _column_number(letters)
                if not self.has_row:
                    self.row = int(place[len(letters) :]) - 1
            if attributes.get("t") == "e":
                self.error.clear()
                self.parser.CharacterDataHandler = self.error.append
                self.parser.EndElementHandler = self.end_of_error
        elif tag == "row":
            self.has_row = "r" in attributes
            self.row = int(attributes["r"]) - 1 if self.has_row else self.row + 1
            self.column = -1
        elif tag is not None:
            if not (0 <= self.row < _LAST_ROW and 0 <= self.column < _LAST_COLUMN):
                raise damaged()
            self.extent.add(self.row, self.column)

    def end_of_error(self, name: str) -> None:
        if _TAGS.get(name) == "c":
            # The text of the formula comes before its value.
            text = "".join(self.error)
            self.extent.add_error(self.row, self.column, CellError(text[text.rfind("#") :]))
            self.parser.CharacterDataHandler = self.parser.EndElementHandler = None


@cache
def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
