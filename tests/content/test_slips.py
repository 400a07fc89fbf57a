"""Binding slips, read back from the PDF by another library than the one that wrote it."""

import logging
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from io import BytesIO
from itertools import pairwise
from typing import Any, cast

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PageObject, PdfReader

from content.slips import Slip, slips_pdf

ISSUED, EXPIRES = date(2026, 11, 24), date(2026, 12, 8)
TITLE = "城关镇党委 第四季度绑定"
SLIP = Slip("张三", "第一支部", "12345678", "https://classroom.example/b?c=12345678", EXPIRES)
MM = 72 / 25.4
# The first slip of a page, in points: where its text begins, where the cutting line on its right is, its code's size.
LEFT, CUT, CODE_SIZE = 10.5 * MM, 105 * MM, 30


def pages(slips: Iterable[Slip], title: str = TITLE) -> list[PageObject]:
    return list(PdfReader(BytesIO(slips_pdf(list(slips), title=title, issued_on=ISSUED))).pages)


@dataclass(frozen=True)
class Piece:
    """A drawn text: where its baseline begins and ends, in points from the bottom left of the page."""

    text: str
    x: float
    y: float
    size: float
    end: float


def pieces(page: PageObject) -> list[Piece]:
    """The texts in the order in which they are drawn, by the character map and the widths in the file."""
    font: Any = cast(Any, page["/Resources"])["/Font"]["/F1"]
    pairs = re.findall(r"<([0-9A-F]{4})> <([0-9A-F]+)>\n", font["/ToUnicode"].get_data().decode())
    letters = {int(glyph, 16): bytes.fromhex(letter).decode("utf-16-be") for glyph, letter in pairs}
    widths = widths_of(font["/DescendantFonts"][0].get_object()["/W"])
    found, size, x, y = [], 0.0, 0.0, 0.0
    for operands, operator in operations(page):
        if operator == b"Tf":
            size = float(operands[1])
        elif operator == b"Td":
            x, y = map(float, operands)
        elif operator == b"Tj":
            glyphs = [value for (value,) in struct.iter_unpack(">H", operands[0].original_bytes)]
            end = x + sum(widths[glyph] for glyph in glyphs) / 1000 * size
            found.append(Piece("".join(letters[glyph] for glyph in glyphs), x, y, size, end))
    return [piece for piece in found if piece.text]


def widths_of(entries: list[Any]) -> dict[int, float]:
    """The array W of a font: first glyph, last glyph and their width, or first glyph and the widths from it on."""
    widths: dict[int, float] = {}
    rest = list(entries)
    while rest:
        first, second = rest.pop(0), rest.pop(0)
        if isinstance(second, list):
            widths.update(enumerate(map(float, second), first))
        else:
            widths.update(dict.fromkeys(range(first, second + 1), float(rest.pop(0))))
    return widths


def operations(page: PageObject) -> list[tuple[Any, bytes]]:
    contents = page.get_contents()
    assert contents is not None
    return list(contents.operations)


def of_first_slip(page: PageObject) -> list[Piece]:
    return [piece for piece in pieces(page) if piece.x < CUT - 1 and piece.y > 790 - 54.5 * MM + 10]


def rectangles(page: PageObject) -> list[tuple[float, float, float, float]]:
    """The filled rectangles as x, top, width and height in points; the QR codes are drawn with these only."""
    drawn = [operands for operands, operator in operations(page) if operator == b"re"]
    return [(float(x), float(y), float(width), -float(height)) for x, y, width, height in drawn]


def modules(page: PageObject) -> list[list[int]]:
    """The one QR code of a page, read from what is painted."""
    painted = rectangles(page)
    left, top = min(x for x, *_ in painted), max(y for _, y, *_ in painted)
    module = painted[0][3]
    side = round((max(x + width for x, _, width, _ in painted) - left) / module)
    matrix = [[0] * side for _ in range(side)]
    for x, y, width, height in painted:
        assert height == pytest.approx(module, abs=0.02)
        start, row = round((x - left) / module), round((top - y) / module)
        for column in range(start, start + round(width / module)):
            matrix[row][column] = 1
    return matrix


def test_a_slip_tells_whose_it_is_what_to_type_until_when_and_how() -> None:
    (page,) = pages([SLIP])
    assert [piece.text for piece in pieces(page)] == [
        "指尖课堂 绑定单",
        "张三",
        "第一支部",
        "1234 5678",
        "有效期至 2026年12月8日",
        "微信打开小程序“指尖课堂”→绑定→扫码或输入 8 位数字",
        "仅限本人使用一次，请勿转交他人",
        "城关镇党委 第四季度绑定",
        "打印日期 2026年11月24日，第 1 页/共 1 页",
        "此页含个人凭证，发放后请勿张贴、转发",
    ]


