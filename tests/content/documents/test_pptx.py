import pytest

from content.documents.pptx import parse_pptx
from content.errors import ContentError
from tests.content.documents.build_docx import part_of, rich_docx, with_parts
from tests.content.documents.build_pptx import pptx_of, rich_pptx


def code_of(data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        parse_pptx(data)
    return caught.value.code


def test_each_slide_gives_its_text_tables_and_pictures() -> None:
    document = parse_pptx(rich_pptx())
    assert document.html == (
        "<h2>主题党日</h2><p>一、学习</p><p>二、讨论</p><hr>"
        "<h2>第2页</h2><p>文本框 &lt;b&gt;</p>"
        '<p class="center"><img src="/api/v1/assets/document/1" alt="image.png"></p>'
        "<table><tbody><tr><td>甲</td><td>乙</td></tr></tbody></table>"
    )
    assert document.title == "主题党日"
    assert len(document.pictures) == 1


def test_what_is_left_out_is_told() -> None:
    assert [notice.code for notice in parse_pptx(rich_pptx()).warnings] == ["pptx_layout", "pptx_notes", "pptx_hidden"]


def test_a_secrecy_marking_on_the_first_slide_refuses_the_file() -> None:
    assert (
        code_of(pptx_of("\n".join([*"甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥", "机密★1年"])))
        == "classified_marking"
    )
    assert parse_pptx(pptx_of("a", *"乙" * 30, "机密 ★")).warnings[-1].code == "secrecy_words"


def test_a_picture_that_is_missing_leaves_its_place() -> None:
    document = parse_pptx(with_parts(rich_pptx(), {}, without=("ppt/media/image1.png",)))
    assert [each.number for each in document.placeholders] == [1]


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
