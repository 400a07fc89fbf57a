"""A PowerPoint file (.pptx) -> a lesson's body: the text and the pictures of each slide.

Slides are not drawn: that takes an office program. Saved as PDF, they are shown page by page.
"""

import zipfile
from html import escape

from content.documents.package import open_package
from content.documents.pictures import Collector
from content.documents.result import Notice, ParsedDocument, assemble
from content.documents.slides import Block, Deck, read_deck

_COUNTED = {
    "hidden": "有 {} 页隐藏的幻灯片，没有收入。",
    "notes": "有 {} 页演讲者备注，没有收入。",
    "media": "有 {} 处视频或音频，没有收入，请另行上传。",
    "objects": "有 {} 个图表、SmartArt 或嵌入对象，没有收入，请截图后插入为图片。",
}


def parse_pptx(data: bytes) -> ParsedDocument:
    """Return the lesson that a .pptx holds.

    Raises ContentError: what `open_package`, `read_deck`, `Collector` and `assemble` find.
    """
    collector = Collector()
    with open_package(data, "pptx") as archive:
        deck = read_deck(archive)
        slides = [_slide(archive, collector, at, blocks) for at, blocks in enumerate(deck.slides, start=1)]
    first = deck.slides[0] if deck.slides else []
    return assemble(
        next((" ".join(block.paragraphs) for block in first if block.kind == "title"), ""),
        "<hr>".join(slides),
        pictures=collector.pictures,
        placeholders=collector.placeholders,
        warnings=[*collector.warnings, *_notices(deck)],
        # A marking stands anywhere on the first slide.
        heads=[line for block in first for line in (*block.paragraphs, *(cell for row in block.rows for cell in row))],
    )


def _slide(archive: zipfile.ZipFile, collector: Collector, number: int, blocks: list[Block]) -> str:
    titled = bool(blocks) and blocks[0].kind == "title"
    heading = "" if titled else f"<h2>第{number}页</h2>"
    return heading + "".join(_block(archive, collector, block) for block in blocks)


def _block(archive: zipfile.ZipFile, collector: Collector, block: Block) -> str:
    if block.kind == "title":
        return f"<h2>{_lines(' '.join(block.paragraphs))}</h2>"
    if block.kind == "text":
        return "".join(f"<p>{_lines(text)}</p>" for text in block.paragraphs)
    if block.kind == "table":
        rows = ("".join(f"<td>{_lines(cell)}</td>" for cell in row) for row in block.rows)
        return f"<table><tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table>"
    return f'<p class="center">{_picture(archive, collector, block)}</p>'


def _picture(archive: zipfile.ZipFile, collector: Collector, block: Block) -> str:
    if block.kind == "picture" and block.part in archive.namelist():
        return collector.add(archive.read(block.part), block.alt)
    collector.warn("missing_picture", "有图片没有保存在文件里，已留出位置，请上传图片。")
    return collector.add_placeholder(block.alt, "")


def _lines(text: str) -> str:
    return escape(text.strip(), quote=False).replace("\n", "<br>")


def _notices(deck: Deck) -> list[Notice]:
    advice = "幻灯片按页收入文字和图片，不保留版式和动画。如需原样显示，请另存为 PDF 后上传。"
    counted = (Notice(f"pptx_{sort}", _COUNTED[sort].format(count)) for sort, count in deck.counts.items() if count)
    return [Notice("pptx_layout", advice), *counted]
