from io import BytesIO

import pytest
from PIL import Image, ImageChops

from content.documents.pdf import page_ranges
from content.documents.pdf_read import parse_pdf, render_pages
from content.errors import ContentError
from tests.content.documents.build_docx import picture
from tests.content.documents.build_pdf import HELVETICA, TEXT, chinese_pdf, one_page, raw_pdf, unembedded_pdf


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(render_pages(data, 1, 1).pictures[0].data)).convert("L")


def code_of(data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        parse_pdf(data)
    return caught.value.code


def test_each_page_has_its_picture_and_its_text() -> None:
    document = parse_pdf(chinese_pdf(3))
    assert document.html.startswith('<p class="page"><img src="/api/v1/assets/document/1" alt="第1页"></p>')
    assert [text[:3] for text in document.text.split("\f")] == ["第1页", "第2页", "第3页"]
    assert document.characters == 3 * 40 * len("第1页党员学习资料。")
    assert document.pictures == ()
    assert document.warnings == ()


def test_pages_are_drawn_within_bounds() -> None:
    pages = render_pages(chinese_pdf(12), 1, 12).pictures
    assert [page.number for page in pages] == list(range(1, 11))
    assert max(pages[0].width, pages[0].height) == 1600
    assert opened(chinese_pdf(12)).getextrema() == (0, 255)
    assert render_pages(chinese_pdf(12), 11, 20).pictures[-1].number == 12


def test_pages_are_drawn_in_runs_of_ten() -> None:
    assert page_ranges(21) == [(1, 10), (11, 20), (21, 21)]
    assert page_ranges(1) == [(1, 1)]


@pytest.mark.parametrize("box", [b"0 0 1 1", b"0 0 20000 20000", b"0 0 100000 1", b"0 0 0 0", b"-9e9 -9e9 9e9 9e9"])
def test_the_size_that_a_page_claims_does_not_matter(box: bytes) -> None:
    (page,) = render_pages(one_page(TEXT, HELVETICA, box=box), 1, 1).pictures
    assert max(page.width, page.height) <= 1600


def test_chinese_is_drawn_with_our_font_where_the_file_brings_none() -> None:
    first, second = opened(unembedded_pdf("学习")), opened(unembedded_pdf("学校"))
    left, right = (0, 0, 205, 600), (205, 0, 400, 600)
    assert ImageChops.difference(first.crop(left), second.crop(left)).getbbox() is None
    assert ImageChops.difference(first.crop(right), second.crop(right)).getbbox() is not None
    assert parse_pdf(unembedded_pdf("学习")).text == "学习"


def test_a_scan_says_that_it_has_no_text() -> None:
    assert [notice.code for notice in parse_pdf(one_page(b"")).warnings] == ["pdf_no_text"]


def test_text_beyond_the_bound_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("content.documents.pdf_read.MAX_CHARACTERS", 100)
    document = parse_pdf(chinese_pdf(3))
    assert len(document.text.replace("\f", "")) == 100
    assert [notice.code for notice in document.warnings] == ["pdf_text_cut"]
    assert document.html.count("<img") == 3


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (chinese_pdf(1, password="secret"), "encrypted_file"),
        (chinese_pdf(1, password=""), "encrypted_file"),
        (chinese_pdf(1, "机密★1年 通知"), "classified_marking"),
        (b"%PDF-1.7", "damaged_file"),
        (b"%PDF-1.7" + bytes(1000), "damaged_file"),
        (b"x" + chinese_pdf(1), "not_pdf"),
        (picture(), "not_pdf"),
        (b"", "not_pdf"),
        (raw_pdf(b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"), "damaged_file"),
        (chinese_pdf(301, "a", 1), "too_many_pages"),
    ],
    ids=["password", "owner", "marking", "empty", "zeros", "prefix", "picture", "nothing", "no pages", "301 pages"],
)
def test_what_cannot_be_shown_is_refused(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_the_bare_word_asks_the_reviewer() -> None:
    assert [notice.code for notice in parse_pdf(chinese_pdf(1, "保守党的秘密")).warnings] == ["secrecy_words"]
