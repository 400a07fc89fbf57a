"""The shapes of a sheet, one over the other, in the order of the file."""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from PIL import Image

from content.documents.drawing.canvas import cropped, draw_shape, paste, pen_on, turned
from content.documents.drawing.colours import Colour, colour_of, fill_of
from content.documents.drawing.fonts import font_of
from content.documents.drawing.lines import draw_lines, fitted, wrapped
from content.documents.drawing.numbers import Box, Frame, inset, number
from content.documents.drawing.sheets import Page, Sheet, family, first, placeholder
from content.documents.drawing.styles import Look, paragraphs_of
from content.documents.drawing.tables import draw_table
from content.documents.pictures import decode
from content.errors import ContentError

MAX_SHAPES = 1_000
MAX_PICTURES = 100
_MARGINS = {"left": "lIns", "top": "tIns", "right": "rIns", "bottom": "bIns"}
_EMBED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}embed"
_EMBED_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}embed"
_PALE: Colour = (242, 242, 242, 255)
_GREY: Colour = (166, 166, 166, 255)
_DARK: Colour = (89, 89, 89, 255)
# As wide as the words in the place of what is not drawn, in pixels.
_WORDS = 160
_KEPT_PICTURES = 4


@dataclass
class Drawing:
    """A slide while it is drawn: its picture, what it is made from, and how much may still be drawn."""

    archive: zipfile.ZipFile
    page: Page
    image: Image.Image
    frame: Frame
    pictures: dict[str, Image.Image | None] = field(default_factory=dict)
    shapes_left: int = MAX_SHAPES
    pictures_left: int = MAX_PICTURES


def draw_sheet(drawing: Drawing, sheet: Sheet, *, placeholders: bool) -> None:
    """Draw the shapes of a slide, or of a layout or master, whose placeholders only say where those of slides are."""
    if sheet.tree is None:
        return
    for shape, frame in _walk(sheet.tree, drawing.frame):
        if not placeholders and placeholder(shape) is not None:
            continue
        drawing.shapes_left -= 1
        if drawing.shapes_left < 0:
            return
        _draw(drawing, sheet, shape, frame)


def draw_background(drawing: Drawing) -> None:
    """Fill the picture with the background of the slide, or of what it takes after."""
    for sheet in drawing.page.sheets:
        background = sheet.root.find("{*}cSld/{*}bg")
        if background is None:
            continue
        named, given = background.find("{*}bgRef"), background.find("{*}bgPr")
        colour = colour_of(named, drawing.page.palette) or fill_of(given, drawing.page.palette)
        whole = (0.0, 0.0, float(drawing.image.width), float(drawing.image.height))
        if colour and colour[3]:
            pen_on(drawing.image).rectangle(whole, fill=colour)
        _fill_with_picture(drawing, sheet, given, whole, None)
        return


def _walk(tree: Element, frame: Frame) -> Iterator[tuple[Element, Frame]]:
    for shape in tree:
        name = shape.tag.rpartition("}")[2]
        properties = shape.find("./*/{*}cNvPr")
        if properties is not None and properties.get("hidden") in {"1", "true"}:
            continue
        if name in {"sp", "pic", "cxnSp", "graphicFrame"}:
            yield shape, frame
        elif name == "grpSp":
            yield from _walk(shape, frame.inner(shape.find("{*}grpSpPr/{*}xfrm")))
        elif name == "AlternateContent" and len(shape):
            # Programs that do not know what is new show the last child.
            yield from _walk(shape[-1], frame)


def _draw(drawing: Drawing, sheet: Sheet, shape: Element, frame: Frame) -> None:
    relatives = family(drawing.page, shape)
    place = first(relatives, "{*}spPr/{*}xfrm") if shape.find("{*}xfrm") is None else shape.find("{*}xfrm")
    if place is None or place.find("{*}off") is None:
        return
    box = frame.box(place)
    if box[2] < 0 or box[3] < 0 or box[0] > drawing.image.width or box[1] > drawing.image.height:
        return
    if shape.tag.endswith("}graphicFrame"):
        _draw_frame(drawing, shape, box, Look(drawing.page, [shape], frame))
        return
    properties = first(relatives, "{*}spPr")
    if properties is not None:
        _draw_outline(drawing, sheet, shape, relatives, box, frame)
    body = shape.find("{*}txBody")
    if body is not None:
        colour = colour_of(shape.find("{*}style/{*}fontRef"), drawing.page.palette)
        look = Look(drawing.page, relatives, frame, colour)
        turned(drawing.image, box, place, lambda image: _draw_text(image, body, box, look))


