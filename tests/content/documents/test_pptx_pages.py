"""Slides as pictures: what is on them is seen where it stands, in its colour and size."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageChops
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.util import Inches, Pt

from content.documents.pptx_pages import render_slides
from content.sandbox import parse_in_child
from tests.content.documents.build_docx import part_of, picture, with_parts
from tests.content.documents.build_pptx import pptx_of, rich_pptx, slide_of, with_undrawn

COLOUR: Any = RGBColor
# Slides of python-pptx are 10 by 7.5 inches.
INCH = 96
RED, WHITE, BLUE = (192, 0, 0), (255, 255, 255), (0, 0, 192)


def drawn(data: bytes) -> Image.Image:
    """The first slide."""
    return Image.open(BytesIO(render_slides(data, 1, 1).pictures[0].data)).convert("RGB")


def area(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    """A part of a slide, in inches."""
    return image.crop((round(left * INCH), round(top * INCH), round(right * INCH), round(bottom * INCH)))


def ink(image: Image.Image) -> tuple[int, int, int, int] | None:
    """The box of what is not white, in pixels."""
    return ImageChops.difference(image, Image.new("RGB", image.size, "white")).point(lambda v: 255 * (v > 60)).getbbox()


def near(colour: object, other: tuple[int, int, int]) -> bool:
    assert isinstance(colour, tuple)
    return all(abs(one - two) < 12 for one, two in zip(colour, other, strict=True))


def box_of(slide: Any, left: float, top: float, text: str, *, width: float = 4) -> Any:
    frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(1)).text_frame
    frame.word_wrap = True
    run = frame.paragraphs[0].add_run()
    run.text = text
    return run


def test_pages_have_the_shape_that_those_of_a_pdf_have() -> None:
    pages = render_slides(rich_pptx(), 1, 10).pictures
    assert [(page.number, page.name[:8], page.width, page.height, page.alt) for page in pages] == [
        (1, "page-001", 960, 720, "第1页"),
        (2, "page-002", 960, 720, "第2页"),
    ]
    many = pptx_of(*"一二三四五六七八九十甲乙")
    assert [page.number for page in render_slides(many, 1, 12).pictures] == list(range(1, 11))
    assert [page.number for page in render_slides(many, 11, 20).pictures] == [11, 12]


async def test_the_child_draws_them_without_opening_a_file() -> None:
    pages = await parse_in_child("pptx_pages", rich_pptx(), {"first": 2, "last": 2})
    (page,) = pages.pictures
    assert (page.number, page.data) == (2, render_slides(rich_pptx(), 2, 2).pictures[0].data)


def test_text_has_its_place_size_and_colour() -> None:
    def build(slide: Any) -> None:
        small, large = box_of(slide, 1, 1, "学"), box_of(slide, 1, 4, "习")
        small.font.size, large.font.size = Pt(20), Pt(60)
        large.font.color.rgb = COLOUR(*RED)

    image = drawn(slide_of(build))
    small, large = ink(area(image, 0, 0, 10, 3)), ink(area(image, 0, 3, 10, 7.5))
    assert small
    assert large
    assert INCH <= small[0] < 1.2 * INCH
    assert (large[3] - large[1]) / (small[3] - small[1]) == pytest.approx(3, rel=0.25)
    colours = area(image, 1, 4, 2.5, 5.5).getcolors(100_000) or []
    assert any(near(colour, RED) for _, colour in colours)


def test_bold_text_has_more_ink() -> None:
    def amount(bold: bool) -> int:
        def build(slide: Any) -> None:
            box_of(slide, 1, 1, "党章学习").font.bold = bold

        return sum(drawn(slide_of(build)).convert("L").histogram()[:128])

    assert amount(True) > 1.2 * amount(False)


def test_text_is_aligned_and_wrapped_within_its_box() -> None:
    def build(slide: Any) -> None:
        box_of(slide, 1, 1, "右", width=6)._r.getparent().get_or_add_pPr().set("algn", "r")
        box_of(slide, 1, 3, "长" * 60, width=6)

    image = drawn(slide_of(build))
    right, wrapped = ink(area(image, 0, 0, 10, 2)), ink(area(image, 0, 2.5, 10, 7.5))
    assert right
    assert wrapped
    assert 6.5 * INCH < right[0] < right[2] <= 7 * INCH
    assert wrapped[2] <= 7 * INCH
    assert wrapped[3] - wrapped[1] > 0.8 * INCH


def test_a_placeholder_stands_where_its_layout_has_it_and_its_text_has_bullets() -> None:
    def build(slide: Any) -> None:
        slide.shapes.title.text = "标题"
        slide.placeholders[1].text = "第一点"

    image = drawn(slide_of(build, layout=1))
    title, body = ink(area(image, 0, 0, 10, 1.6)), ink(area(image, 0, 1.6, 10, 7.5))
    assert title
    assert body
    assert abs((title[0] + title[2]) / 2 - 5 * INCH) < 10
    assert title[3] - title[1] > body[3] - body[1]
    gap = area(image, 0.5, 1.6, 3, 2.6).convert("L").point(lambda v: 255 * (v < 128))
    columns = [bool(gap.crop((x, 0, x + 1, gap.height)).getbbox()) for x in range(gap.width)]
    first = columns.index(True)
    assert columns[first : first + 60].count(False) > 8, "a bullet stands apart from the text"


def test_shapes_pictures_and_backgrounds_have_their_colours() -> None:
    def build(slide: Any) -> None:
        slide.background.fill.solid()
        slide.background.fill.fore_color.rgb = COLOUR(*RED)
        shape = slide.shapes.add_shape(MSO_SHAPE.OVAL, Inches(1), Inches(1), Inches(2), Inches(2))
        shape.fill.solid()
        shape.fill.fore_color.rgb = COLOUR(*BLUE)
        slide.shapes.add_picture(BytesIO(picture("PNG", (40, 30))), Inches(5), Inches(5), Inches(4), Inches(2))

    image = drawn(slide_of(build))
    assert near(image.getpixel((5, 5)), RED)
    assert near(image.getpixel((2 * INCH, 2 * INCH)), BLUE)
    assert near(image.getpixel((round(1.05 * INCH), round(1.05 * INCH))), RED), "an oval is no rectangle"
    shown = Image.open(BytesIO(picture("PNG", (40, 30)))).convert("RGB").getpixel((20, 15))
    assert isinstance(shown, tuple)
    assert near(image.getpixel((7 * INCH, 6 * INCH)), (shown[0], shown[1], shown[2]))


def test_what_is_turned_is_turned() -> None:
    def build(slide: Any) -> None:
        shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, Inches(1), Inches(3), Inches(6), Inches(0.5))
        shape.rotation = 90

    found = ink(drawn(slide_of(build)))
    assert found
    assert found[3] - found[1] > 5.5 * INCH > 2 * INCH > found[2] - found[0]


def test_a_table_has_a_head_cells_and_rows_that_grow() -> None:
    def build(slide: Any) -> None:
        table = slide.shapes.add_table(2, 2, Inches(1), Inches(1), Inches(4), Inches(1)).table
        table.cell(0, 0).text, table.cell(1, 0).text = "支部", "名称很长的党支部" * 6

    found = ink(drawn(slide_of(build)))
    assert found
    assert found[0] == pytest.approx(INCH, abs=2)
    assert found[2] == pytest.approx(5 * INCH, abs=2)
    assert found[3] > 2.5 * INCH


def test_what_is_not_drawn_leaves_a_box_in_its_place() -> None:
    image = drawn(with_undrawn())
    assert near(image.getpixel((20, 20)), (242, 242, 242))
    assert ink(area(image, 1, 1, 3, 2)), "the box says what is missing"


def test_hidden_shapes_and_hidden_slides_are_not_drawn() -> None:
    data = pptx_of("甲", "乙")
    first = "ppt/slides/slide1.xml"
    hidden = with_parts(data, {first: part_of(data, first).replace(b"<p:sld ", b'<p:sld show="0" ', 1)})
    (page,) = render_slides(hidden, 1, 10).pictures
    assert (page.number, page.data) == (1, render_slides(data, 2, 2).pictures[0].data)
    unseen = with_parts(data, {first: part_of(data, first).replace(b'name="TextBox 1"', b'name="a" hidden="1"')})
    assert ink(drawn(unseen)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.replace(b'<a:off x="', b'<a:off x="9' + b"9" * 30),
        lambda xml: xml.replace(b'cx="', b'cx="99999999'),
        lambda xml: xml.replace(b"<a:xfrm>", b'<a:xfrm rot="99999999999999">'),
        lambda xml: xml.replace(b"<a:t>", b"<a:t>" + "长".encode() * 100_000),
        lambda xml: xml.replace(b"</p:spTree>", b"<p:sp><p:spPr/></p:sp>" * 50_000 + b"</p:spTree>"),
        lambda xml: xml.replace(b"<a:p>", b'<a:p><a:pPr marL="-99999999999" indent="99999999999" lvl="99"/>'),
    ],
    ids=["far away", "huge", "turned without end", "much text", "many shapes", "odd indents"],
)
@pytest.mark.timeout(20)
def test_numbers_beyond_reason_cost_no_time(change: Callable[[bytes], bytes]) -> None:
    data = pptx_of("甲")
    name = "ppt/slides/slide1.xml"
    changed = with_parts(data, {name: change(part_of(data, name))}, compression=zipfile.ZIP_STORED)
    (page,) = render_slides(changed, 1, 1).pictures
    assert (page.width, page.height) == (960, 720)
