import struct
import zlib
from collections.abc import Callable
from io import BytesIO

from PIL import Image

from tests.content.documents.build_docx import picture

Case = tuple[str, Callable[[], bytes], str]


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_claiming(width: int, height: int, *more: bytes, data: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def text_bomb() -> bytes:
    content = b"Comment\0\0" + zlib.compress(bytes(100_000_000))
    return png_claiming(2, 2, chunk(b"zTXt", content), data=bytes(14))


def many_frames() -> bytes:
    frame = b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    return b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 300_000 + b";"


def animated_webp() -> bytes:
    output = BytesIO()
    frames = [Image.new("RGB", (64, 64), (number, 0, 0)) for number in range(200)]
    frames[0].save(output, "WEBP", save_all=True, append_images=frames[1:])
    return output.getvalue()


def jpeg_claiming(width: int, height: int) -> bytes:
    data = bytearray(picture("JPEG"))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)


def bmp_claiming(width: int, height: int) -> bytes:
    data = bytearray(picture("BMP"))
    struct.pack_into("<ii", data, 18, width, height)
    return bytes(data)


def with_exif_bomb() -> bytes:
    exif = Image.Exif()
    exif[0x9286] = "a" * 60_000
    return picture("JPEG", exif=exif)


IMAGES: dict[str, Case] = {
    "169 megapixels": ("a.png", lambda: png_claiming(13_000, 13_000, data=bytes(100)), "picture_too_large"),
    "dimensions beyond any memory": ("a.png", lambda: png_claiming(2**31 - 1, 2**31 - 1), "picture_too_large"),
    "no pixels": ("a.png", lambda: png_claiming(100, 100), "damaged_picture"),
    "no size": ("a.png", lambda: png_claiming(0, 0), "unsupported_picture"),
    "text that inflates a thousandfold": ("a.png", text_bomb, "damaged_picture"),
    "pixels that inflate beyond the size": ("a.png", lambda: png_claiming(4, 4, data=bytes(50_000_000)), ""),
    "a PNG cut off": ("a.png", lambda: picture("PNG", (400, 400))[:200], "damaged_picture"),
    "a PNG with an archive behind it": ("a.png", lambda: picture("PNG") + b"PK\x03\x04" + bytes(500), ""),
    "a PNG with a page behind it": ("a.png", lambda: picture("PNG") + b"<script>alert(1)</script>", ""),
    "a GIF of 65,535 squared": ("a.gif", lambda: b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(100), "unsupported_picture"),
    "a GIF that is a script": ("a.gif", lambda: b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)", "unsupported_picture"),
    "a GIF of 300,000 frames": ("a.gif", many_frames, ""),
    "a film of WebP": ("a.webp", animated_webp, ""),
    "a WebP cut off": ("a.webp", lambda: picture("WEBP", (400, 400))[:100], "damaged_picture"),
    "a WebP of nothing": ("a.webp", lambda: b"RIFF\xff\xff\xff\xffWEBPVP8X", "damaged_picture"),
    "a JPEG that claims 65,000 squared": ("a.jpg", lambda: jpeg_claiming(65_000, 65_000), "picture_too_large"),
    "a JPEG cut off": ("a.jpg", lambda: picture("JPEG", (400, 400))[:400], "damaged_picture"),
    "a JPEG of markers": ("a.jpg", lambda: b"\xff\xd8" + b"\xff\xe0\0\x02" * 200_000, "unsupported_picture"),
    "a JPEG with a great note": ("a.jpg", with_exif_bomb, ""),
    "a BMP upside down and huge": ("a.bmp", lambda: bmp_claiming(30_000, -30_000), "picture_too_large"),
    "a BMP of negative width": ("a.bmp", lambda: bmp_claiming(-40, 30), "picture_too_large"),
    "an SVG by another name": ("a.png", lambda: b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "unsupported_svg"),
    "an SVG": ("a.svg", lambda: b"<svg onload='alert(1)'/>", "unsupported_svg"),
    "a program by another name": ("a.png", lambda: b"MZ" + bytes(500), "unsupported_executable"),
    "a page by the name of a picture": ("a.jpg", lambda: b"<script>alert(1)</script>", "extension_mismatch"),
    "a name with a NUL": ("a.png\0.html", lambda: picture("PNG"), "extension_mismatch"),
    "a file name that climbs": ("../../a.png", lambda: picture("PNG"), ""),
}  # fmt: skip
