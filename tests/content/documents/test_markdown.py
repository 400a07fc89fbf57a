import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.documents.markdown import lesson_from_fields, parse_markdown, render_markdown
from content.errors import ContentError
from content.sanitize import html_to_nodes, plain_text

HEAD = "---\ntitle: 三会一课\nsource: 《支部工作条例（试行）》\n---\n"


def code_of(text: str | bytes) -> str:
    with pytest.raises(ContentError) as caught:
        parse_markdown(text if isinstance(text, bytes) else text.encode())
    assert caught.value.detail
    return caught.value.code


def test_a_complete_file_becomes_a_lesson() -> None:
    text = (
        "\ufeff---\r\ntitle: 三会一课\r\nsummary: 摘要\r\nsource: 《条例》\r\narticle: 14\r\n"
        "url: https://www.12371.cn/a\r\n---\r\n\r\n# 标题\r\n\r\n正文 **重点**\r\n"
    )
    lesson = parse_markdown(text.encode())
    assert (lesson.title, lesson.summary, lesson.source) == ("三会一课", "摘要", "《条例》")
    assert (lesson.article, lesson.source_url) == ("14", "https://www.12371.cn/a")
    assert lesson.markdown == "# 标题\n\n正文 **重点**"
    assert lesson.html == "<h1>标题</h1>\n<p>正文 <strong>重点</strong></p>\n"
    assert lesson.nodes == html_to_nodes(lesson.html)
    assert lesson.characters == 6


def test_optional_fields_may_be_absent_or_empty() -> None:
    lesson = parse_markdown(b"---\ntitle: a\nsource: b\nsummary:\n---\nc")
    assert (lesson.summary, lesson.article, lesson.source_url) == ("", "", "")


def test_text_is_stored_in_nfc() -> None:
    assert lesson_from_fields("e\u0301", "", "b", "", "", "e\u0301").markdown == "é"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("正文", "missing_front_matter"),
        ("---\ntitle: a\n正文", "missing_front_matter"),
        ("---\nsource: b\n---\n正文", "missing_title"),
        ("---\ntitle: a\n---\n正文", "missing_source"),
        ("---\ntitle: a\nsource: b\nauthor: c\n---\n正文", "unknown_field"),
        ("---\ntitle: [a]\nsource: b\n---\n正文", "yaml_too_deep"),
        ("---\ntitle: &a a\nsource: *a\n---\n正文", "yaml_alias"),
        ("---\ntitle: a: b\n---\n正文", "invalid_yaml"),
        ("---\n" + "# 注\n" * 3000 + "---\n正文", "front_matter_too_large"),
        (HEAD, "empty_body"),
        (HEAD + "\n \n[](https://a.cn)\n", "empty_body"),
        (HEAD + "正\0文", "invalid_characters"),
        ((HEAD + "正文").encode("gb18030"), "not_utf8"),
        (HEAD + "a" * 512 * 1024, "file_too_large"),
        ("---\ntitle: " + "字" * 81 + "\nsource: b\n---\n正文", "title_too_long"),
        ("---\ntitle: a\nsource: " + "字" * 201 + "\n---\n正文", "source_too_long"),
        ("---\ntitle: a\nsource: b\nsummary: " + "字" * 201 + "\n---\n正文", "summary_too_long"),
        ("---\ntitle: a\nsource: b\narticle: " + "字" * 81 + "\n---\n正文", "article_too_long"),
        ("---\ntitle: a\nsource: b\nurl: https://a.cn/" + "a" * 490 + "\n---\n正文", "url_too_long"),
        ("---\ntitle: a\nsource: b\nurl: javascript:alert(1)\n---\n正文", "invalid_url"),
        ("---\ntitle: a\nsource: b\nurl: https://\n---\n正文", "invalid_url"),
    ],
)
def test_each_thing_that_is_wrong_has_its_own_code(text: str | bytes, code: str) -> None:
    assert code_of(text) == code


def test_a_lesson_may_be_a_picture_alone() -> None:
    assert lesson_from_fields("a", "", "b", "", "", "![](/api/v1/assets/7)").characters == 0


@pytest.mark.parametrize(
    "mark", ["绝密★", "机密 ★ 1 年", "秘　密☆", "**秘密**★", "秘密&#9733;", "秘\u200b密★", "# 机密⭐"]
)
def test_a_secrecy_marking_in_its_form_is_refused(mark: str) -> None:
    assert code_of(f"{HEAD}{mark}\n\n正文") == "classified_marking"


def test_a_secrecy_marking_in_the_title_is_refused() -> None:
    assert code_of("---\ntitle: 秘密★1年 通知\nsource: b\n---\n正文") == "classified_marking"


@pytest.mark.parametrize(
    "body", ["保守党和国家的秘密，是党员的义务。绝密、机密、秘密是三个密级。", "★ 秘密", "秘密\n\n★ 要点"]
)
def test_the_bare_words_are_fine(body: str) -> None:
    assert parse_markdown((HEAD + body).encode()).characters


def test_a_marking_deep_in_the_text_is_the_reviewers_to_judge() -> None:
    assert parse_markdown((HEAD + "第一段。\n\n" * 30 + "定密时标注“秘密★”。").encode()).characters


def test_raw_html_is_shown_as_text() -> None:
    html, _ = render_markdown("<script>alert(1)</script>")
    assert html == "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"


def test_tables_and_deep_headings_are_shown() -> None:
    html, nodes = render_markdown("###### 小标题\n\n| 会议 | 频次 |\n|---|--:|\n| 党小组会 | 每月 |\n")
    assert "<h4>小标题</h4>" in html
    assert '<td style="text-align:right">每月</td>' in html
    assert nodes == html_to_nodes(html)


@pytest.mark.parametrize(
    "link", ["[学](javascript:alert(1))", "![学](https://evil.example/a.png)", "[学](data:text/html,x)"]
)
def test_links_and_pictures_from_elsewhere_lose_their_address(link: str) -> None:
    html, _ = render_markdown(link)
    assert "href" not in html
    assert "src" not in html


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("a" * (512 * 1024 + 1), "markdown_too_large"),
        ("[" * 20_001, "markdown_too_complex"),
        ("a\ud800", "invalid_characters"),
        ("|a" * 2000 + "\n" + "|-" * 2000 + "\n" + "|\n" * 2000, "html_too_large"),
    ],
)
def test_markdown_that_would_take_long_is_refused(markdown: str, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        render_markdown(markdown)
    assert caught.value.code == code


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_a_preview_is_what_members_see(text: str) -> None:
    markdown = f"正文\n\n{text}"
    html, nodes = render_markdown(markdown)
    assert nodes == html_to_nodes(html)
    lesson = lesson_from_fields("a", "", "b", "", "", markdown)
    assert (lesson.html, lesson.nodes) == render_markdown(lesson.markdown)
    assert plain_text(lesson.html).startswith("正文")
