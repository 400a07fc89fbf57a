"""How long an MP3 file is, as far as it can be known from a few reads."""

import struct

import pytest

from content.media_mp3 import read_seconds
from tests.content.samples import mp3

FRAME = b"\xff\xfb\x90\x00"


def seconds_of(data: bytes) -> float | None:
    """The length of a file that is held in memory."""
    reading = read_seconds(len(data))
    wanted = next(reading)
    try:
        while True:
            wanted = reading.send(data[wanted[0] : wanted[1]])
    except StopIteration as done:
        seconds: float | None = done.value
        return seconds


def counted(name: bytes, frames: int, flags: int = 1) -> bytes:
    """A first frame that says how many there are; the frames themselves are of two rates."""
    head = FRAME + bytes(32) + name + struct.pack(">II", flags, frames)
    return head.ljust(417, b"\0") + mp3(5, slower=5)


@pytest.mark.parametrize("name", [b"Xing", b"Info"])
def test_the_first_frame_may_say_how_many_there_are(name: bytes) -> None:
    assert seconds_of(counted(name, 1000)) == pytest.approx(1000 * 1152 / 44_100)


def test_another_encoder_says_it_elsewhere() -> None:
    head = FRAME + bytes(32) + b"VBRI" + bytes(10) + struct.pack(">I", 500)
    assert seconds_of(head.ljust(417, b"\0") + mp3(5, slower=5)) == pytest.approx(500 * 1152 / 44_100)


def test_with_one_rate_the_size_says_it() -> None:
    tag = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
    assert seconds_of(tag + mp3(1000)) == pytest.approx(1000 * 417 * 8 / 128_000)


def test_a_footer_of_the_tag_is_no_sound() -> None:
    tag = b"ID3\x04\x00\x10\x00\x00\x02\x00" + bytes(256 + 10)
    assert seconds_of(tag + mp3(1000)) == pytest.approx(1000 * 417 * 8 / 128_000)


@pytest.mark.parametrize(
    "data",
    [
        mp3(300, slower=300),
        counted(b"Xing", 1000, flags=0) + mp3(200, slower=200),
        counted(b"Xing", 0) + mp3(200, slower=200),
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + mp3(10),
        b"ID3\x04\x00\x00\x00\x00\x00\x00" + bytes(500),
    ],
    ids=["rates that change", "no count", "a count of none", "a tag beyond the end", "no frame"],
)
def test_what_nobody_can_know_is_not_guessed(data: bytes) -> None:
    assert seconds_of(data) is None
