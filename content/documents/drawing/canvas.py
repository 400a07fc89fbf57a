"""The picture of a slide while it is drawn: shapes, pictures and what is turned."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from PIL import Image, ImageDraw, ImageOps

from content.documents.drawing.colours import CLEAR, Colour
from content.documents.drawing.geometry import LINES, ROUND, ROUNDED, Points, corners, drawn_paths
from content.documents.drawing.numbers import Box, number

_SIXTY_THOUSANDTHS = 60_000
_CORNER = 0.16


def pen_on(image: Image.Image) -> ImageDraw.ImageDraw:
    """Return what draws on an image so that what is half clear shows what lies below."""
    return ImageDraw.Draw(image, "RGBA")


def turned(image: Image.Image, box: Box, place: Element | None, draw: Callable[[Image.Image], None]) -> None:
    """Draw on the image, turned about the middle of the box as an <a:xfrm> says."""
    angle = number(place, "rot") / _SIXTY_THOUSANDTHS % 360
    if angle == 0:
        draw(image)
        return
    layer = Image.new("RGBA", image.size, CLEAR)
    draw(layer)
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    layer = layer.rotate(-angle, Image.Resampling.BICUBIC, center=middle)
    image.paste(layer, (0, 0), layer)


def draw_shape(
    image: Image.Image, box: Box, properties: Element, fill: Colour | None, line: Colour | None, width: float
) -> None:
    """Draw the outline that a <p:spPr> names: filled, with a line around it, either where it has a colour."""
    pen = pen_on(image)
    thick = max(1, round(width))
    preset, custom = properties.find("{*}prstGeom"), properties.find("{*}custGeom")
    name = preset.get("prst", "rect") if preset is not None else "rect"
    filled = fill if fill and fill[3] else None
    if name in LINES:
        pen.line(_diagonal(box, properties.find("{*}xfrm")), fill=line, width=thick)
    elif custom is not None:
        for outline in drawn_paths(custom, box):
            _polygon(pen, outline, filled, line, thick)
    elif name in ROUND:
        pen.ellipse(box, fill=filled, outline=line, width=thick)
    elif name in ROUNDED:
        radius = _CORNER * min(box[2] - box[0], box[3] - box[1])
        pen.rounded_rectangle(box, radius, fill=filled, outline=line, width=thick)
    else:
        _polygon(pen, corners(name, box), filled, line, thick)


def _polygon(pen: ImageDraw.ImageDraw, outline: Points, fill: Colour | None, line: Colour | None, thick: int) -> None:
    if len(outline) < 2:
        return
    if fill:
        pen.polygon(outline, fill=fill)
    if line:
        pen.line([*outline, outline[0]], fill=line, width=thick, joint="curve")


def _diagonal(box: Box, place: Element | None) -> Points:
    flipped = place is not None and (place.get("flipH") == "1") != (place.get("flipV") == "1")
    return [(box[0], box[3]), (box[2], box[1])] if flipped else [(box[0], box[1]), (box[2], box[3])]


def cropped(picture: Image.Image, filling: Element | None, place: Element | None) -> Image.Image:
    """Return the part of a picture that a <p:blipFill> shows, mirrored as an <a:xfrm> says."""
    crop = filling.find("{*}srcRect") if filling is not None else None
    if crop is not None:
        left, top, right, bottom = (min(max(number(crop, side), 0), 95_000) / 100_000 for side in "ltrb")
        width, height = picture.size
        box = (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
        picture = picture.crop(box) if box[0] < box[2] and box[1] < box[3] else picture
    if place is not None and place.get("flipH") == "1":
        picture = ImageOps.mirror(picture)
    return ImageOps.flip(picture) if place is not None and place.get("flipV") == "1" else picture


def paste(image: Image.Image, box: Box, picture: Image.Image) -> None:
    """Put a picture into a box, stretched to it; only what lies within the image is made."""
    left, top, right, bottom = box
    seen = (max(left, 0.0), max(top, 0.0), min(right, float(image.width)), min(bottom, float(image.height)))
    size = (round(seen[2] - seen[0]), round(seen[3] - seen[1]))
    if size[0] < 1 or size[1] < 1 or right <= left or bottom <= top:
        return
    across, down = picture.width / (right - left), picture.height / (bottom - top)
    source = (
        max((seen[0] - left) * across, 0.0),
        max((seen[1] - top) * down, 0.0),
        min((seen[2] - left) * across, picture.width),
        min((seen[3] - top) * down, picture.height),
    )
    shown = picture.resize(size, Image.Resampling.BILINEAR, box=source, reducing_gap=2.0)
    at = (round(seen[0]), round(seen[1]))
    image.paste(shown, at, shown if shown.mode == "RGBA" else None)
