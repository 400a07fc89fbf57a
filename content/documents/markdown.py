"""A Markdown file with YAML front matter -> a lesson that is ready to show."""

import re
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt

from content.errors import ContentError
from content.sanitize import html_to_nodes, plain_text, sanitize_html
from content.secrecy import check_not_classified, head_of
from content.text import MAX_TEXT_BYTES, clean_field, compact, decode_utf8, normalise
from content.yaml_text import read_yaml

MAX_FRONT_MATTER_BYTES = 8 * 1024
# markdown-it-py takes time quadratic in these: 20,000 of them stay under half a second.
MAX_MARKS = 20_000
_MARKS = "[*_|"
_FIELDS = ("title", "summary", "source", "article", "url")
_URL = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)(?:^)---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class LessonDocument:
    """A lesson: the public document that it rests on, its text as written, and the two forms in which it is shown."""

    title: str
    summary: str
    source: str
    article: str
    source_url: str
    markdown: str
    html: str
    nodes: list[dict[str, Any]]
    characters: int


def parse_markdown(data: bytes) -> LessonDocument:
    """Return the lesson that an uploaded file holds (UTF-8, front matter title, summary, source, article, url).

    Raises ContentError with a code for each thing that can be wrong.
    """
    text = decode_utf8(data)
    fields, body = _split_front_matter(text)
    return lesson_from_fields(
        title=fields.get("title", ""),
        summary=fields.get("summary", ""),
        source=fields.get("source", ""),
        article=fields.get("article", ""),
        source_url=fields.get("url", ""),
        markdown=body,
    )


def _split_front_matter(text: str) -> tuple[dict[str, str], str]:
    match = _FRONT_MATTER.match(text)
    if match is None:
        raise ContentError("missing_front_matter", "文件开头缺少由两行“---”包围的说明（title、source 等），请补充。")
    head = match.group(1)
    if len(head.encode()) > MAX_FRONT_MATTER_BYTES:
        raise ContentError("front_matter_too_large", "文件开头的说明超过 8 KB，请缩短。")
    fields: dict[str, str] = {}
    for key, value in read_yaml(head, max_depth=1, first_line=2).values.items():
        if key not in _FIELDS:
            known = "、".join(_FIELDS)
            raise ContentError("unknown_field", f"不认识的字段「{key[:40]}」，只能使用 {known}。")
        # At depth 1 every value is text: read_yaml has refused the rest.
        fields[key] = str(value)
    return fields, text[match.end() :]


def lesson_from_fields(
    title: str, summary: str, source: str, article: str, source_url: str, markdown: str
) -> LessonDocument:
    """Return the checked lesson that the fields describe, by the same rules as an uploaded file.

    Lengths in characters: title 1..80, source 1..200, summary 200, article 80, source_url 500 (http or https).
    """
    fields = clean_fields(title, summary, source, article, source_url)
    markdown = normalise(markdown).strip("\n")
    html, nodes = render_markdown(markdown)
    text = plain_text(html)
    characters = len(compact(text))
    if characters == 0 and "<img" not in html:
        raise ContentError("empty_body", "正文为空，请填写内容。")
    check_not_classified(head_of(text))
    return LessonDocument(**fields, markdown=markdown, html=html, nodes=nodes, characters=characters)


def clean_fields(title: str, summary: str, source: str, article: str, source_url: str) -> dict[str, str]:
    """Return the checked fields beside a lesson's text, by their names in LessonDocument; the same for each kind.

    Raises ContentError: `missing_...`, `..._too_long`, `invalid_characters`, `invalid_url`, `classified_marking`.
    """
    fields = {
        "title": clean_field(title, "title", "标题（title）", 80, required=True),
        "source": clean_field(source, "source", "出处（source）", 200, required=True),
        "summary": clean_field(summary, "summary", "摘要（summary）", 200),
        "article": clean_field(article, "article", "条款（article）", 80),
        "source_url": clean_field(source_url, "url", "网址（url）", 500),
    }
    if fields["source_url"] and not _URL.fullmatch(fields["source_url"]):
        raise ContentError("invalid_url", "网址（url）应以 http:// 或 https:// 开头，且不含空格。")
    check_not_classified([fields["title"], fields["summary"]])
    return fields


def render_markdown(markdown: str) -> tuple[str, list[dict[str, Any]]]:
    """Return (html, nodes) of a lesson's body: the one renderer, so that a preview is what members see.

    At most 512 KB and 20,000 marks of `[*_|`, else ContentError `markdown_too_large`, `markdown_too_complex`.
    """
    markdown = normalise(markdown)
    if len(markdown.encode()) > MAX_TEXT_BYTES:
        raise ContentError("markdown_too_large", "正文超过 512 KB，请拆分为多篇资料。")
    if sum(markdown.count(mark) for mark in _MARKS) > MAX_MARKS:
        raise ContentError("markdown_too_complex", "正文的排版符号（[ * _ |）过多，请简化后重试。")
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.tag in {"h5", "h6"}:
            token.tag = "h4"
    html = sanitize_html(parser.renderer.render(tokens, parser.options, {}))
    return html, html_to_nodes(html)
