import zlib
from collections.abc import Callable

from tests.content.documents.build_pdf import HELVETICA, TEXT, chinese_pdf, one_page, raw_pdf, stream

Case = tuple[str, Callable[[], bytes], str]

CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"


def squeezed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = zlib.compress(content, 9)
    return stream(content, b"/Filter[%s]" % (b"/FlateDecode" * times))


def form_loop() -> bytes:
    form = stream(b"/X Do /X Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>")
    return one_page(b"/X Do", b"/XObject<</X 5 0 R>>", form)


def form_tree() -> bytes:
    """Forms that each draw the next one ten times: ten to the twelfth."""
    forms = [
        stream(
            b"/X Do " * 10,
            b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % (number + 1),
        )
        for number in range(5, 17)
    ]
    last = stream(b"0 0 1 1 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]")
    return one_page(b"/X Do", b"/XObject<</X 5 0 R>>", *forms, last)


def great_image() -> bytes:
    image = squeezed(bytes(1_000_000))[2:]
    dictionary = b"<</Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8"
    return one_page(b"500 0 0 500 0 0 cm /I Do", b"/XObject<</I 5 0 R>>", dictionary + image)


def acting(action: bytes) -> Callable[[], bytes]:
    return lambda: one_page(TEXT, HELVETICA, catalogue=b"/OpenAction<<%s>>" % action)


PDFS: dict[str, Case] = {
    "a form that draws itself": ("a.pdf", form_loop, "|document_too_complex"),
    "forms that draw each other": ("a.pdf", form_tree, "document_too_complex"),
    "a page that inflates to 48 MB": ("a.pdf", lambda: one_page(squeezed(b"0 0 m " * 8_000_000)), "|document_too_complex"),
    "filters in filters": ("a.pdf", lambda: one_page(squeezed(bytes(100_000_000), 4)), ""),
    "a script at its opening": ("a.pdf", acting(b"/S/JavaScript/JS(app.alert(1))"), ""),
    "a program at its opening": ("a.pdf", acting(b"/S/Launch/F(cmd.exe)"), ""),
    "an address at its opening": ("a.pdf", acting(b"/S/URI/URI(http://127.0.0.1/)"), ""),
    "a page that is its own parent": ("a.pdf", lambda: raw_pdf(CATALOGUE, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"), "damaged_file"),
    "a thousand million pages": ("a.pdf", lambda: raw_pdf(CATALOGUE, b"<</Type/Pages/Kids[3 0 R]/Count 1000000000>>", b"<</Type/Page/Parent 2 0 R>>"), ""),
    "301 pages": ("a.pdf", lambda: chinese_pdf(301, "a", 1), "too_many_pages"),
    "a table that leads to itself": ("a.pdf", lambda: raw_pdf(CATALOGUE, trailer=b"/Prev 9"), "damaged_file"),
    "arrays in arrays": ("a.pdf", lambda: one_page(b"[" * 500_000 + b"]" * 500_000), ""),
    "states in states": ("a.pdf", lambda: one_page(b"q " * 2_000_000), ""),
    "a great page": ("a.pdf", lambda: one_page(TEXT, HELVETICA, box=b"0 0 9000000 9000000"), ""),
    "a picture of 3,600 megapixels": ("a.pdf", great_image, ""),
    "a million lines": ("a.pdf", lambda: one_page(squeezed(b"0 0 m 500 800 l S " * 1_000_000)), "document_too_complex"),
    "a PDF with a password": ("a.pdf", lambda: chinese_pdf(1, password="secret"), "encrypted_file"),
    "a PDF cut off": ("a.pdf", lambda: chinese_pdf(3)[:900], "damaged_file"),
    "a PDF of zeros": ("a.pdf", lambda: b"%PDF-1.7" + bytes(1_000_000), "damaged_file"),
    "a PDF with a page in front": ("a.pdf", lambda: b"<script>alert(1)</script>\n" + chinese_pdf(1), "extension_mismatch"),
    "a PDF with an archive behind it": ("a.pdf", lambda: chinese_pdf(1) + b"PK\x03\x04" + bytes(500), ""),
    "a marking on the first page": ("a.pdf", lambda: chinese_pdf(1, "机密★1年 "), "classified_marking"),
}  # fmt: skip
