"""Tables of slides: cells at their places, with fills, text and thin lines between them."""

from dataclasses import replace
from xml.etree.ElementTree import Element

from PIL import Image

from content.documents.drawing.canvas import pen_on
from content.documents.drawing.colours import WHITE, Colour, Palette, fill_of
from content.documents.drawing.lines import Line, draw_lines, height_of, wrapped
from content.documents.drawing.numbers import Box, inset, number
from content.documents.drawing.styles import Look, paragraphs_of

_MARGINS = {"left": "marL", "top": "marT", "right": "marR", "bottom": "marB"}
_LINE: Colour = (166, 166, 166, 255)
_BAND_COVER = 0.16
MAX_CELLS = 2_000


def draw_table(image: Image.Image, table: Element, box: Box, look: Look) -> None:
    """Draw an <a:tbl> whose left upper corner is that of the box; rows grow with their text, as they do elsewhere."""
    widths = [max(number(column, "w"), 0) * look.frame.sx for column in table.iterfind("{*}tblGrid/{*}gridCol")]
    styled = table.find("{*}tblPr/{*}tableStyleId") is not None
    properties = table.find("{*}tblPr")
    headed = styled and properties is not None and properties.get("firstRow") == "1"
    top, left_cells = box[1], MAX_CELLS
    for at, row in enumerate(table.iterfind("{*}tr")):
        cells = list(row.iterfind("{*}tc"))[: len(widths)]
        left_cells -= len(cells)
        if left_cells < 0 or top > image.height:
            return
        style = replace(look, colour=WHITE, bold=True) if headed and at == 0 else look
        laid = [_text(cell, _span(widths, cells, place), style) for place, cell in enumerate(cells)]
        alone = [height_of(lines) for cell, lines in zip(cells, laid, strict=True) if number(cell, "rowSpan", 1) == 1]
        height = max([number(row, "h") * look.frame.sy, *(each + 0.1 * look.frame.sy * 914_400 for each in alone)])
        left = box[0]
        for place, (cell, lines) in enumerate(zip(cells, laid, strict=True)):
            if not _merged(cell):
                rows = max(number(cell, "rowSpan", 1), 1)
                area = (left, top, left + _span(widths, cells, place), top + height * min(rows, 50))
                fill = _fill(cell, look.palette, banded=styled and at % 2 == 1, head=headed and at == 0)
                _draw_cell(image, cell, area, lines, fill, look)
            left += widths[place]
        top += height


def _merged(cell: Element) -> bool:
    return "1" in {cell.get("hMerge"), cell.get("vMerge")}


def _span(widths: list[float], cells: list[Element], place: int) -> float:
    return sum(widths[place : place + max(number(cells[place], "gridSpan", 1), 1)])


def _text(cell: Element, width: float, look: Look) -> list[Line]:
    body = cell.find("{*}txBody")
    if body is None or _merged(cell):
        return []
    box = inset((0.0, 0.0, width, 0.0), cell.find("{*}tcPr"), _MARGINS, look.frame)
    return wrapped(paragraphs_of(body, replace(look, shapes=[cell])), box[2] - box[0])


def _fill(cell: Element, palette: Palette, *, banded: bool, head: bool) -> Colour | None:
    found = fill_of(cell.find("{*}tcPr"), palette)
    accent = palette.get("accent1")
    if found is not None or accent is None or not (banded or head):
        return found
    return accent if head else (*accent[:3], round(255 * _BAND_COVER))


def _draw_cell(
    image: Image.Image, cell: Element, area: Box, lines: list[Line], fill: Colour | None, look: Look
) -> None:
    properties = cell.find("{*}tcPr")
    pen = pen_on(image)
    pen.rectangle(area, fill=fill if fill and fill[3] else None, outline=_LINE)
    anchor = properties.get("anchor", "t") if properties is not None else "t"
    draw_lines(pen, inset(area, properties, _MARGINS, look.frame), lines, anchor)
