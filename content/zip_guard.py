"""Whether an .xlsx, .docx, .pptx or zip is safe to hand to a parser: bounds on what it holds, not on what it says."""

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from content.errors import ContentError

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_ENTRIES = 2_000
MAX_INFLATED_BYTES = 100 * 1024 * 1024
MAX_RATIO = 100
# A small entry of repeated XML may well shrink by more than 100 and still be harmless.
RATIO_EXEMPT_BYTES = 100 * 1024

_OLE2_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 64 * 1024


_PROGRAMS = {"xlsx": "Excel", "docx": "Word", "pptx": "PowerPoint"}


def check_xlsx(data: bytes) -> None:
    """Raise ContentError unless the file is a plain .xlsx within the bounds of this module.

    Refused: other formats, encryption, macros, DTDs, odd names, and more than 100 MB or 100-fold when inflated.
    """
    check_package(data, "xlsx")


def check_package(data: bytes, extension: str) -> None:
    """Raise ContentError unless the file is a plain .xlsx, .docx or .pptx, as the extension says, within the bounds."""
    save_as = f"请用 {_PROGRAMS[extension]} 或 WPS 另存为 .{extension}"
    if len(data) > MAX_FILE_BYTES:
        raise ContentError("file_too_large", "文件超过 20 MB，请压缩其中的图片或拆分后重新上传。")
    if data.startswith(_OLE2_MAGIC):
        raise _encrypted(extension)
    if not data.startswith(b"PK\x03\x04"):
        raise ContentError(f"not_{extension}", f"文件不是有效的 .{extension}，{save_as} 后重新上传。")
    _check_archive(data, extension, f"{save_as} 后重新上传。", dtds=False)


def check_zip(data: bytes) -> None:
    """Raise ContentError unless the file is a plain zip within the same bounds; DTDs are left to who reads the XML."""
    if len(data) > MAX_FILE_BYTES:
        raise ContentError("file_too_large", "文件超过 20 MB，请拆分后重新上传。")
    _check_archive(data, "zip", "请用原来的软件重新导出后上传。", dtds=True)


def _check_archive(data: bytes, extension: str, again: str, *, dtds: bool) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_names(archive.infolist(), extension, again)
            _check_contents(archive, again, dtds)
    # What zipfile raises for damaged and unsupported archives, by its source.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError):
        raise _damaged(again) from None


def _check_names(entries: list[zipfile.ZipInfo], extension: str, again: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _bomb()
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise _damaged(again)
    for entry in entries:
        name = entry.filename
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise ContentError("unsafe_names", f"文件内部含有不安全的路径，{again}")
        if name.casefold().endswith("vbaproject.bin"):
            raise ContentError("has_macros", f"文件含有宏，请另存为不含宏的 .{extension} 后重新上传。")
        if entry.flag_bits & 1:
            raise _encrypted(extension)
        # Excel and WPS write only these two; the others are slower to inflate or need far more memory.
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _damaged(again)


def _check_contents(archive: zipfile.ZipFile, again: str, dtds: bool) -> None:
    total = 0
    for entry in archive.infolist():
        inflated = 0
        tail = b""
        # On a Mac these hold a property list with its DTD; no reader opens them.
        settings = "/printerSettings" in entry.filename
        for chunk in _chunks(archive, entry):
            inflated += len(chunk)
            total += len(chunk)
            ratio_broken = inflated > RATIO_EXEMPT_BYTES and inflated > MAX_RATIO * entry.compress_size
            if total > MAX_INFLATED_BYTES or ratio_broken:
                raise _bomb()
            # XML may be UTF-16, and a mark may lie across two chunks.
            text = tail + chunk.replace(b"\0", b"").upper()
            if not (dtds or settings) and (b"<!DOCTYPE" in text or b"<!ENTITY" in text):
                raise ContentError("has_dtd", f"文件含有不允许的 XML 声明，{again}")
            tail = text[-16:]


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _encrypted(extension: str) -> ContentError:
    if extension in ("xlsx", "zip"):
        return ContentError("encrypted_or_xls", "文件有密码或为旧版 .xls 格式，请另存为 .xlsx 并取消密码后重新上传。")
    return ContentError("encrypted_file", f"文件有密码，请取消密码后另存为 .{extension} 重新上传。")


def _damaged(again: str) -> ContentError:
    return ContentError("damaged_file", f"文件已损坏或不是有效的格式，请打开检查，{again}")


def _bomb() -> ContentError:
    return ContentError("file_too_complex", "文件解压后过大，请删除多余的内容、图片和格式后重新上传。")
