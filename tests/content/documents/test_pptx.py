import pytest

from content.documents.pptx import parse_pptx
from content.errors import ContentError
from tests.content.documents.build_docx import part_of, rich_docx, with_parts
from tests.content.documents.build_pptx import pptx_of, rich_pptx, with_undrawn


def code_of(data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        parse_pptx(data)
    return caught.value.code


def test_each_slide_gives_its_picture_and_its_text() -> None:
    document = parse_pptx(rich_pptx())
    assert document.html == (
        '<p class="page"><img src="/api/v1/assets/document/1" alt="第1页"></p>'
        '<p class="page"><img src="/api/v1/assets/document/2" alt="第2页"></p>'
    )
    assert document.text == "主题党日\n一、学习\n二、讨论\n\f文本框 <b>\n甲 乙"
    assert document.title == "主题党日"
    assert document.pictures == ()


def test_what_is_left_out_is_told_and_counted() -> None:
    assert [notice.code for notice in parse_pptx(rich_pptx()).warnings] == [
        "pptx_simplified", "pptx_hidden", "pptx_notes",
    ]  # fmt: skip
    told = {notice.code: notice.detail for notice in parse_pptx(with_undrawn()).warnings}
    assert "有 2 个图表" in told["pptx_objects"]
    assert "有 1 处公式" in told["pptx_formulas"]
    assert "有 1 页带动画" in told["pptx_animations"]
    assert "有 1 张图片" in told["pptx_pictures"]


def test_slides_without_text_say_so() -> None:
    assert [notice.code for notice in parse_pptx(pptx_of("")).warnings] == ["pptx_simplified", "pptx_no_text"]


def test_text_beyond_the_bound_is_cut_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("content.documents.pptx.MAX_CHARACTERS", 3)
    document = parse_pptx(pptx_of("一二三四"))
    assert document.text == "一二三"
    assert document.warnings[-1].code == "pptx_text_cut"


def test_a_secrecy_marking_on_the_first_slide_refuses_the_file() -> None:
    assert (
        code_of(pptx_of("\n".join([*"甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥", "机密★1年"])))
        == "classified_marking"
    )
    assert parse_pptx(pptx_of("a", *"乙" * 30, "机密 ★")).warnings[-1].code == "secrecy_words"


def test_files_that_are_no_slides_are_told_so() -> None:
    assert code_of(rich_docx()) == "extension_mismatch"
    assert code_of(pptx_of()) == "empty_body"
    assert code_of(with_parts(pptx_of("a"), {"ppt/presentation.xml": b"<a"})) == "damaged_file"
    assert code_of(with_parts(pptx_of("a"), {}, without=("ppt/slides/slide1.xml",))) == "damaged_file"
    assert code_of(with_parts(pptx_of("a"), {"ppt/vbaProject.bin": b""})) == "has_macros"


def test_more_than_300_slides_are_refused() -> None:
    data = pptx_of("a")
    xml = part_of(data, "ppt/presentation.xml")
    start, end = xml.index(b"<p:sldId "), xml.index(b"</p:sldIdLst>")
    many = xml[:start] + xml[start:end] * 301 + xml[end:]
    assert code_of(with_parts(data, {"ppt/presentation.xml": many})) == "too_many_pages"
