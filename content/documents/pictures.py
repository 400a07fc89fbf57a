"""Pictures: each is decoded within bounds and encoded anew, so that only its pixels are kept."""

import hashlib
import warnings
from dataclasses import dataclass, field
from html import escape
from io import BytesIO

from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from content.documents.result import (
    MAX_PICTURES,
    Notice,
    ParsedDocument,
    Picture,
    Placeholder,
    assemble,
    pending_picture,
    placeholder_html,
)
from content.errors import ContentError

# 169 megapixels take 664 MB of memory; a phone's camera makes 12 to 50.
MAX_PIXELS = 25_000_000
MAX_SIDE = 1600
MAX_PICTURE_BYTES = 20 * 1024 * 1024
# What the pictures of one document come to, encoded: they pass through the memory of the service.
MAX_TOTAL_BYTES = 12 * 1024 * 1024
_JPEG_QUALITY = 85
_FEW_COLOURS = 256
# A JPEG of several pictures is opened as one of "MPO".
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
# Pillow registers the formats when their modules are imported; it would look for them while it reads a file.
_PLUGINS = (BmpImagePlugin, GifImagePlugin, JpegImagePlugin, MpoImagePlugin, WebPImagePlugin)
Image.preinit()
# A chunk of text in a PNG may inflate without end.
PngImagePlugin.MAX_TEXT_CHUNK = 64 * 1024
PngImagePlugin.MAX_TEXT_MEMORY = 1024 * 1024


@dataclass(frozen=True)
class Recoded:
    """A picture as we encoded it: upright, at most 1,600 pixels a side, without metadata."""

    media_type: str
    width: int
    height: int
    data: bytes
    animated: bool


def recode(data: bytes) -> Recoded:
    """Return the first frame of a PNG, JPEG, WebP, GIF or BMP as JPEG, or as PNG where that keeps more.

    Raises what `decode` does.
    """
    image, animated = decode(data)
    media_type, encoded = encode(image)
    return Recoded(media_type, image.width, image.height, encoded, animated)


def decode(data: bytes) -> tuple[Image.Image, bool]:
    """Return the first frame of a picture as RGB or RGBA, upright, at most 1,600 pixels a side, and if there are more.

    Raises ContentError `picture_too_large` (over 20 MB or 25 megapixels), `unsupported_picture`, `damaged_picture`.
    """
    if len(data) > MAX_PICTURE_BYTES:
        raise _too_large()
    try:
        with warnings.catch_warnings():
            # A picture of 90 megapixels makes Pillow warn; ours is the lower bound.
            warnings.simplefilter("ignore")
            return _decode(data)
    except UnidentifiedImageError:
        raise ContentError(
            "unsupported_picture", "图片格式无法识别，请另存为 JPG 或 PNG 后重新上传（不支持 SVG、EMF、WMF、TIFF）。"
        ) from None
    except Image.DecompressionBombError:
        raise _too_large() from None
    except (ContentError, MemoryError):
        raise
    # A malformed picture makes Pillow raise nearly anything: OSError, SyntaxError, struct.error, IndexError ...
    except Exception:
        raise ContentError(
            "damaged_picture", "图片已损坏，无法打开，请重新导出或另存为 JPG、PNG 后重新上传。"
        ) from None


