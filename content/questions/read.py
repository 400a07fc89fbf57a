"""A file of questions in any format that the service knows -> what it holds; and questions -> a file."""

import zipfile
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Literal, TypeAlias

from content.errors import ContentError
from content.questions.aiken import is_aiken, parse_aiken
from content.questions.check import ParsedQuestion
from content.questions.collect import QuestionSheet
from content.questions.gift import MAX_BYTES, parse_gift
from content.questions.gift_write import write_gift
from content.questions.qti import parse_qti_item, parse_qti_package
from content.questions.qti_write import write_qti
from content.questions.sheet import parse_other_sheet, parse_question_sheet, write_question_sheet
from content.text import decode_any

QuestionFormat: TypeAlias = Literal["xlsx", "gift", "qti21", "qti3"]

_ZIP_MAGIC, _OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SHEETS = {"xlsx", "xls", "csv", "tsv"}
_WRITERS: dict[QuestionFormat, Callable[[Sequence[ParsedQuestion]], bytes]] = {
    "xlsx": write_question_sheet,
    "gift": write_gift,
    "qti21": lambda questions: write_qti(questions, "qti21"),
    "qti3": lambda questions: write_qti(questions, "qti3"),
}


def parse_questions(data: bytes, options: Mapping[str, object]) -> QuestionSheet:
    """Return what a file holds: .xlsx, .xls, .csv, GIFT, Aiken, a QTI item or a QTI package.

    `options` is {"file_name": ...}: its extension tells formats of text apart; the others are known by their bytes.
    Raises ContentError for what none of the readers can take, with what to do about it.
    """
    extension = str(options.get("file_name", "")).rpartition(".")[2].strip().lower()
    if data.startswith(_ZIP_MAGIC):
        return parse_question_sheet(data) if _is_workbook(data, extension) else parse_qti_package(data)
    if not data.strip():
        raise ContentError("empty_file", "文件是空的，请检查后重新上传。")
    if data.startswith(_OLE_MAGIC) or extension in _SHEETS:
        return parse_other_sheet(data)
    text = decode_any(data, limit=MAX_BYTES)
    if extension == "xml" or text.lstrip().startswith("<"):
        return parse_qti_item(data)
    # Both are sent as .txt.
    if extension != "gift" and is_aiken(text):
        return parse_aiken(data)
    return parse_gift(data)


def _is_workbook(data: bytes, extension: str) -> bool:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
    # The reader that is chosen says what is wrong with it.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return extension in _SHEETS
    # The second is of OpenDocument: that reader says what to save it as.
    return extension in _SHEETS or "[Content_Types].xml" in names or "mimetype" in names


def write_questions(questions: Sequence[ParsedQuestion], file_format: QuestionFormat) -> bytes:
    """Return the file that `parse_questions` reads as the same questions; QTI raises ContentError beyond 1,999."""
    return _WRITERS[file_format](questions)
