from collections.abc import Callable

import pytest
from docx import Document

from content.documents.docx import parse_docx
from content.documents.result import ParsedDocument, finish
from content.errors import ContentError
from tests.content.documents.build_docx import docx_of, official_docx, p, part_of, picture, rich_docx, saved, with_parts


def parsed(body: str) -> ParsedDocument:
    return parse_docx(docx_of(body))


def codes(document: ParsedDocument) -> set[str]:
    return {notice.code for notice in document.warnings}


def code_of(data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        parse_docx(data)
    assert caught.value.detail
    return caught.value.code


def test_an_official_document_keeps_what_makes_it_one() -> None:
    document = parse_docx(official_docx())
    assert document.html == (
        '<p class="red-head">中共示范镇委员会文件</p>'
        '<p class="document-number">示党发〔2026〕12号</p>'
        '<p class="center">关于开展主题党日的通知</p>'
        "<p>各党支部：</p>"
        '<p class="indent">现将有关事项通知如下。</p>'
        '<p class="signature">中共示范镇委员会</p>'
        '<p class="signature">2026年11月24日</p>'
    )
    assert document.title == "关于开展主题党日的通知"
    assert document.warnings == ()


def test_headings_lists_tables_pictures_and_small_figures_survive() -> None:
    document = parse_docx(rich_docx())
    assert "<h1>第一章</h1><p>正文<strong>重点</strong></p><ul><li>甲</li><li>乙</li></ul>" in document.html
    assert '<td colspan="2"><p>横跨</p></td>' in document.html
    assert '<td rowspan="2"><p>竖跨</p></td>' in document.html
    assert "<p>H<sub>2</sub></p>" in document.html
    assert [each.number for each in document.pictures] == [1, 2, 3]
    assert document.title == "学习资料"


def test_finishing_puts_addresses_in_and_changes_nothing_else() -> None:
    document = parse_docx(rich_docx())
    html, nodes = finish(document.html, {number: f"/api/v1/assets/{number}0" for number in (1, 2, 3)})
    assert html == document.html.replace("/document/1", "/10").replace("/document/2", "/20").replace(
        "/document/3", "/30"
    )
    assert finish(html, {}) == (html, nodes)
    with pytest.raises(KeyError):
        finish(document.html, {1: "/api/v1/assets/1"})


@pytest.mark.parametrize(
    ("properties", "html"),
    [
        ('<w:jc w:val="right"/>', '<p class="right">文</p>'),
        ('<w:jc w:val="end"/>', '<p class="right">文</p>'),
        ('<w:jc w:val="center"/>', '<p class="center">文</p>'),
        ('<w:jc w:val="both"/>', "<p>文</p>"),
        ('<w:ind w:firstLineChars="200"/>', '<p class="indent">文</p>'),
        ('<w:ind w:firstLine="0"/>', "<p>文</p>"),
        ('<w:outlineLvl w:val="1"/>', "<h2>文</h2>"),
        ('<w:outlineLvl w:val="9"/>', "<p>文</p>"),
        ('<w:pStyle w:val="Heading1"/><w:jc w:val="center"/>', '<h1 class="center">文</h1>'),
        ('<w:pStyle w:val="Heading6"/>', "<h4>文</h4>"),
        ('<w:pStyle w:val="NoSuchStyle"/>', "<p>文</p>"),
    ],
)
def test_how_a_paragraph_looks_becomes_a_fixed_class(properties: str, html: str) -> None:
    document = parsed(p("文", properties))
    assert document.html == html
    assert document.warnings == ()


def test_a_look_may_come_from_a_style_and_the_one_that_it_rests_on() -> None:
    document = Document()
    styles = document.styles
    base = styles.add_style("公文落款", 1)
    base.paragraph_format.alignment = 2
    child = styles.add_style("公文落款二", 1)
    child.base_style = base
    document.add_paragraph("文", style="公文落款二")
    assert parse_docx(saved(document)).html == '<p class="right">文</p>'


@pytest.mark.parametrize(
    "number", ["示党发〔2026〕12号", "示党发［2026］12号", "某 办 发 (2026) 3 号", "示党字〔2026〕第7号　签发人：张三"]
)
def test_a_document_number_is_known_in_each_way_of_writing_it(number: str) -> None:
    assert 'class="document-number"' in parsed(p(number)).html


def test_a_sentence_that_names_a_document_is_no_document_number() -> None:
    assert "document-number" not in parsed(p("根据示党发〔2026〕12号文件精神，现通知如下。")).html


def test_a_date_in_the_text_is_no_signature() -> None:
    assert "signature" not in parsed(p("2026年11月24日") + p("召开会议。")).html


def test_a_signature_that_is_pushed_right_by_indents_or_spaces_is_known() -> None:
    far = '<w:ind w:left="5000"/>'
    assert parsed(p("正文") + p("示范支部", far) + p("二〇二六年十一月二十四日", far)).html == (
        '<p>正文</p><p class="signature">示范支部</p><p class="signature">二〇二六年十一月二十四日</p>'
    )


@pytest.mark.parametrize(
    ("body", "html", "code"),
    [
        ('<w:p><w:ins w:id="1" w:author="a"><w:r><w:t>新</w:t></w:r></w:ins></w:p>', "<p>新</p>", "word_inserted"),
        (
            p("文") + '<w:p><w:del w:id="1" w:author="a"><w:r><w:delText>旧</w:delText></w:r></w:del></w:p>',
            "<p>文</p>",
            "word_deleted",
        ),
        (p("文") + p("暗", "", "<w:vanish/>"), "<p>文</p>", "word_hidden"),
        (p("文") + p("明", "", '<w:vanish w:val="0"/>'), "<p>文</p><p>明</p>", ""),
        ("<w:p><m:oMath><m:r><m:t>a=b</m:t></m:r></m:oMath></w:p>", "<p>a=b</p>", "word_formulas"),
        (p("文") + '<w:altChunk r:id="rId99"/>', "<p>文</p>", "word_objects"),
        ('<w:p><w:bookmarkStart w:id="1" w:name="a"/><w:r><w:t>文</w:t></w:r></w:p>', "<p>文</p>", ""),
        ('<w:p><w:hyperlink w:anchor="a"><w:r><w:t>文</w:t></w:r></w:hyperlink></w:p>', "<p>文</p>", ""),
        (p("文", "", '<w:u w:val="single"/>'), "<p><u>文</u></p>", ""),
        (p("文") + "<w:p><w:r><w:unheard/></w:r></w:p>", "<p>文</p>", "word_unknown"),
    ],
)
def test_what_is_left_out_or_changed_is_told(body: str, html: str, code: str) -> None:
    document = parsed(body)
    assert document.html == html
    assert codes(document) == ({code} if code else set())


BOX = f"<w:txbxContent>{p('框中文字')}</w:txbxContent>"
DRAWN = f"<w:drawing><wp:anchor><wps:wsp><wps:txbx>{BOX}</wps:txbx></wps:wsp></wp:anchor></w:drawing>"
OLD = f"<w:pict><v:shape><v:textbox>{BOX}</v:textbox></v:shape></w:pict>"


@pytest.mark.parametrize(
    "box",
    [
        DRAWN,
        OLD,
        f'<mc:AlternateContent><mc:Choice Requires="wps">{DRAWN}</mc:Choice>'
        f"<mc:Fallback>{OLD}</mc:Fallback></mc:AlternateContent>",
        f'<mc:AlternateContent><mc:Choice Requires="wps">{DRAWN}</mc:Choice></mc:AlternateContent>',
    ],
    ids=["new", "old", "both", "new in an alternative"],
)
def test_a_text_box_is_kept_once_however_it_is_written(box: str) -> None:
    document = parsed(f"<w:p><w:r><w:t>文</w:t></w:r><w:r>{box}</w:r></w:p>")
    assert document.text.split("\n") == ["文", "框中文字"]


def test_a_footnote_is_a_number_and_a_note_at_the_end() -> None:
    body = '<w:p><w:r><w:t>文</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>'
    namespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    notes = f'<w:footnotes {namespace}><w:footnote w:id="2">{p("出处")}</w:footnote></w:footnotes>'
    document = parse_docx(docx_of(body, {"word/footnotes.xml": notes}))
    assert document.html == "<p>文<sup>[1]</sup></p><hr><h4>注释</h4><ol><li><p>出处</p></li></ol>"


def test_a_picture_that_cannot_be_shown_leaves_its_place() -> None:
    data = rich_docx()
    document = parse_docx(with_parts(data, {"word/media/image1.png": b"\xd7\xcd\xc6\x9a" + bytes(60)}))
    assert '<span class="placeholder">【图1：请上传图片】</span>' in document.html
    assert len(document.pictures) == 2
    assert codes(document) == {"unsupported_picture"}


def test_a_picture_that_is_missing_leaves_its_place() -> None:
    document = parse_docx(with_parts(rich_docx(), {}, without=("word/media/image1.png",)))
    assert [each.number for each in document.placeholders] == [1]
    assert codes(document) == {"missing_picture"}


def test_a_linked_picture_is_never_fetched() -> None:
    data = rich_docx()
    relations = part_of(data, "word/_rels/document.xml.rels").replace(
        b'Target="media/image1.png"', b'Target="http://127.0.0.1:1/a.png" TargetMode="External"'
    )
    xml = part_of(data, "word/document.xml").replace(b"r:embed", b"r:link")
    document = parse_docx(with_parts(data, {"word/_rels/document.xml.rels": relations, "word/document.xml": xml}))
    assert len(document.placeholders) == 3


def test_headers_are_told_and_not_shown() -> None:
    document = Document()
    document.add_paragraph("文")
    document.sections[0].header.paragraphs[0].text = "内部资料"
    found = parse_docx(saved(document))
    assert found.html == "<p>文</p>"
    assert "内部资料" in found.warnings[0].detail


def in_header(text: str) -> bytes:
    document = Document()
    document.add_paragraph("文")
    document.sections[0].header.paragraphs[0].text = text
    return saved(document)


@pytest.mark.parametrize(
    "build",
    [
        lambda: docx_of(p("机密★1年") + p("文")),
        lambda: docx_of("<w:p><w:r><w:t>秘 密</w:t></w:r><w:r><w:t>★</w:t></w:r></w:p>"),
        lambda: docx_of(f"<w:tbl><w:tr><w:tc>{p('绝密★启用前')}</w:tc></w:tr></w:tbl>"),
        lambda: docx_of(p("段") * 40 + f"<w:p><w:r>{DRAWN}</w:r></w:p>".replace("框中文字", "机密★")),
        lambda: in_header("秘密★长期"),
    ],
    ids=["line", "two runs", "table", "text box", "header"],
)
def test_a_secrecy_marking_in_any_head_refuses_the_file(build: Callable[[], bytes]) -> None:
    assert code_of(build()) == "classified_marking"


def test_the_bare_words_ask_the_reviewer() -> None:
    assert codes(parsed(p("严守党的秘密，不泄露机密。"))) == {"secrecy_words"}


def test_a_script_link_becomes_text() -> None:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    link = '<w:r><w:instrText>HYPERLINK "javascript:alert(1)"</w:instrText></w:r>'
    field = f"<w:p>{mark('begin')}{link}{mark('separate')}<w:r><w:t>点</w:t></w:r>{mark('end')}</w:p>"
    html = parsed(field).html
    assert "javascript" not in html
    assert "点" in html


def test_a_file_that_is_empty_or_no_word_file_is_told_so() -> None:
    assert code_of(docx_of("")) == "empty_body"
    assert code_of(with_parts(rich_docx(), {"word/document.xml": b"<a/>"})) == "damaged_file"
    assert code_of(with_parts(rich_docx(), {"word/document.xml": b"<a"})) == "damaged_file"
    assert code_of(picture()) == "not_docx"


def test_macros_are_refused_by_their_part_and_by_the_kind_of_file() -> None:
    data = rich_docx()
    assert code_of(with_parts(data, {"word/vbaProject.bin": b"x"})) == "has_macros"
    types = part_of(data, "[Content_Types].xml").replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main",
        b"application/vnd.ms-word.document.macroEnabled.main",
    )
    assert code_of(with_parts(data, {"[Content_Types].xml": types})) == "has_macros"