def _decode(data: bytes) -> tuple[Image.Image, bool]:
    with Image.open(BytesIO(data), formats=_FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise _too_large()
        animated = bool(getattr(opened, "is_animated", False)) and opened.format != "MPO"
        # A JPEG can be decoded at half or a quarter of its size: a fraction of the time.
        opened.draft("RGB", (MAX_SIDE, MAX_SIDE))
        opened.load()
        image = ImageOps.exif_transpose(opened)
    image = _plain(image)
    if max(image.size) > MAX_SIDE:
        image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image, animated


def _plain(image: Image.Image) -> Image.Image:
    """Return the image as RGB, or as RGBA where a pixel of it is transparent."""
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        # Sixteen bits a pixel: Pillow would cut them off instead of scaling them.
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        image = image.convert("RGBA")
        alpha = image.getchannel("A").getextrema()[0]
        if isinstance(alpha, int) and alpha < 255:
            return image
    return image.convert("RGB")


def encode(image: Image.Image) -> tuple[str, bytes]:
    """Return (media type, bytes) of an RGB or RGBA image: PNG with transparency or few colours, else JPEG."""
    output = BytesIO()
    # Without these Pillow would carry over what came with the picture.
    clean = Image.frombytes(image.mode, image.size, image.tobytes())
    if clean.mode == "RGBA" or clean.getcolors(_FEW_COLOURS) is not None:
        clean.save(output, "PNG")
        return "image/png", output.getvalue()
    clean.save(output, "JPEG", quality=_JPEG_QUALITY)
    return "image/jpeg", output.getvalue()


def _too_large() -> ContentError:
    return ContentError("picture_too_large", "图片过大（最多 2500 万像素、20 MB），请缩小后重新上传。")


@dataclass
class Collector:
    """The pictures and placeholders of one document, numbered in the order in which they come."""

    pictures: list[Picture] = field(default_factory=list)
    placeholders: list[Placeholder] = field(default_factory=list)
    warnings: list[Notice] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)
    _bytes: int = 0

    def add(self, data: bytes, alt: str = "") -> str:
        """Return the HTML of a picture, or of a placeholder where it cannot be shown; the same bytes are kept once.

        Raises ContentError `too_many_pictures`, `pictures_too_large`.
        """
        digest = hashlib.sha256(data).digest()
        if digest not in self._known:
            try:
                recoded = recode(data)
            except ContentError as error:
                self.warn(error.code, f"有图片无法转换，已留出位置：{error.detail}")
                return self.add_placeholder(alt, "")
            if recoded.animated:
                self.warn("animated_picture", "动图只保留第一帧，请确认画面完整。")
            self._known[digest] = self.keep(recoded, alt)
        return image_html(self._known[digest], alt)

    def keep(self, recoded: Recoded, alt: str) -> int:
        """Keep a picture and return its number."""
        self._bytes += len(recoded.data)
        if len(self.pictures) >= MAX_PICTURES:
            raise ContentError("too_many_pictures", f"图片超过 {MAX_PICTURES} 张，请拆分为多篇资料。")
        if self._bytes > MAX_TOTAL_BYTES:
            raise ContentError("pictures_too_large", "图片总量过大，请在 Word 或 WPS 中压缩图片，或拆分为多篇资料。")
        number = len(self.pictures) + 1
        name = f"picture-{number:03}.{'png' if recoded.media_type == 'image/png' else 'jpg'}"
        self.pictures.append(
            Picture(number, name, recoded.media_type, recoded.width, recoded.height, alt, recoded.data)
        )
        return number

    def add_placeholder(self, alt: str, address: str) -> str:
        """Return the HTML of a place for a picture that must be dropped in by hand."""
        number = len(self.placeholders) + 1
        if number > MAX_PICTURES:
            raise ContentError("too_many_pictures", f"图片超过 {MAX_PICTURES} 张，请拆分为多篇资料。")
        self.placeholders.append(Placeholder(number, alt[:200], address[:2000]))
        return placeholder_html(number)

    def warn(self, code: str, detail: str) -> None:
        """Keep a notice; one of each code is enough."""
        if all(notice.code != code for notice in self.warnings):
            self.warnings.append(Notice(code, detail))


def image_html(number: int, alt: str) -> str:
    """Return the <img> of a picture that was kept."""
    return f'<img src="{pending_picture(number)}" alt="{escape(" ".join(alt.split())[:200])}">'


def parse_picture(data: bytes) -> ParsedDocument:
    """Return a lesson that is one picture; raises what `recode` raises."""
    collector = Collector()
    recoded = recode(data)
    if recoded.animated:
        collector.warn("animated_picture", "动图只保留第一帧，请确认画面完整。")
    html = f'<p class="page">{image_html(collector.keep(recoded, ""), "")}</p>'
    return assemble("", html, pictures=collector.pictures, warnings=collector.warnings)
