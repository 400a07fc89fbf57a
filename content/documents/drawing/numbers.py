"""Numbers of a slide: English Metric Units (914,400 an inch), thousandths of a percent; never beyond what is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

EMU_A_POINT = 12_700
# Pillow takes ever longer for shapes that are ever larger than the picture.
_MOST_PIXELS = 6_000.0
_MOST = 10**10

# (left, top, right, bottom) in pixels.
Box = tuple[float, float, float, float]


def number(element: Element | None, name: str, default: int = 0) -> int:
    """Return an attribute that is a whole number, or the default where it is none."""
    try:
        value = int(element.get(name, "")) if element is not None else default
    except ValueError:
        return default
    return max(-_MOST, min(value, _MOST))


@dataclass(frozen=True)
class Frame:
    """Where the origin of coordinates lies in the picture, and how many pixels a unit has."""

    x: float
    y: float
    sx: float
    sy: float

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return a point in pixels."""
        return _bounded(self.x + x * self.sx), _bounded(self.y + y * self.sy)

    def box(self, place: Element) -> Box:
        """Return the box of an <a:xfrm>."""
        off, ext = place.find("{*}off"), place.find("{*}ext")
        x, y = number(off, "x"), number(off, "y")
        return (*self.point(x, y), *self.point(x + max(0, number(ext, "cx")), y + max(0, number(ext, "cy"))))

    def inner(self, place: Element | None) -> "Frame":
        """Return the frame of what is in a group with this <a:xfrm>."""
        if place is None:
            return self
        off, ext = place.find("{*}off"), place.find("{*}ext")
        origin, size = place.find("{*}chOff"), place.find("{*}chExt")
        sx = self.sx * _ratio(number(ext, "cx"), number(size, "cx"))
        sy = self.sy * _ratio(number(ext, "cy"), number(size, "cy"))
        x = self.x + self.sx * number(off, "x") - sx * number(origin, "x")
        y = self.y + self.sy * number(off, "y") - sy * number(origin, "y")
        return replace(self, x=x, y=y, sx=sx, sy=sy)


def _ratio(outer: int, inner: int) -> float:
    return min(max(outer / inner, 0.0), 1_000.0) if inner > 0 else 1.0


def _bounded(pixels: float) -> float:
    return min(max(pixels, -_MOST_PIXELS), _MOST_PIXELS)


def inset(box: Box, body: Element | None, attributes: Mapping[str, str], frame: Frame) -> Box:
    """Return the box within the margins that a <a:bodyPr> or <a:tcPr> has by these names of its sides."""
    left, top = number(body, attributes["left"], 91_440), number(body, attributes["top"], 45_720)
    right, bottom = number(body, attributes["right"], 91_440), number(body, attributes["bottom"], 45_720)
    return (
        box[0] + left * frame.sx,
        box[1] + top * frame.sy,
        box[2] - right * frame.sx,
        box[3] - bottom * frame.sy,
    )
