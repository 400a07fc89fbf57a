"""A PDF -> its text and the pictures of its pages; scripts and attached files in it are never looked at."""

from collections.abc import Iterator
from contextlib import contextmanager

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from content.documents import pdf_fonts
from content.documents.pdf import MAX_PAGES, PAGES_A_CHILD, PdfPages
from content.documents.pictures import MAX_SIDE, encode, image_html
from content.documents.result import Notice, ParsedDocument, Picture, assemble
from content.errors import ContentError

__all__ = ["parse_pdf", "pdf_fonts", "render_pages"]

MAX_FILE_BYTES = 20 * 1024 * 1024
MAX_CHARACTERS = 1_000_000
# A page of a few points would be drawn enlarged without end.
_MAX_SCALE = 4.0
# The library imports it when it is first needed, which the child may not do.
pypdfium2.PdfBitmap.to_pil.__globals__["Lazy"].PIL_Image  # noqa: B018 - looking it up imports it


def parse_pdf(data: bytes) -> ParsedDocument:
    """Return the lesson of a PDF: a picture for each page, which `render_pages` draws, and its text (pages end in \\f).

    Raises ContentError `file_too_large`, `not_pdf`, `encrypted_file`, `damaged_file`, `too_many_pages`.
    """
    with _opened(data) as document:
        texts, cut = _texts(document)
        title = str(document.get_metadata_dict().get("Title", ""))
        attachments = document.count_attachments()
    warnings: list[Notice] = []
    if not any(text.strip() for text in texts):
        warnings.append(Notice("pdf_no_text", "PDF 中没有文字（可能是扫描件），只能看图，无法搜索，也无法检查敏感词。"))
    if cut:
        warnings.append(Notice("pdf_text_cut", "PDF 文字超过 100 万字，后面的文字无法搜索，也没有检查敏感词。"))
    if attachments:
        warnings.append(Notice("pdf_attachments", f"PDF 带有 {attachments} 个附件，没有收入，请另行上传。"))
    pages = (f'<p class="page">{image_html(at, f"第{at}页")}</p>' for at in range(1, len(texts) + 1))
    return assemble(
        # Programs name the file here rather than the document.
        title if any("一" <= character <= "鿿" for character in title) else "",
        "".join(pages),
        text="\f".join(texts),
        heads=texts[0].split("\n"),
        warnings=warnings,
    )


def render_pages(data: bytes, first: int, last: int) -> PdfPages:
    """Return the pictures of pages `first` to `last` (from 1, at most ten); raises what `parse_pdf` does."""
    with _opened(data) as document:
        last = min(last, len(document), first + PAGES_A_CHILD - 1)
        return PdfPages(tuple(_picture(document, number) for number in range(first, last + 1)))


@contextmanager
def _opened(data: bytes) -> Iterator[pypdfium2.PdfDocument]:
    if len(data) > MAX_FILE_BYTES:
        raise ContentError("file_too_large", "PDF 超过 20 MB，请压缩或拆分后重新上传。")
    if not data.startswith(b"%PDF-"):
        raise ContentError("not_pdf", "文件不是有效的 PDF，请重新导出后上传。")
    document = None
    try:
        document = pypdfium2.PdfDocument(data)
        # Also a file that anybody can open may forbid copying: its owner has not meant it to be passed on.
        if pdfium.FPDF_GetSecurityHandlerRevision(document.raw) != -1:
            raise _encrypted()
        if not 1 <= len(document) <= MAX_PAGES:
            raise ContentError(
                "too_many_pages", f"PDF 应有 1 到 {MAX_PAGES} 页，现有 {len(document)} 页，请拆分后重新上传。"
            )
        yield document
    except pypdfium2.PdfiumError as error:
        if error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            raise _encrypted() from None
        raise ContentError("damaged_file", "PDF 已损坏，无法打开，请重新导出后上传。") from None
    finally:
        if document is not None:
            document.close()


def _encrypted() -> ContentError:
    return ContentError("encrypted_file", "PDF 有密码或权限限制，请取消后重新上传。")


def _texts(document: pypdfium2.PdfDocument) -> tuple[list[str], bool]:
    """Return the text of each page, and whether the rest was too much."""
    texts: list[str] = []
    left = MAX_CHARACTERS
    for page in document:
        text = page.get_textpage().get_text_bounded() if left else ""
        # The library writes what has no character, and halves of some.
        text = "".join(each for each in text.replace("\r\n", "\n") if each != "\0" and not "\ud800" <= each <= "\udfff")
        texts.append(text[:left].replace("\ufffe", ""))
        left -= len(texts[-1])
        page.close()
    return texts, left == 0


def _picture(document: pypdfium2.PdfDocument, number: int) -> Picture:
    page = document[number - 1]
    longest = max(page.get_size())
    scale = min(MAX_SIDE / longest, _MAX_SCALE) if longest > 0 else 1.0
    image: Image.Image = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    page.close()
    media_type, data = encode(image)
    name = f"page-{number:03}.{'png' if media_type == 'image/png' else 'jpg'}"
    return Picture(number, name, media_type, image.width, image.height, f"第{number}页", data)
