"""The pictures of the slides of a PowerPoint file, drawn by ourselves, without charts, SmartArt and animations."""

import zipfile
from xml.etree.ElementTree import Element

from PIL import Image

from content.documents.drawing.numbers import Frame, number
from content.documents.drawing.shapes import Drawing, draw_background, draw_sheet
from content.documents.drawing.sheets import open_page
from content.documents.package import open_package
from content.documents.pdf import PAGES_A_CHILD, PdfPages
from content.documents.pictures import encode
from content.documents.result import Picture
from content.documents.slides import presentation_of, shown_slides

WIDTH = 960
_HEIGHTS = (240, 1_920)
# 10 by 7.5 inches, as long as a file says nothing else.
_SIZE = (9_144_000, 6_858_000)


def render_slides(data: bytes, first: int, last: int) -> PdfPages:
    """Return the pictures of slides `first` to `last` (from 1, at most ten); raises what `parse_pptx` does."""
    with open_package(data, "pptx") as archive:
        presentation = presentation_of(archive)
        slides = list(shown_slides(archive, presentation))
        last = min(last, len(slides), first + PAGES_A_CHILD - 1)
        pictures: dict[str, Image.Image | None] = {}
        return PdfPages(
            tuple(
                _picture(archive, presentation, slides[number - 1], number, pictures)
                for number in range(first, last + 1)
            )
        )


def _picture(
    archive: zipfile.ZipFile,
    presentation: Element,
    slide: tuple[str, Element],
    count: int,
    pictures: dict[str, Image.Image | None],
) -> Picture:
    size = presentation.find("{*}sldSz")
    width, height = max(number(size, "cx", _SIZE[0]), 1), max(number(size, "cy", _SIZE[1]), 1)
    scale = WIDTH / width
    shape = (WIDTH, min(max(round(height * scale), _HEIGHTS[0]), _HEIGHTS[1]))
    page = open_page(archive, *slide, presentation.find("{*}defaultTextStyle"))
    drawing = Drawing(archive, page, Image.new("RGB", shape, "white"), Frame(0.0, 0.0, scale, scale), pictures)
    draw_background(drawing)
    # What lies below is not drawn where the slide, or its layout, hides it.
    shown = 1
    while shown < len(page.sheets) and page.sheets[shown - 1].root.get("showMasterSp") != "0":
        shown += 1
    for sheet in reversed(page.sheets[:shown]):
        draw_sheet(drawing, sheet, placeholders=sheet is page.sheets[0])
    media_type, encoded = encode(drawing.image)
    name = f"page-{count:03}.{'png' if media_type == 'image/png' else 'jpg'}"
    return Picture(count, name, media_type, *shape, f"第{count}页", encoded)
