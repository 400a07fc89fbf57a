import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, features

from content.documents.pictures import Collector, parse_picture, recode
from content.documents.result import MAX_PICTURES
from content.errors import ContentError


def made(kind: str, mode: str = "RGB", size: tuple[int, int] = (64, 48), **options: Any) -> bytes:
    output = BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(output, kind, **options)
    return output.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def code_of(data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        recode(data)
    assert caught.value.detail
    return caught.value.code


def huge_png(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_each_format_becomes_a_picture_of_ours(kind: str) -> None:
    assert features.check("webp")
    recoded = recode(made(kind, "RGB", (300, 200)))
    assert (recoded.width, recoded.height, recoded.animated) == (300, 200, False)
    assert opened(recoded.data).format in {"PNG", "JPEG"}
    assert recoded.media_type in {"image/png", "image/jpeg"}


def test_a_photograph_is_a_jpeg_and_a_drawing_of_few_colours_a_png() -> None:
    photograph = Image.merge("RGB", [Image.effect_noise((64, 64), spread) for spread in (20, 50, 90)])
    output = BytesIO()
    photograph.save(output, "PNG")
    assert recode(output.getvalue()).media_type == "image/jpeg"
    assert recode(made("PNG", "1")).media_type == "image/png"


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I;16", "1"])
def test_each_mode_of_a_png_can_be_read(mode: str) -> None:
    output = BytesIO()
    Image.linear_gradient("L").convert("I;16" if mode == "I;16" else mode).save(output, "PNG")
    assert recode(output.getvalue()).width == 256


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    output = BytesIO()
    Image.new("I;16", (4, 4), 0x8000).save(output, "PNG")
    assert opened(recode(output.getvalue()).data).convert("L").getpixel((0, 0)) == 128


def test_transparency_is_kept_only_where_there_is_some() -> None:
    for alpha, mode in ((255, "RGB"), (120, "RGBA")):
        output = BytesIO()
        Image.new("RGBA", (8, 8), (10, 20, 30, alpha)).save(output, "PNG")
        assert opened(recode(output.getvalue()).data).mode == mode


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    assert opened(recode(made("JPEG", "CMYK")).data).mode == "RGB"


def test_metadata_is_gone_and_the_picture_is_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "某手机"
    source = made("JPEG", "RGB", (64, 48), exif=exif, icc_profile=b"profile" * 20, comment=b"note")
    recoded = recode(source)
    assert (recoded.width, recoded.height) == (48, 64)
    kept = opened(recoded.data)
    assert not kept.getexif()
    assert not {"icc_profile", "comment", "exif"} & set(kept.info)


def test_the_longest_side_is_bounded() -> None:
    recoded = recode(made("JPEG", "L", (3200, 800)))
    assert (recoded.width, recoded.height) == (1600, 400)


def test_an_animation_keeps_its_first_frame_and_says_so() -> None:
    output = BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(output, "GIF", save_all=True, append_images=frames[1:])
    document = parse_picture(output.getvalue())
    assert [notice.code for notice in document.warnings] == ["animated_picture"]
    assert opened(document.pictures[0].data).convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    assert document.html == '<p class="page"><img src="/api/v1/assets/document/1" alt=""></p>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (huge_png(13_000, 13_000), "picture_too_large"),
        (huge_png(5_001, 5_000), "picture_too_large"),
        (huge_png(2**31 - 1, 2**31 - 1), "picture_too_large"),
        (huge_png(100, 100), "damaged_picture"),
        (huge_png(0, 0), "unsupported_picture"),
        (bytes(21 * 1024 * 1024), "picture_too_large"),
        (b"", "unsupported_picture"),
        (b"<svg onload='alert(1)'/>", "unsupported_picture"),
        (b"\x89PNG\r\n\x1a\n", "unsupported_picture"),
        (made("JPEG")[:300], "damaged_picture"),
        (made("TIFF"), "unsupported_picture"),
    ],
    ids=[
        "169 megapixels", "26 megapixels", "no end", "no pixels", "no size", "21 MB", "empty", "SVG", "magic",
        "cut off", "TIFF",
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_25_megapixels_are_read() -> None:
    assert recode(made("JPEG", "L", (5000, 5000))).width == 1600


def test_a_document_keeps_the_same_picture_once() -> None:
    collector = Collector()
    first, second = collector.add(made("PNG", "1"), "甲"), collector.add(made("PNG", "L"), '"><script>')
    again = collector.add(made("PNG", "1", (4, 4)))
    assert first == '<img src="/api/v1/assets/document/1" alt="甲">'
    assert second == '<img src="/api/v1/assets/document/2" alt="&quot;&gt;&lt;script&gt;">'
    assert again == '<img src="/api/v1/assets/document/3" alt="">'
    data = made("PNG", "L")
    assert collector.add(data) == collector.add(data)
    assert len(collector.pictures) == 4


def test_pictures_and_placeholders_of_a_document_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    for _ in range(MAX_PICTURES):
        collector.add_placeholder("", "")
    with pytest.raises(ContentError, match="too_many_pictures"):
        collector.add_placeholder("", "")
    monkeypatch.setattr("content.documents.pictures.MAX_TOTAL_BYTES", 100)
    with pytest.raises(ContentError, match="pictures_too_large"):
        collector.add(made("PNG", "L"))
