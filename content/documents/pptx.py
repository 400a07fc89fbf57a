"""A PowerPoint file (.pptx) -> a lesson's body: a picture for each slide, which `render_slides` draws, and its text."""

from content.documents.package import open_package
from content.documents.pictures import image_html
from content.documents.result import Notice, ParsedDocument, assemble
from content.documents.slides import Block, Deck, read_deck

MAX_CHARACTERS = 1_000_000
_SIMPLIFIED = (
    "幻灯片由系统简化绘制：字体统一，渐变、阴影、艺术字等效果从简，图表、SmartArt、公式和动画不绘制。请逐页核对；"
    "需要与原稿一致时，请另存为 PDF 后上传。"
)
_COUNTED = {
    "objects": "有 {} 个图表、SmartArt 或嵌入对象没有绘出，请截图后以图片插入幻灯片，或另存为 PDF 后上传。",
    "formulas": "有 {} 处公式没有绘出，请截图后以图片插入幻灯片，或另存为 PDF 后上传。",
    "pictures": "有 {} 张图片无法绘出（如 EMF、WMF、SVG 或已丢失），请另存为 PNG 后替换。",
    "media": "有 {} 处视频或音频没有收入，请另行上传。",
    "animations": "有 {} 页带动画，只画出全部内容同时出现的样子。",
    "hidden": "有 {} 页隐藏的幻灯片没有收入。",
    "notes": "有 {} 页演讲者备注没有收入。",
}


def parse_pptx(data: bytes) -> ParsedDocument:
    """Return the lesson that a .pptx holds, in the form of `parse_pdf`: the texts of its slides end in \\f.

    Raises ContentError: what `open_package`, `read_deck` and `assemble` find.
    """
    with open_package(data, "pptx") as archive:
        deck = read_deck(archive)
    # A marking is looked for line by line.
    text = "\n\f".join("\n".join(_lines(blocks)) for blocks in deck.slides)
    pages = (f'<p class="page">{image_html(at, f"第{at}页")}</p>' for at in range(1, len(deck.slides) + 1))
    first = deck.slides[0] if deck.slides else []
    return assemble(
        next((" ".join(block.paragraphs) for block in first if block.kind == "title"), ""),
        "".join(pages),
        text=text[:MAX_CHARACTERS],
        warnings=_notices(deck, text),
        # A marking stands anywhere on the first slide.
        heads=_lines(first),
    )


def _lines(blocks: list[Block]) -> list[str]:
    rows = (" ".join(row) for block in blocks for row in block.rows)
    return [*(text for block in blocks for text in block.paragraphs), *rows]


def _notices(deck: Deck, text: str) -> list[Notice]:
    notices = [Notice("pptx_simplified", _SIMPLIFIED)]
    notices += [
        Notice(f"pptx_{sort}", said.format(deck.counts[sort])) for sort, said in _COUNTED.items() if deck.counts[sort]
    ]
    if not text.strip():
        notices.append(Notice("pptx_no_text", "幻灯片中没有文字，只能看图，无法搜索，也无法检查敏感词。"))
    if len(text) > MAX_CHARACTERS:
        notices.append(Notice("pptx_text_cut", "幻灯片文字超过 100 万字，后面的文字无法搜索，也没有检查敏感词。"))
    return notices
