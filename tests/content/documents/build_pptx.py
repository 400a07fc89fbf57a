"""PowerPoint files for the tests, by python-pptx."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.util import Inches

from tests.content.documents.build_docx import part_of, picture, with_parts

# A chart of 4 by 3 inches in the left upper corner, as far as the slide has it.
CHART = (
    b'<p:graphicFrame><p:xfrm><a:off x="0" y="0"/><a:ext cx="3657600" cy="2743200"/></p:xfrm>'
    b'<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/chart"/></a:graphic></p:graphicFrame>'
)


def saved(deck: Any) -> bytes:
    output = BytesIO()
    deck.save(output)
    return output.getvalue()


def rich_pptx() -> bytes:
    """Two slides with titles, bullets, a picture, a table and notes, and a hidden one."""
    deck = Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "主题党日"
    first.placeholders[1].text = "一、学习\n二、讨论"
    first.notes_slide.notes_text_frame.text = "提醒大家签到"
    second = deck.slides.add_slide(deck.slide_layouts[6])
    second.shapes.add_textbox(0, 0, Inches(4), Inches(1)).text_frame.text = "文本框 <b>"
    second.shapes.add_picture(BytesIO(picture()), 0, 0)
    table = second.shapes.add_table(1, 2, 0, 0, Inches(4), Inches(1)).table
    table.cell(0, 0).text, table.cell(0, 1).text = "甲", "乙"
    hidden = deck.slides.add_slide(deck.slide_layouts[6])
    hidden._element.set("show", "0")
    return saved(deck)


def pptx_of(*texts: str) -> bytes:
    """One slide for each text."""
    deck = Presentation()
    for text in texts:
        slide = deck.slides.add_slide(deck.slide_layouts[6])
        slide.shapes.add_textbox(0, 0, Inches(4), Inches(1)).text_frame.text = text
    return saved(deck)


def with_undrawn() -> bytes:
    """A slide with two charts, a formula, an animation and a picture that nobody can decode."""
    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_picture(BytesIO(picture()), 0, Inches(4))
    formula = b'<m:oMath xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"/></p:spTree>'
    moves = b"</p:clrMapOvr><p:timing><p:animEffect/></p:timing>"
    data = saved(deck)
    xml = part_of(data, "ppt/slides/slide1.xml")
    xml = xml.replace(b"</p:spTree>", CHART * 2 + formula).replace(b"</p:clrMapOvr>", moves)
    links = part_of(data, "ppt/slides/_rels/slide1.xml.rels").replace(b"image1.png", b"image1.emf")
    return with_parts(data, {"ppt/slides/slide1.xml": xml, "ppt/slides/_rels/slide1.xml.rels": links})


def slide_of(build: Callable[[Any], None], layout: int = 6) -> bytes:
    """One slide of 10 by 7.5 inches that is built by the caller."""
    deck = Presentation()
    build(deck.slides.add_slide(deck.slide_layouts[layout]))
    return saved(deck)
