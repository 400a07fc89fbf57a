"""What a media file is, by its first bytes: never by its name, and never by what its sender says."""

from dataclasses import dataclass
from typing import Literal

from content.errors import ContentError

Kind = Literal["picture", "audio", "video"]

# So many bytes are enough to recognise each type.
HEAD = 4096


@dataclass(frozen=True)
class MediaType:
    """A type that is kept: `name` is served as Content-Type, `extension` ends the name that the server makes."""

    name: str
    kind: Kind
    extension: str


PNG = MediaType("image/png", "picture", "png")
JPEG = MediaType("image/jpeg", "picture", "jpg")
WEBP = MediaType("image/webp", "picture", "webp")
GIF = MediaType("image/gif", "picture", "gif")
MP4 = MediaType("video/mp4", "video", "mp4")
M4A = MediaType("audio/mp4", "audio", "m4a")
MP3 = MediaType("audio/mpeg", "audio", "mp3")
WAV = MediaType("audio/wav", "audio", "wav")
TYPES = {each.name: each for each in (PNG, JPEG, WEBP, GIF, MP4, M4A, MP3, WAV)}

# What the name of a file promises: it decides only how large the file may be before its bytes have been seen.
_ALSO: dict[str, Kind] = {"jpeg": "picture", "m4v": "video"}
_PROMISED = {each.extension: each.kind for each in TYPES.values()} | _ALSO

# ISO base media (MP4) by its brand; other brands are QuickTime, HEIC, AVIF, 3GPP and more.
_ISO_BRANDS = (b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6")
_MP4_BRANDS = (*_ISO_BRANDS, b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV", b"dash")
_M4A_BRANDS = (b"M4A ", b"M4B ")

# kbit/s of MPEG-1 and MPEG-2 layer III, and Hz of MPEG-1 (ISO/IEC 11172-3, 2.4.2.3); index 0 is "free format".
_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_SAMPLES_1 = (44100, 48000, 32000)


def promised_kind(file_name: str) -> Kind:
    """The kind that the name of a file promises; raises ContentError `svg_refused` or `unknown_media`."""
    _, dot, extension = file_name.lower().rpartition(".")
    if extension in ("svg", "svgz"):
        raise _svg()
    if not dot or extension not in _PROMISED:
        raise _unknown()
    return _PROMISED[extension]


def recognise(head: bytes) -> MediaType:
    """The type of a file that begins with `head`, of `HEAD` bytes or the whole file; ContentError as above.

    Of MP4 only the file's tracks say whether it is a video: see `content.media_facts`.
    """
    found = _by_signature(head)
    if found is not None:
        return found
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith(b"<") and b"<svg" in text:
        raise _svg()
    raise _unknown()


def _by_signature(head: bytes) -> MediaType | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GIF
    if head.startswith(b"RIFF"):
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return MP4 if head[8:12] in _MP4_BRANDS else M4A if head[8:12] in _M4A_BRANDS else None
    return MP3 if _is_mp3(head) else None


def _is_mp3(head: bytes) -> bool:
    """A tag, or two frames one after the other: the 11 bits that a frame begins with are found in any file."""
    if head.startswith(b"ID3"):
        # Version 2.2 to 2.4, and a size of four bytes of seven bits.
        return len(head) >= 10 and 2 <= head[3] <= 4 and all(byte < 0x80 for byte in head[6:10])
    first = mp3_frame(head[:4])
    return first is not None and mp3_frame(head[first.length : first.length + 4]) is not None


@dataclass(frozen=True)
class Mp3Frame:
    """A frame of layer III: bits a second, hertz, samples, and the bytes of frame and of its side information."""

    bits: int
    hertz: int
    samples: int
    length: int
    side: int


def mp3_frame(header: bytes) -> Mp3Frame | None:
    """The frame with this header of four bytes (ISO/IEC 11172-3 and 13818-3), None where it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, rate, samples = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or rate in (0, 15) or samples == 3:
        return None
    first, mono = version == 3, header[3] >> 6 == 3
    bits = (_RATES_1 if first else _RATES_2)[rate] * 1000
    hertz = _SAMPLES_1[samples] >> {3: 0, 2: 1, 0: 2}[version]
    length = (144 if first else 72) * bits // hertz + (header[2] >> 1 & 1)
    side = (17 if mono else 32) if first else (9 if mono else 17)
    return Mp3Frame(bits, hertz, 1152 if first else 576, length, side)


def _svg() -> ContentError:
    return ContentError("svg_refused", "不接受 SVG 图片（其中可以藏有脚本）。请另存为 PNG 或 JPEG 后再上传。")


def _unknown() -> ContentError:
    return ContentError(
        "unknown_media",
        "不支持这种文件。图片请用 PNG、JPEG、WebP 或 GIF，视频请用 MP4，音频请用 M4A、MP3 或 WAV；其他格式请先转换。",
    )