def _draw_outline(
    drawing: Drawing, sheet: Sheet, shape: Element, relatives: list[Element], box: Box, frame: Frame
) -> None:
    palette, own = drawing.page.palette, shape.find("{*}spPr")
    properties = own if own is not None else relatives[0]
    style = shape.find("{*}style")
    base = _styled(style, "fillRef", palette)
    fills = (fill_of(each.find("{*}spPr"), palette, base) for each in relatives)
    fill = next((found for found in fills if found is not None), base)
    lines = [each.find("{*}spPr/{*}ln") for each in relatives]
    edge = next((each for each in lines if each is not None), None)
    line = fill_of(edge, palette) or _styled(style, "lnRef", palette)
    place = properties.find("{*}xfrm")
    width = number(edge, "w", 9_525) * frame.sx

    def draw(image: Image.Image) -> None:
        draw_shape(image, box, properties, fill, line if line and line[3] else None, width)
        _fill_with_picture(drawing, sheet, shape, box, place, image)
        _fill_with_picture(drawing, sheet, properties, box, place, image)

    turned(drawing.image, box, place, draw)


def _styled(style: Element | None, name: str, palette: Mapping[str, Colour]) -> Colour | None:
    """Return the colour that a style of the theme gives; style 0 is none."""
    reference = style.find(f"{{*}}{name}") if style is not None else None
    return colour_of(reference, palette) if reference is not None and reference.get("idx") != "0" else None


def _fill_with_picture(
    drawing: Drawing,
    sheet: Sheet,
    holder: Element | None,
    box: Box,
    place: Element | None,
    image: Image.Image | None = None,
) -> None:
    filling = holder.find("{*}blipFill") if holder is not None else None
    blip = filling.find("{*}blip") if filling is not None else None
    if blip is None:
        return
    part = sheet.links.get(blip.get(_EMBED) or blip.get(_EMBED_STRICT) or "", ("", ""))[1]
    target = drawing.image if image is None else image
    picture = _picture(drawing, part)
    if picture is not None:
        paste(target, box, cropped(picture, filling, place))
    else:
        _stand_in(target, box, "图片无法显示")


def _stand_in(image: Image.Image, box: Box, text: str) -> None:
    """Draw a pale box in the place of what is not drawn."""
    pen = pen_on(image)
    pen.rectangle(box, fill=_PALE, outline=_GREY)
    if box[2] - box[0] > _WORDS and box[3] - box[1] > _WORDS / 4:
        pen.text(((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), text, fill=_DARK, font=font_of(16), anchor="mm")


def _picture(drawing: Drawing, part: str) -> Image.Image | None:
    """Return a picture of the file, or None for one that cannot be shown; the last ones are kept."""
    if part not in drawing.pictures:
        drawing.pictures_left -= 1
        while len(drawing.pictures) >= _KEPT_PICTURES:
            drawing.pictures.pop(next(iter(drawing.pictures)))
        drawing.pictures[part] = None
        if drawing.pictures_left >= 0 and part in drawing.archive.namelist():
            try:
                drawing.pictures[part] = decode(drawing.archive.read(part))[0]
            except ContentError:
                return None
    return drawing.pictures[part]


def _draw_frame(drawing: Drawing, shape: Element, box: Box, look: Look) -> None:
    table = shape.find("{*}graphic/{*}graphicData/{*}tbl")
    if table is not None:
        draw_table(drawing.image, table, box, look)
        return
    _stand_in(drawing.image, box, "图表等对象没有绘出")


def _draw_text(image: Image.Image, body: Element, box: Box, look: Look) -> None:
    properties = [each for shape in look.shapes if (each := shape.find("{*}txBody/{*}bodyPr")) is not None]
    margins = next((each for each in properties if each.attrib.keys() & set(_MARGINS.values())), None)
    within = inset(box, margins, _MARGINS, look.frame)
    paragraphs = paragraphs_of(body, look)
    if not any(run.text.strip() for paragraph in paragraphs for run in paragraph.runs):
        return
    wide = max(within[2] - within[0], 1.0)
    one_line = any(each.get("wrap") == "none" for each in properties[:1])
    # A text that fits elsewhere is wider in our font.
    shrinks = any(each.find("{*}normAutofit") is not None for each in properties)
    if shrinks:
        lines = fitted(paragraphs, wide, within[3] - within[1])
    else:
        lines = wrapped(paragraphs, float("inf") if one_line else wide)
    anchor = next((each.get("anchor", "") for each in properties if each.get("anchor")), "t")
    draw_lines(pen_on(image), within, lines, anchor)
