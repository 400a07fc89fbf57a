import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.documents.html import parse_html
from content.documents.html_blocks import MAX_DEPTH
from content.documents.result import fill_placeholder, finish, open_placeholders
from content.errors import ContentError
from content.sanitize import ALLOWED_TAGS, sanitize_html
from tests.content.documents.build_docx import picture
from tests.content.test_sanitize import names_of


def html_of(page: str) -> str:
    return parse_html(page.encode()).html


def codes(page: str) -> list[str]:
    return [notice.code for notice in parse_html(page.encode()).warnings]


def code_of(data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        parse_html(data)
    return caught.value.code


@pytest.mark.parametrize(
    ("page", "html"),
    [
        ("文", "<p>文</p>"),
        ("<div>甲</div><div>乙</div>", "<p>甲</p><p>乙</p>"),
        ("<section><section>甲</section>乙</section>", "<p>甲</p><p>乙</p>"),
        ("<p>甲<b>乙</b><i>丙</i><u>丁</u></p>", "<p>甲<strong>乙</strong><em>丙</em><u>丁</u></p>"),
        ("<strong>甲<section>乙</section></strong>丙", "<p><strong>甲</strong></p><p><strong>乙</strong></p><p>丙</p>"),
        ("<h1>甲</h1><h6>乙</h6>", "<h1>甲</h1><h4>乙</h4>"),
        ("<ul><li>甲<li>乙<ul><li>丙</ul></ul>", "<ul><li>甲</li><li>乙<ul><li>丙</li></ul></li></ul>"),
        ('<ol start="3"><li>甲</ol>', '<ol start="3"><li>甲</li></ol>'),
        (
            "<table><tr><td colspan=2>甲<div>乙</div></td></tr></table>",
            '<table><tbody><tr><td colspan="2">甲<br>乙</td></tr></tbody></table>',
        ),
        ("<td>甲</td><tr><li>乙", "<p>甲</p><p>乙</p>"),
        ("<table><tr><td>甲</table>乙", "<table><tbody><tr><td>甲</td></tr></tbody></table><p>乙</p>"),
        ("<pre>甲\n  乙</pre>", "<pre>甲\n  乙</pre>"),
        ("<p>甲\n   乙</p>", "<p>甲 乙</p>"),
        ("<p>甲<br>乙</p>", "<p>甲<br>乙</p>"),
        ("<p style='text-align:center'>甲</p>", '<p class="center">甲</p>'),
        ("<div align=right>甲</div>", '<p class="right">甲</p>'),
        ("<center>甲</center>", '<p class="center">甲</p>'),
        (
            "<section style='text-align: center;'><p>甲</p><p style='text-align:left'>乙</p></section>",
            '<p class="center">甲</p><p>乙</p>',
        ),
        ("<p style='text-indent:2em'>甲</p>", '<p class="indent">甲</p>'),
        ("<p style='text-indent:0.0em'>甲</p>", "<p>甲</p>"),
        (
            "<p style='color:red'>示范镇委员会文件</p><p>示党发〔2026〕1号</p>",
            '<p class="red-head">示范镇委员会文件</p><p class="document-number">示党发〔2026〕1号</p>',
        ),
        ("<p>甲<span style='color:rgb(255, 0, 0)'>乙</span></p>", "<p>甲乙</p>"),
        (
            "<a href='https://a.cn/?b=1&amp;c=2'>甲</a>",
            '<p><a href="https://a.cn/?b=1&amp;c=2" rel="noopener noreferrer">甲</a></p>',
        ),
        ("<script>x</script><style>y</style>甲<svg><text>z</text></svg>", "<p>甲</p>"),
        ("<p style='display:none'>暗<b>藏</b></p>甲", "<p>甲</p>"),
        ("甲<img src=x width=1>", "<p>甲</p>"),
        ("甲<img src='/api/v1/assets/document/1'>", "<p>甲</p>"),
        ("甲<img src='/api/v1/assets/7'>", '<p>甲<img src="/api/v1/assets/7" alt=""></p>'),
    ],
)
def test_a_page_becomes_clean_blocks(page: str, html: str) -> None:
    assert html_of(page) == html


def test_each_remote_picture_becomes_a_numbered_place() -> None:
    page = '<p>甲<img data-src="https://mmbiz.qpic.cn/a?b=1" src="data:," alt="会场"><img src="//b.cn/c.png"></p>'
    document = parse_html(page.encode())
    assert [(each.number, each.alt, each.address) for each in document.placeholders] == [
        (1, "会场", "https://mmbiz.qpic.cn/a?b=1"),
        (2, "", "//b.cn/c.png"),
    ]
    assert open_placeholders(document.html) == [1, 2]
    filled = fill_placeholder(document.html, 1, "/api/v1/assets/5")
    assert open_placeholders(filled) == [2]
    assert '<p>甲<img src="/api/v1/assets/5"><span' in filled
    assert codes(page) == ["html_pictures"]


def test_a_picture_within_the_page_is_kept() -> None:
    data = base64.b64encode(picture()).decode()
    document = parse_html(f'<img src="data:image/png;base64,{data}" alt="图">'.encode())
    assert document.html == '<p><img src="/api/v1/assets/document/1" alt="图"></p>'
    assert document.pictures[0].media_type == "image/png"


def test_a_broken_or_active_picture_within_the_page_becomes_a_place() -> None:
    for source in ("data:image/png;base64,AAAA", "data:image/png;base64,A", "data:image/svg+xml;base64,PHN2Zy8+"):
        document = parse_html(f'<img src="{source}">'.encode())
        assert [each.address for each in document.placeholders] == [""]


def test_films_and_pages_cut_off_are_told() -> None:
    assert codes("甲<iframe src='https://v.qq.com/x'></iframe><mpvoice></mpvoice>") == ["html_media"]
    assert codes("甲<video>乙") == ["html_media", "html_cut_off"]


@pytest.mark.parametrize(
    "data",
    [
        '<meta charset="gbk"><p>学习</p>'.encode("gbk"),
        '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><p>学习</p>'.encode("gb18030"),
        "<p>学习</p><!-- 中文网页 -->".encode("gb18030"),
        "<p>学习</p>".encode("utf-8-sig"),
        "<p>学习</p>".encode("utf-16"),
        '<meta charset="gbk"><p>学习</p>'.encode("utf-8-sig"),
    ],
)
def test_each_encoding_of_chinese_pages_is_read(data: bytes) -> None:
    assert parse_html(data).html == "<p>学习</p>"


def test_what_cannot_be_read_is_refused() -> None:
    assert code_of(b"\xff\xff\x81") == "unknown_encoding"
    assert code_of(b"") == "empty_body"
    assert code_of(b"<script>a</script>") == "empty_body"
    assert code_of(bytes(20 * 1024 * 1024 + 1)) == "file_too_large"
    assert code_of("<p>机密★1年</p>".encode()) == "classified_marking"
    assert code_of(b"<p>" + b"a" * 600_000) == "html_too_large"


def test_the_title_comes_from_the_page() -> None:
    assert parse_html("<title> 标题 </title>甲".encode()).title == "标题"
    assert parse_html('<meta property="og:title" content="文章"><title>x</title>甲'.encode()).title == "文章"
    assert parse_html("<h2>小标题</h2>甲".encode()).title == "小标题"


def test_nesting_is_flattened() -> None:
    assert html_of("<blockquote>" * 5000 + "甲").count("<blockquote>") == MAX_DEPTH


NAMES = """p div section span b strong i a img table tr td th tbody ul ol li pre br hr h1 h6 blockquote script svg
iframe title style video math form input dl dt dd caption center font sup u code"""
TAGS = st.sampled_from(NAMES.split())
ATTRIBUTES = st.sampled_from(
    [
        "", ' class="center"', ' class="x"', " style='text-align:center'", " style='text-indent:2em;color:red'",
        " onclick=x", ' href="javascript:a"', ' href="https://a.cn"', ' src="https://a.cn/b"', " colspan=2",
        ' src="/api/v1/assets/1"', " style='display:none'", ' src="/api/v1/assets/document/9"',
        " src='data:image/png;base64,AAAA'",
    ]
)  # fmt: skip
MARKUP = st.one_of(
    st.builds("<{}{}>".format, TAGS, ATTRIBUTES),
    TAGS.map("</{}>".format),
    st.sampled_from(["学习", " ", "\n", "&lt;", "&", "<", "<!--", "-->", "】", '"']),
    st.text(max_size=4),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(MARKUP, max_size=40).map("".join))
def test_any_page_becomes_html_that_is_safe_and_final(page: str) -> None:
    try:
        document = parse_html(page.encode("utf-8", "replace"))
    except ContentError:
        return
    html, nodes = finish(document.html, {})
    assert html == document.html.replace("<pre>\n", "<pre>")
    assert sanitize_html(html) == html.replace("<pre>\n", "<pre>")
    assert names_of(nodes) <= ALLOWED_TAGS
    assert not re.search("<[^>]*javascript:", html)
    assert len(open_placeholders(html)) == len(document.placeholders)
