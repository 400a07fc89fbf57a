"""Small media files, made here: pictures by Pillow, sound by `wave`, and of MP4 and MP3 the parts that matter."""

import io
import struct
import wave

from PIL import Image


def picture(form: str = "PNG", width: int = 40, height: int = 30) -> bytes:
    """A picture of one colour: PNG, JPEG, WEBP or GIF."""
    output = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(output, form)
    return output.getvalue()


def wav(seconds: float = 2.0) -> bytes:
    """Silence, 8,000 samples a second."""
    output = io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(16000 * seconds)))
    return output.getvalue()


def mp3(frames: int = 4, *, slower: int = 0) -> bytes:
    """Frames of MPEG-1 layer III, 128 kbit/s at 44.1 kHz, without a tag: 417 bytes each; then some of 64 kbit/s."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames + (b"\xff\xfb\x50\x00" + bytes(204)) * slower


def box(name: bytes, *parts: bytes) -> bytes:
    """A box of ISO base media."""
    body = b"".join(parts)
    return struct.pack(">I", 8 + len(body)) + name + body


def track(handler: bytes, width: int = 0, height: int = 0) -> bytes:
    """A track of a film."""
    header = box(b"tkhd", bytes(76), struct.pack(">II", width << 16, height << 16))
    return box(b"trak", header, box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(13))))


SOUND = track(b"soun")


def mp4(
    padding: int = 100,
    *,
    brand: bytes = b"isom",
    tracks: bytes = track(b"vide", 320, 240) + SOUND,
    seconds: int = 90,
    index_first: bool = False,
) -> bytes:
    """A film of so many bytes of data, with its index after them as a camera writes it."""
    length = box(b"mvhd", bytes(12), struct.pack(">II", 1000, seconds * 1000), bytes(80))
    index, data = box(b"moov", length, tracks), box(b"mdat", bytes(padding))
    parts = (index, data) if index_first else (data, index)
    return b"".join((box(b"ftyp", brand, bytes(4), brand), *parts))


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