def test_the_name_and_the_code_are_large_enough_for_old_eyes() -> None:
    (page,) = pages([SLIP])
    sizes = {piece.text: piece.size for piece in pieces(page)}
    assert sizes["张三"] >= 24
    assert sizes["1234 5678"] >= 30


def test_ten_slips_go_on_a_page_in_their_order_and_each_page_is_numbered() -> None:
    slips = [replace(SLIP, name=f"党员{number}", code=f"{number:08}") for number in range(21)]
    sheets = pages(slips)
    texts = [[piece.text for piece in pieces(page)] for page in sheets]
    assert [sum(text.startswith("党员") for text in page) for page in texts] == [10, 10, 1]
    assert [text for page in texts for text in page if text.startswith("党员")] == [slip.name for slip in slips]
    assert [text for page in texts for text in page if text.startswith("打印")] == [
        f"打印日期 2026年11月24日，第 {number} 页/共 3 页" for number in (1, 2, 3)
    ]
    places = {(round(piece.x / MM), round(piece.y / MM)) for piece in pieces(sheets[0]) if piece.size == CODE_SIZE}
    assert len(places) == 10
    assert {(float(page.mediabox.width), float(page.mediabox.height)) for page in sheets} == {(595.28, 841.89)}


@pytest.mark.parametrize(("count", "lines"), [(1, 5), (2, 5), (3, 6), (10, 9)])
def test_cutting_lines_go_round_the_rows_that_are_used(count: int, lines: int) -> None:
    (page,) = pages([SLIP] * count)
    assert [operator for _, operator in operations(page)].count(b"l") == lines


@pytest.mark.parametrize("link", ["https://wxaurl.cn/a", SLIP.link, "https://wxaurl.cn/" + "x" * 200, None])
def test_the_painted_qr_code_holds_the_link_or_else_the_code(link: str | None) -> None:
    (page,) = pages([replace(SLIP, link=link)])
    expected = segno.make(link or "12345678", error="m", micro=False).matrix
    assert modules(page) == [list(row) for row in expected]


@pytest.mark.parametrize("link", ["https://wxaurl.cn/" + "x" * 200, None])
def test_the_qr_code_is_large_and_has_four_white_modules_around_it(link: str | None) -> None:
    (page,) = pages([replace(SLIP, link=link)])
    painted = rectangles(page)
    module = painted[0][3]
    left, right = min(x for x, *_ in painted), max(x + width for x, _, width, _ in painted)
    top, bottom = max(y for _, y, *_ in painted), min(y - height for _, y, _, height in painted)
    assert right - left >= 28 * MM
    assert right + 3.99 * module <= CUT
    assert top + 3.99 * module <= 841.89 - 7 * MM  # the cutting line above
    beside = [piece for piece in of_first_slip(page) if piece.y + piece.size > bottom - 3.99 * module]
    assert len(beside) == 5
    for piece in beside:
        if piece.y > bottom - 4 * module:
            assert piece.end <= left - 3.99 * module


def test_an_ordinary_name_from_a_minority_stands_on_one_line_in_one_piece() -> None:
    (page,) = pages([replace(SLIP, name="阿依古丽·买买提")])
    assert "阿依古丽·买买提" in [piece.text for piece in pieces(page)]


def test_a_name_of_thirty_characters_is_whole_and_breaks_after_a_dot() -> None:
    name = "买买提·吐尔逊·阿卜杜热合曼·艾力·巴图尔·那仁巴依·孛儿只斤"
    (page,) = pages([replace(SLIP, name=name)])
    first, second = (piece.text for piece in of_first_slip(page)[1:3])
    assert first + second == name
    assert first.endswith("·")


def test_a_very_long_organisation_keeps_its_beginning_and_its_end() -> None:
    name = "中共内蒙古自治区锡林郭勒盟西乌珠穆沁旗巴拉嘎尔高勒镇希日塔拉嘎查牧民党支部委员会第二流动党员临时党小组"
    (page,) = pages([replace(SLIP, organisation=name)], title=name * 3)
    shown = "".join(piece.text for piece in of_first_slip(page)[2:4])
    assert shown.startswith("中共内蒙古自治区")
    assert "…" in shown
    assert shown.endswith("第二流动党员临时党小组")


HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
TEXTS = st.one_of(
    st.text(HAN, max_size=40),
    st.text(st.one_of(HAN, st.sampled_from("·- Wi")), max_size=40),
    st.text(st.characters(), max_size=40),  # lone surrogates, private use and all
)


def assert_that_nothing_leaves_its_place(page: PageObject) -> None:
    drawn = pieces(page)
    qr_codes = {round(x, 1) for x, *_ in rectangles(page)}
    for code in (piece for piece in drawn if piece.text == "8888 8888"):
        above = [piece for piece in drawn if piece.x == code.x and 0 < piece.y - code.y < 40 * MM]
        qr_left = min(x for x in qr_codes if x > code.x)
        for piece in above:
            assert piece.end <= qr_left - 5 * MM
            assert piece.y - 0.2 * piece.size > code.y + 0.73 * CODE_SIZE  # the descenders end above the digits
        for upper, lower in pairwise(above):
            assert upper.y - lower.y > 0.9 * lower.size
    foot = [piece for piece in drawn if piece.y < 45]
    left, right = [piece for piece in foot if piece.x < 300], [piece for piece in foot if piece.x > 300]
    assert max(piece.end for piece in left) < min(piece.x for piece in right)
    assert max(piece.end for piece in right) <= 595.28 - 6 * MM
    assert min(piece.y for piece in foot) > 6 * MM


def test_names_of_all_lengths_keep_to_their_place() -> None:
    names = ["国" * length for length in (*range(1, 42, 2), 100)]
    slips = [Slip(name, other, "88888888", None, EXPIRES) for name in names for other in names[::3]]
    for page in pages(slips, names[-1]):
        assert_that_nothing_leaves_its_place(page)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=10), TEXTS)
def test_whatever_the_names_are_made_of_they_keep_to_their_place(names: list[tuple[str, str]], title: str) -> None:
    slips = [Slip(name, organisation, "88888888", None, EXPIRES) for name, organisation in names]
    (page,) = pages(slips, title)
    assert_that_nothing_leaves_its_place(page)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王\U00020bb7", "王□"),  # 𠮷, which the font lacks
        ("\ue863\ufffe朋", "□□朋"),
        ("\U000f0000朋", "□朋"),
        ("\ud842朋", "□朋"),
        ("བོད", "□□□"),
        ("𰻝", "𰻝"),  # beyond the BMP, and in the font
        ("葛\U000e0100城\ufe00", "葛城"),
        ("张\u200b三\u202e", "张三"),
        ("张\n三\t", "张 三"),
    ],
)
def test_a_character_that_cannot_be_printed_leaves_a_box_and_one_that_cannot_be_seen_leaves_nothing(
    name: str, shown: str
) -> None:
    (page,) = pages([replace(SLIP, name=name)])
    texts = [piece.text for piece in pieces(page)]
    assert texts[1] == shown
    assert ("□ 为字库没有的字，请手写补上" in texts) == ("□" in shown)


def test_no_character_of_a_name_stands_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pages([replace(SLIP, name="王\U00020bb7")])
    # The font library lists the glyphs of a sheet, by names such as uni738B, and fpdf2 the missing characters.
    assert not [record for record in caplog.records if record.name.startswith("fontTools")]
    for words in ("王", "738b", "\U00020bb7", "20bb7", SLIP.code):
        assert words not in caplog.text.lower()


def test_the_file_says_nothing_of_anybody_outside_its_pages() -> None:
    reader = PdfReader(BytesIO(slips_pdf([SLIP], title=TITLE, issued_on=ISSUED)))
    assert reader.metadata is not None
    assert {key: value for key, value in reader.metadata.items() if key != "/Producer"} == {
        "/Title": "指尖课堂 绑定单",
        "/CreationDate": "D:20261124000000Z",
    }
    assert "/Annots" not in reader.pages[0]


def test_the_same_slips_on_the_same_day_are_the_same_file() -> None:
    first, again = (slips_pdf([SLIP], title=TITLE, issued_on=ISSUED) for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("slips", "words"),
    [
        ([], "no slips"),
        ([replace(SLIP, code="1234567")], "8 digits"),
        ([replace(SLIP, code="１２３４５６７８")], "8 digits"),
        ([replace(SLIP, link="https://wxaurl.cn/" + "x" * 3000)], "too large"),
    ],
)
def test_what_is_no_slip_is_refused(slips: list[Slip], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        slips_pdf(slips, title=TITLE, issued_on=ISSUED)
