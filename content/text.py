"""Normal forms of text: what is stored, and what is compared."""

import re
import unicodedata
from collections.abc import Iterable

from content.errors import ContentError

MAX_TEXT_BYTES = 512 * 1024


def compact(text: str) -> str:
    """Return the text for comparing: NFKC, without white space and invisible format characters."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(char for char in folded if not char.isspace() and unicodedata.category(char) != "Cf")


def normalise(text: str) -> str:
    """Return the text for storing: NFC with newlines as LF; NUL and lone surrogates raise `invalid_characters`."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise ContentError("invalid_characters", "内容含有无法保存的字符，请删除后重试。")
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_field(text: str, name: str, label: str, limit: int, *, required: bool = False, lines: bool = False) -> str:
    """Return a checked field: trimmed, one line unless `lines`, at most `limit` characters.

    Raises ContentError `missing_<name>` or `<name>_too_long`; `label` is the Chinese name in the message.
    """
    text = normalise(text)
    text = text.strip() if lines else " ".join(text.split())
    if required and not text:
        raise ContentError(f"missing_{name}", f"缺少{label}，请填写。")
    if len(text) > limit:
        raise ContentError(f"{name}_too_long", f"{label}最多 {limit} 个字，现有 {len(text)} 个字，请缩短。")
    return text


def decode_utf8(data: bytes, *, limit: int = MAX_TEXT_BYTES) -> str:
    """Decode an uploaded text file (UTF-8, a BOM is accepted), at most `limit` bytes, and normalise it."""
    if len(data) > limit:
        raise ContentError("file_too_large", f"文件超过 {limit // 1024} KB，请精简或拆分后重新上传。")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ContentError("not_utf8", "文件不是 UTF-8 编码，请另存为 UTF-8 后重新上传。") from None
    return normalise(text)


_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACE_IN_HAN = re.compile(f"(?<=[{_HAN}])\\s+(?=[{_HAN}])")


def clean_name(text: str) -> str:
    """Return a name for storing: NFC, no invisible characters, and 张　三 becomes 张三."""
    visible = "".join(char for char in normalise(text) if unicodedata.category(char) != "Cf")
    return " ".join(_SPACE_IN_HAN.sub("", visible).split())


def listed(names: Iterable[str]) -> str:
    """Return the names as a Chinese enumeration, each in corner brackets."""
    return "、".join(f"「{name}」" for name in names)
