"""The outlines of simple shapes, and those that a file draws itself."""

from collections.abc import Iterator
from itertools import islice, pairwise
from xml.etree.ElementTree import Element

from content.documents.drawing.numbers import Box, number

Points = list[tuple[float, float]]

# The corners of a shape, in parts of its box.
_CORNERS: dict[str, tuple[tuple[float, float], ...]] = {
    "rect": ((0, 0), (1, 0), (1, 1), (0, 1)),
    "triangle": ((0.5, 0), (1, 1), (0, 1)),
    "rtTriangle": ((0, 0), (1, 1), (0, 1)),
    "diamond": ((0.5, 0), (1, 0.5), (0.5, 1), (0, 0.5)),
    "parallelogram": ((0.25, 0), (1, 0), (0.75, 1), (0, 1)),
    "trapezoid": ((0.25, 0), (0.75, 0), (1, 1), (0, 1)),
    "hexagon": ((0.25, 0), (0.75, 0), (1, 0.5), (0.75, 1), (0.25, 1), (0, 0.5)),
    "homePlate": ((0, 0), (0.8, 0), (1, 0.5), (0.8, 1), (0, 1)),
    "chevron": ((0, 0), (0.8, 0), (1, 0.5), (0.8, 1), (0, 1), (0.2, 0.5)),
    "rightArrow": ((0, 0.25), (0.6, 0.25), (0.6, 0), (1, 0.5), (0.6, 1), (0.6, 0.75), (0, 0.75)),
    "leftArrow": ((1, 0.25), (0.4, 0.25), (0.4, 0), (0, 0.5), (0.4, 1), (0.4, 0.75), (1, 0.75)),
    "downArrow": ((0.25, 0), (0.25, 0.6), (0, 0.6), (0.5, 1), (1, 0.6), (0.75, 0.6), (0.75, 0)),
    "upArrow": ((0.25, 1), (0.25, 0.4), (0, 0.4), (0.5, 0), (1, 0.4), (0.75, 0.4), (0.75, 1)),
    "star5": (
        (0.5, 0), (0.618, 0.382), (1, 0.382), (0.691, 0.618), (0.809, 1),
        (0.5, 0.764), (0.191, 1), (0.309, 0.618), (0, 0.382), (0.382, 0.382),
    ),
}  # fmt: skip
ROUND = {"ellipse"}
ROUNDED = {"roundRect", "round2SameRect", "flowChartAlternateProcess", "flowChartTerminator", "wedgeRoundRectCallout"}
LINES = {"line", "straightConnector1", "bentConnector3", "curvedConnector3"}
# As boxes they say what they are meant to.
_BOXES = {
    "flowChartProcess",
    "snip1Rect",
    "snip2SameRect",
    "round1Rect",
    "wedgeRectCallout",
    "frame",
    "bevel",
    "foldedCorner",
}
KNOWN = _CORNERS.keys() | ROUND | ROUNDED | LINES | _BOXES
_STEPS = 8
_MOST_POINTS = 5_000


def corners(name: str, box: Box) -> Points:
    """Return the outline of a shape of this name; of an unknown one, its box."""
    left, top, right, bottom = box
    shape = _CORNERS.get(name, _CORNERS["rect"])
    return [(left + x * (right - left), top + y * (bottom - top)) for x, y in shape]


def drawn_paths(geometry: Element, box: Box) -> list[Points]:
    """Return the outlines of an <a:custGeom> in a box, with its curves in straight pieces."""
    return [
        list(islice(outline, _MOST_POINTS))
        for path in islice(geometry.iterfind("{*}pathLst/{*}path"), 50)
        for outline in [_outline(path, box)]
        if path.get("fill") != "none"
    ]


def _outline(path: Element, box: Box) -> Iterator[tuple[float, float]]:
    width, height = max(number(path, "w", 1), 1), max(number(path, "h", 1), 1)

    def point(element: Element) -> tuple[float, float]:
        x, y = number(element, "x") / width, number(element, "y") / height
        x, y = min(max(x, -1.0), 2.0), min(max(y, -1.0), 2.0)
        return box[0] + x * (box[2] - box[0]), box[1] + y * (box[3] - box[1])

    at = (box[0], box[1])
    for step in path:
        points = [point(each) for each in step.iterfind("{*}pt")]
        if not points:
            continue
        if len(points) == 1:
            yield points[0]
        else:
            yield from _curve([at, *points])
        at = points[-1]


def _curve(points: Points) -> Iterator[tuple[float, float]]:
    """Yield the points of a Bézier curve after its first (de Casteljau)."""
    for step in range(1, _STEPS + 1):
        share, left = step / _STEPS, points[:4]
        while len(left) > 1:
            left = [(x + (u - x) * share, y + (v - y) * share) for (x, y), (u, v) in pairwise(left)]
        yield left[0]
