"""How large a picture is and how long a recording, from a few reads of its headers; what is not whole is refused.

Each reader is a generator: it yields the range (start, end) that it wants and is sent those bytes. So it runs over a
file and over a bucket, and knows neither.
"""

from collections.abc import Generator
from dataclasses import dataclass

from content.errors import ContentError
from content.media import GIF, HEAD, JPEG, M4A, MP3, MP4, PNG, WAV, WEBP, MediaType
from content.media_mp3 import read_seconds

Reading = Generator[tuple[int, int], bytes, "Facts"]
Walk = Generator[tuple[int, int], bytes, None]

# Of any structure: boxes, chunks, markers. A file that has more wants to keep us busy.
MOST_PIECES = 1000
# Start-of-frame markers of JPEG; C4, C8 and CC are something else.
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


@dataclass
class Facts:
    """What is known of a file: pixels, and seconds; None where it has none or does not say."""

    type: MediaType
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def read_facts(kind: MediaType, size: int) -> Reading:
    """The facts of a file of this recognised type and of `size` bytes; raises ContentError `broken_media`."""
    if kind in (MP4, M4A):
        return (yield from _mp4(size))
    if kind == JPEG:
        return (yield from _jpeg(size))
    if kind == WAV:
        return (yield from _wav(size))
    if kind == MP3:
        return Facts(MP3, seconds=(yield from read_seconds(size)))
    head = yield 0, min(size, HEAD)
    width, height = {PNG: _png, GIF: _gif, WEBP: _webp}[kind](head)
    return _picture(kind, width, height)


def _picture(kind: MediaType, width: int, height: int) -> Facts:
    if not (width and height):
        raise _broken()
    return Facts(kind, width, height)


def _png(head: bytes) -> tuple[int, int]:
    return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])


def _gif(head: bytes) -> tuple[int, int]:
    return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")


def _webp(head: bytes) -> tuple[int, int]:
    """Of the three forms (RFC 9649, 2.5 to 2.7)."""
    form = head[12:16]
    if form == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if form == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    if form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return 0, 0


def _jpeg(size: int) -> Reading:
    place = 2
    for _ in range(MOST_PIECES):
        header = yield place, min(size, place + 9)
        if len(header) < 9 or header[0] != 0xFF:
            break
        if header[1] in _FRAMES:
            return _picture(JPEG, int.from_bytes(header[7:9]), int.from_bytes(header[5:7]))
        # A marker may be preceded by any number of 0xFF.
        place += 1 if header[1] == 0xFF else 2 + int.from_bytes(header[2:4])
    raise _broken()


def _wav(size: int) -> Reading:
    place, a_second = 12, 0
    for _ in range(MOST_PIECES):
        header = yield place, min(size, place + 20)
        if len(header) < 8:
            break
        length = int.from_bytes(header[4:8], "little")
        if header[:4] == b"fmt ":
            a_second = int.from_bytes(header[16:20], "little")
        if header[:4] == b"data" and a_second:
            return Facts(WAV, seconds=min(length, size - place - 8) / a_second)
        place += 8 + length + length % 2
    raise _broken()


def _mp4(size: int) -> Reading:
    """MP4 and M4A: a video is what has a video track, whatever its brand says."""
    facts = Facts(M4A)
    yield from _boxes(0, size, facts)
    if facts.seconds is None:
        raise _broken()
    return facts


def _boxes(start: int, end: int, facts: Facts) -> Walk:
    """Walks the boxes (ISO/IEC 14496-12, 4.2) from `start` to `end` and, of those that matter, what is in them."""
    pending = [(start, end)]
    for _ in range(MOST_PIECES):
        while pending and pending[-1][0] + 8 > pending[-1][1]:
            pending.pop()
        if not pending:
            return
        place, limit = pending.pop()
        # The longest of those that are read: a track header of version 1, with its box.
        head = yield place, min(limit, place + 112)
        length, skipped = _length(head, limit - place)
        pending.append((place + length, limit))
        name, body = head[4:8], head[skipped:length]
        if name in (b"moov", b"trak", b"mdia"):
            pending.append((place + skipped, place + length))
        _note(name, body, facts)
    raise _broken()


def _length(head: bytes, room: int) -> tuple[int, int]:
    """The length of a box with its header, and of the header; a box that leaves its parent is broken."""
    length, skipped = int.from_bytes(head[:4]), 8
    if length == 1:
        length, skipped = int.from_bytes(head[8:16]), 16
    if length == 0:
        length = room
    if not skipped <= length <= room:
        raise _broken()
    return length, skipped


def _note(name: bytes, body: bytes, facts: Facts) -> None:
    """Takes what a box says."""
    long = body[:1] == b"\x01"
    if name == b"mvhd":
        scale = int.from_bytes(body[20:24] if long else body[12:16])
        length = int.from_bytes(body[24:32] if long else body[16:20])
        facts.seconds = length / scale if scale else None
    elif name == b"tkhd":
        sizes = body[88:96] if long else body[76:84]
        # 16.16 fixed point; of a sound track both are zero.
        width, height = int.from_bytes(sizes[:4]) >> 16, int.from_bytes(sizes[4:8]) >> 16
        if width and height and facts.width is None:
            facts.width, facts.height = width, height
    elif name == b"hdlr" and body[8:12] == b"vide":
        facts.type = MP4


def _broken() -> ContentError:
    return ContentError("broken_media", "文件不完整或已损坏，无法播放或显示。请检查原文件，重新导出后再上传。")
