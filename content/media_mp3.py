"""How long an MP3 file is: it says so in its first frame, or all its frames have one rate.

Nothing in the format has to say it. A generator, as those of `content.media_facts`.
"""

from collections.abc import Generator

from content.media import Mp3Frame, mp3_frame

# Version, layer, rate and frequency of a frame: the same in all frames of a file of a constant rate.
_SAME = (0xFF, 0xFE, 0xFC)
# Where it is looked whether the rate is constant, evenly spread.
_PLACES = 32


def read_seconds(size: int) -> Generator[tuple[int, int], bytes, float | None]:
    """The length in seconds, None where it cannot be known without reading all of the file."""
    tag = yield 0, min(size, 10)
    start = _end_of_tag(tag) if tag.startswith(b"ID3") else 0
    head = yield min(start, size), min(size, start + 180)
    frame = mp3_frame(head[:4])
    if frame is None:
        return None
    frames = _counted(head, frame)
    if frames is not None:
        return frames * frame.samples / frame.hertz
    for place in range(1, _PLACES):
        at = start + (size - start) * place // _PLACES
        window = yield at, min(size, at + 2 * frame.length + 4)
        # The last ones may hold the end of the file only.
        if len(window) == 2 * frame.length + 4 and not _has(window, head):
            return None
    return (size - start) * 8 / frame.bits


def _end_of_tag(tag: bytes) -> int:
    """Where an ID3 tag ends (ID3v2.4, 3.1): its size is of four bytes of seven bits, a footer comes on top."""
    size = 0
    for byte in tag[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if tag[5] & 0x10 else 0)


def _counted(head: bytes, frame: Mp3Frame) -> int | None:
    """How many frames the first one, which holds no sound, says that there are."""
    xing = head[4 + frame.side :]
    if xing[:4] in (b"Xing", b"Info") and int.from_bytes(xing[4:8]) & 1:
        return int.from_bytes(xing[8:12]) or None
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54]) or None
    return None


def _has(window: bytes, header: bytes) -> bool:
    """Whether a frame like that of the header begins in the first half of the window."""
    wanted = [byte & mask for byte, mask in zip(header, _SAME, strict=False)]
    return any(
        [byte & mask for byte, mask in zip(window[place : place + 3], _SAME, strict=True)] == wanted
        for place in range(len(window) // 2)
    )
