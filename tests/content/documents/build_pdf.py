"""PDF files for the tests: real ones by fpdf2, and objects written by hand for what it would not make."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from fpdf import FPDF

_FONT = Path(__file__).parents[3] / "content" / "fonts" / "NotoSansSC-Regular.ttf"


@cache
def chinese_pdf(pages: int, text: str = "第{}页 党员学习资料。", times: int = 40, password: str | None = None) -> bytes:
    """Return a PDF with this many pages of text."""
    document = FPDF()
    document.set_creation_date(datetime(2026, 11, 24, tzinfo=UTC))
    document.add_font("noto", fname=_FONT)
    document.set_font("noto", size=12)
    for number in range(1, pages + 1):
        document.add_page()
        document.multi_cell(0, 8, text.format(number) * times)
    if password is not None:
        document.set_encryption(owner_password="owner", user_password=password)
    return bytes(document.output())


def raw_pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """Return a PDF of these objects, the first of which is the catalogue."""
    out = b"%PDF-1.7\n"
    places: list[int] = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (size, trailer, len(out))
    return out + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table) + end


def stream(content: bytes, dictionary: bytes = b"") -> bytes:
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), dictionary, content)


def one_page(
    content: bytes, resources: bytes = b"", *more: bytes, box: bytes = b"0 0 595 842", catalogue: bytes = b""
) -> bytes:
    """Return a PDF of one page with this content; further objects begin at 5."""
    return raw_pdf(
        b"<</Type/Catalog/Pages 2 0 R" + catalogue + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[%s]/Resources<<%s>>/Contents 4 0 R>>" % (box, resources),
        content if content.startswith(b"<<") else stream(content),
        *more,
    )


HELVETICA = b"/Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>"
TEXT = b"BT /F1 24 Tf 50 700 Td (Hello) Tj ET"


def unembedded_pdf(text: str) -> bytes:
    """Return a PDF that names a Chinese font and does not bring it."""
    shown = b"BT /F1 60 Tf 50 700 Td <%s> Tj ET" % text.encode("utf-16-be").hex().encode()
    return one_page(
        shown,
        b"/Font<</F1 5 0 R>>",
        b"<</Type/Font/Subtype/Type0/BaseFont/FangSong_GB2312/Encoding/UniGB-UCS2-H/DescendantFonts[6 0 R]>>",
        b"<</Type/Font/Subtype/CIDFontType0/BaseFont/FangSong_GB2312/FontDescriptor 7 0 R"
        b"/CIDSystemInfo<</Registry(Adobe)/Ordering(GB1)/Supplement 2>>>>",
        b"<</Type/FontDescriptor/FontName/FangSong_GB2312/Flags 6/FontBBox[0 0 1000 1000]/Ascent 800/Descent -200"
        b"/StemV 80/CapHeight 700/ItalicAngle 0>>",
    )
