"""The one font that slides are drawn with, and how wide its characters are."""

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import ImageFont

# Read when the module is loaded: the child may not open files later.
_FONT = (Path(__file__).parents[2] / "fonts" / "NotoSansSC-Regular.ttf").read_bytes()
SMALLEST, LARGEST = 4, 400


# Each size holds the font's 10 MB once more.
@lru_cache(maxsize=12)
def font_of(size: int) -> ImageFont.FreeTypeFont:
    """Return the font at a size in pixels."""
    bounded = min(max(size, SMALLEST), LARGEST)
    return ImageFont.truetype(BytesIO(_FONT), bounded, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=20_000)
def width_of(character: str, size: int) -> float:
    """Return the width of a character in pixels."""
    return font_of(size).getlength(character)
