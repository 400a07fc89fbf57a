"""Whether an uploaded .xlsx or zip is safe to hand to a parser: bounds on what it really holds, not on what it says."""

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
_AGAIN_AS_XLSX = "请用 Excel 或 WPS 另存为 .xlsx 后重新上传。"
_AGAIN_AS_ZIP = "请用原来的软件重新导出后上传。"


def check_xlsx(data: bytes) -> None:
    """Raise ContentError unless the file is a plain .xlsx within the bounds of this module.

    Refused: other formats, encryption, macros, DTDs, odd names, and more than 100 MB or 100-fold when inflated.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ContentError("file_too_large", "文件超过 20 MB，请拆分后重新上传。")
    if data.startswith(_OLE2_MAGIC):
        raise ContentError("encrypted_or_xls", "文件有密码或为旧版 .xls 格式，请另存为 .xlsx 并取消密码后重新上传。")
    if not data.startswith(b"PK\x03\x04"):
        raise ContentError("not_xlsx", "文件不是 .xlsx 表格，请用 Excel 或 WPS 另存为 .xlsx 后重新上传。")
    _check_archive(data, _AGAIN_AS_XLSX, dtds=False)


def check_zip(data: bytes) -> None:
    """Raise ContentError unless the file is a plain zip within the same bounds; DTDs are left to who reads the XML."""
    if len(data) > MAX_FILE_BYTES:
        raise ContentError("file_too_large", "文件超过 20 MB，请拆分后重新上传。")
    _check_archive(data, _AGAIN_AS_ZIP, dtds=True)


def _check_archive(data: bytes, again: str, *, dtds: bool) -> None:
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            _check_names(archive.infolist(), again)
            _check_contents(archive, again, dtds)
    # What zipfile raises for damaged and unsupported archives, by its source.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError):
        raise _damaged(again) from None


def _check_names(entries: list[zipfile.ZipInfo], again: str) -> None:
    if len(entries) > MAX_ENTRIES:
        raise _bomb(again)
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names):
        raise _damaged(again)
    for entry in entries:
        name = entry.filename
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
            raise ContentError("unsafe_names", f"文件内部含有不安全的路径，{again}")
        if name.casefold().endswith("vbaproject.bin"):
            raise ContentError("has_macros", f"文件含有宏，请去掉宏，{again}")
        if entry.flag_bits & 1:
            raise ContentError("encrypted_or_xls", f"文件有密码，请取消密码，{again}")
        # Excel and WPS write only these two; the others are slower to inflate or need far more memory.
        if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise _damaged(again)


def _check_contents(archive: zipfile.ZipFile, again: str, dtds: bool) -> None:
    total = 0
    for entry in archive.infolist():
        inflated = 0
        tail = b""
        for chunk in _chunks(archive, entry):
            inflated += len(chunk)
            total += len(chunk)
            ratio_broken = inflated > RATIO_EXEMPT_BYTES and inflated > MAX_RATIO * entry.compress_size
            if total > MAX_INFLATED_BYTES or ratio_broken:
                raise _bomb(again)
            # XML may be UTF-16, and a mark may lie across two chunks.
            text = tail + chunk.replace(b"\0", b"").upper()
            if not dtds and (b"<!DOCTYPE" in text or b"<!ENTITY" in text):
                raise ContentError("has_dtd", f"文件含有不允许的 XML 声明，{again}")
            tail = text[-16:]


def _chunks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _damaged(again: str) -> ContentError:
    return ContentError("damaged_file", f"文件已损坏或不是有效的格式，{again}")


def _bomb(again: str) -> ContentError:
    return ContentError("file_too_complex", f"文件解压后过大，请删除多余的工作表、图片和格式，{again}")
