"""Media are what their bytes say."""

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from content.errors import ContentError
from content.media import GIF, HEAD, JPEG, M4A, MP3, MP4, PNG, TYPES, WAV, WEBP, promised_kind, recognise
from content.media_facts import Facts, read_facts
from tests.content.samples import SOUND, SVG, box, mp3, mp4, picture, wav

FILES = [
    (picture("PNG"), Facts(PNG, 40, 30)),
    (picture("JPEG", 1234, 5), Facts(JPEG, 1234, 5)),
    (picture("WEBP"), Facts(WEBP, 40, 30)),
    (picture("GIF"), Facts(GIF, 40, 30)),
    (mp4(), Facts(MP4, 320, 240, 90.0)),
    (mp4(index_first=True), Facts(MP4, 320, 240, 90.0)),
    (mp4(brand=b"M4A ", tracks=SOUND), Facts(M4A, seconds=90.0)),
    (mp4(tracks=SOUND), Facts(M4A, seconds=90.0)),
    (mp3(), Facts(MP3, seconds=4 * 417 * 8 / 128_000)),
    (b"ID3\x03\x00\x00\x00\x00\x00\x00" + mp3(), Facts(MP3, seconds=4 * 417 * 8 / 128_000)),
    (wav(2.5), Facts(WAV, seconds=2.5)),
]


def facts_of(data: bytes) -> Facts:
    """The facts of a file that is held in memory."""
    reading = read_facts(recognise(data[:HEAD]), len(data))
    try:
        wanted = next(reading)
        while True:
            wanted = reading.send(data[wanted[0] : wanted[1]])
    except StopIteration as done:
        facts: Facts = done.value
        return facts


@pytest.mark.parametrize(("data", "expected"), FILES, ids=lambda value: getattr(value, "type", MP3).extension)
def test_each_type_is_recognised_with_its_size_and_length(data: bytes, expected: Facts) -> None:
    assert facts_of(data) == expected


@pytest.mark.parametrize("lossless", [False, True])
def test_every_form_of_webp_says_how_large_it_is(lossless: bool) -> None:
    output = io.BytesIO()
    Image.new("RGBA", (301, 17), (255, 0, 0, 128)).save(output, "WEBP", lossless=lossless)
    assert facts_of(output.getvalue()) == Facts(WEBP, 301, 17)


@pytest.mark.parametrize(
    "data",
    [
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7\n",
        b"PK\x03\x04" + bytes(100),
        b"\x7fELF" + bytes(100),
        b"MZ" + bytes(100),
        b"\x89PNG but not really",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        box(b"ftyp", b"qt  ", bytes(4)),
        box(b"ftyp", b"heic", bytes(4)),
        b"\xff\xfb\x90\x00" + bytes(1000),  # the beginning of a frame, and no second one
        b"",
        b"\x00",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_whatever_else_it_may_be_is_refused(data: bytes) -> None:
    with pytest.raises(ContentError) as refused:
        recognise(data)
    assert refused.value.code == "unknown_media"


@pytest.mark.parametrize("data", [SVG, b"\xef\xbb\xbf \n<svg/>", b"<!-- x --><SVG onload=alert(1)>"])
def test_an_svg_is_refused_with_its_own_code(data: bytes) -> None:
    with pytest.raises(ContentError) as refused:
        recognise(data)
    assert refused.value.code == "svg_refused"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.PNG", "picture"),
        ("b.jpeg", "picture"),
        ("讲话.mp4", "video"),
        ("x.tar.m4a", "audio"),
        ("../../e.wav", "audio"),
    ],
)
def test_a_name_promises_a_kind(name: str, kind: str) -> None:
    assert promised_kind(name) == kind


@pytest.mark.parametrize(
    ("name", "code"),
    [("a.svg", "svg_refused"), ("a.SVGZ", "svg_refused"), ("a.exe", "unknown_media"), ("mp4", "unknown_media")],
)
def test_a_name_that_promises_nothing_we_keep_is_refused(name: str, code: str) -> None:
    with pytest.raises(ContentError) as refused:
        promised_kind(name)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "data",
    [
        picture("PNG")[:20],
        picture("JPEG")[:30],
        wav()[:40].replace(b"data", b"junk"),
        mp4()[:60],
        box(b"ftyp", b"isom", bytes(4)) + bytes(500),
        box(b"ftyp", b"isom", bytes(4)) + b"<script>alert(1)</script>",
        box(b"ftyp", b"isom", bytes(4)) + box(b"free") * 2000,
        box(b"ftyp", b"isom", bytes(4)) + b"\xff\xff\xff\xffmoov",
    ],
    ids=["png", "jpeg", "wav", "mp4 cut", "mp4 of zeros", "mp4 with a page", "mp4 of endless boxes", "mp4 that lies"],
)
def test_a_file_that_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(ContentError) as refused:
        facts_of(data)
    assert refused.value.code == "broken_media"


@given(st.sampled_from([data for data, _ in FILES]), st.data())
def test_no_damage_does_more_than_refuse_the_file(data: bytes, draw: st.DataObject) -> None:
    place = draw.draw(st.integers(0, len(data)))
    damaged = data[:place] + draw.draw(st.binary(max_size=8)) + data[place + draw.draw(st.integers(0, 8)) :]
    # Anything but a refusal is raised here, and so fails the test; what is taken has a type of ours.
    with suppress(ContentError):
        assert facts_of(damaged).type.name in TYPES


def test_every_type_ends_in_what_it_is() -> None:
    assert {each.extension: each.name for each in TYPES.values()} == {
        "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
        "mp4": "video/mp4", "m4a": "audio/mp4", "mp3": "audio/mpeg", "wav": "audio/wav",
    }  # fmt: skip


def test_a_video_track_of_version_1_is_read_as_well() -> None:
    header = box(b"tkhd", b"\x01", bytes(87), (640 << 16).to_bytes(4), (360 << 16).to_bytes(4))
    length = box(b"mvhd", b"\x01", bytes(19), (600).to_bytes(4), (6000).to_bytes(8), bytes(80))
    tracks = box(b"trak", header, box(b"mdia", box(b"hdlr", bytes(8), b"vide", bytes(13))))
    data = box(b"ftyp", b"mp42", bytes(4)) + box(b"moov", length, tracks)
    assert facts_of(data) == Facts(MP4, 640, 360, 10.0)
