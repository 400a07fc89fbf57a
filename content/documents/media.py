"""Audio and video: known by their first bytes, streamed to storage by the caller, and never parsed."""

from content.documents.kinds import extension_of
from content.documents.refused import REFUSED_MEDIA
from content.errors import ContentError

_MEDIA_TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "wav": "audio/wav", "mp4": "video/mp4", "m4v": "video/mp4"}
_BRANDS_OF_MP4 = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"MSNV")
MEDIA_HEAD_BYTES = 64


def media_type_of(head: bytes, file_name: str) -> str:
    """Return audio/mpeg, audio/mp4, audio/wav or video/mp4 by the first 64 bytes, which must agree with the extension.

    Whether a phone can play the video's codec is not known from them. Raises ContentError `unsupported_media`,
    `extension_mismatch`, `empty_file`.
    """
    if not head:
        raise ContentError("empty_file", "文件是空的，请检查后重新上传。")
    extension = extension_of(file_name)
    if extension in REFUSED_MEDIA:
        raise ContentError("unsupported_media", REFUSED_MEDIA[extension])
    if extension not in _MEDIA_TYPES:
        raise ContentError("unsupported_media", "不支持这种文件，请上传 MP3、M4A、WAV 音频或 MP4 视频。")
    if extension not in _extensions(head):
        raise ContentError(
            "extension_mismatch", f"文件的扩展名是 .{extension}，内容却不是。请重新导出为 .{extension} 后上传。"
        )
    return _MEDIA_TYPES[extension]


def _extensions(head: bytes) -> set[str]:
    """Return the extensions that a file with these first bytes may have."""
    if head.startswith((b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")):
        return {"mp3"}
    if head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        return {"wav"}
    if head[4:8] == b"ftyp" and head[8:12] in {b"M4A ", b"M4B "}:
        return {"m4a"}
    # Some recorders give sound alone the general brands of MP4.
    return {"mp4", "m4v", "m4a"} if head[4:8] == b"ftyp" and head[8:12] in _BRANDS_OF_MP4 else set()
