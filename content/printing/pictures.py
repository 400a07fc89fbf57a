"""Pictures as both forms of print take them: JPEG, on white."""

from io import BytesIO
from typing import NamedTuple

from PIL import Image

_LARGEST_SIDE = 1600  # pixels: more than paper of this width shows at 150 an inch
_QUALITY = 85


class Printable(NamedTuple):
    """The bytes of a JPEG, and its sides in pixels."""

    jpeg: bytes
    width: int
    height: int


def printable_picture(data: bytes) -> Printable | None:
    """Return a picture to be printed, its transparent parts white; None where the bytes are none that can be read.

    A JPEG that is small enough stays as it is: a file of many would become several times as large otherwise.
    """
    try:
        with Image.open(BytesIO(data)) as opened:
            if opened.format == "JPEG" and opened.mode in ("L", "RGB") and max(opened.size) <= _LARGEST_SIDE:
                opened.load()
                return Printable(data, *opened.size)
            opened.draft("RGB", (_LARGEST_SIDE, _LARGEST_SIDE))
            image = opened.convert("RGBA")
    # A malformed picture makes Pillow raise SyntaxError as well.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    image.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    written = BytesIO()
    paper.save(written, "JPEG", quality=_QUALITY)
    return Printable(written.getvalue(), *paper.size)
