"""PowerPoint files for the tests, by python-pptx."""

from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.util import Inches

from tests.content.documents.build_docx import picture


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
