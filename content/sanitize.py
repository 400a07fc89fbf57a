"""HTML that is safe to show, and the same content as nodes of the mini-program's <rich-text>."""

import re
from html.parser import HTMLParser
from typing import Any

import nh3

from content.errors import ContentError

MAX_HTML_BYTES = 512 * 1024
MAX_DEPTH = 64
# nh3 takes time quadratic in nesting (20,000 levels: 1 s), and nesting is never deeper than the number of tags.
MAX_TAGS = 20_000
# HTML reopens unclosed formatting elements in each new block. Only ones with attributes can be many: the parser keeps
# at most three of each bare one, 14 kinds.
MAX_REOPENED = 1_500_000
_BARE_FORMATTING = 3 * 14

_BLOCK_TAGS = {"h1", "h2", "h3", "h4", "p", "br", "hr", "ul", "ol", "li", "blockquote", "pre"}
_INLINE_TAGS = {"strong", "em", "s", "code", "a", "img", "sup", "sub", "u", "span"}
_TABLE_TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td"}
ALLOWED_TAGS = _BLOCK_TAGS | _INLINE_TAGS | _TABLE_TAGS
_VOID_TAGS = {"br", "hr", "img"}

_ATTRIBUTES: dict[str, set[str]] = {
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start"},
    "th": {"colspan", "rowspan", "style"},
    "td": {"colspan", "rowspan", "style"},
    **{tag: {"class"} for tag in ("p", "h1", "h2", "h3", "h4", "span")},
}
# How an official document looks, what stands for a picture that is still to come, and the picture of a page.
CLASSES = ("center", "right", "indent", "red-head", "document-number", "signature", "placeholder", "page")
# What <rich-text> knows of the above: it does not open links, and refuses attributes that it does not know.
_NODE_ATTRIBUTES = {"src", "alt", "start", "colspan", "rowspan", "style", "class"}

_ASSET = re.compile(r"/api/v1/assets/[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*")
_WEB_LINK = re.compile(r"https?://[^\s/]\S*", re.IGNORECASE)
_SMALL_NUMBER = re.compile(r"[0-9]{1,3}")
# The one style: column alignment, which Markdown tables are written with and which can neither load nor cover anything.
_ALIGNMENT = re.compile(r"text-align: ?(?:left|center|right);?")
_RULES = {
    "href": _WEB_LINK,
    "src": _ASSET,
    "start": _SMALL_NUMBER,
    "colspan": _SMALL_NUMBER,
    "rowspan": _SMALL_NUMBER,
    "style": _ALIGNMENT,
    "class": re.compile("|".join(CLASSES)),
}

_ANY_TAG = re.compile(r"</?[a-zA-Z]")
_FORMATTING_WITH_ATTRIBUTES = re.compile(
    r"<(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE
)
_IMAGE_WITHOUT_SOURCE = re.compile(r'<img(?! src=)(?: alt="[^"]*")?>')
_CLEANED_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")


def sanitize_html(html: str) -> str:
    """Return the HTML with only allowed tags, attributes and addresses; images from elsewhere are dropped.

    At most 512 KB, 20,000 tags and 64 levels, else ContentError `html_too_large`, `html_too_complex`.
    """
    if len(html.encode("utf-8", "replace")) > MAX_HTML_BYTES:
        raise ContentError("html_too_large", "内容排版后超过 512 KB，请拆分为多篇资料。")
    tags = len(_ANY_TAG.findall(html))
    reopened = tags * (_BARE_FORMATTING + len(_FORMATTING_WITH_ATTRIBUTES.findall(html)))
    if tags > MAX_TAGS or reopened > MAX_REOPENED:
        raise _too_complex()
    cleaned = nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_allowed_value,
        url_schemes={"http", "https"},
        link_rel="noopener noreferrer",
    )
    # nh3 escapes "<" inside attributes, so that each "<img" that it writes is a tag.
    cleaned = _IMAGE_WITHOUT_SOURCE.sub("", cleaned)
    _check_depth(cleaned)
    return cleaned


def _allowed_value(_tag: str, attribute: str, value: str) -> str | None:
    rule = _RULES.get(attribute)
    return value if rule is None or rule.fullmatch(value) else None


def _check_depth(cleaned: str) -> None:
    depth = 0
    for closing, name in _CLEANED_TAG.findall(cleaned):
        if name not in _VOID_TAGS:
            depth += -1 if closing else 1
        if depth > MAX_DEPTH:
            raise _too_complex()


def _too_complex() -> ContentError:
    return ContentError("html_too_complex", "内容的排版层级过多，请简化后重试。")


def html_to_nodes(html: str) -> list[dict[str, Any]]:
    """Return sanitised HTML as <rich-text> nodes, with the same text content.

    A node is {"name", "attrs", "children"} or {"type": "text", "text"}.
    Source: https://developers.weixin.qq.com/miniprogram/dev/component/rich-text.html
    """
    builder = _NodeBuilder()
    builder.feed(html)
    builder.close()
    return builder.roots


class _NodeBuilder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.roots: list[dict[str, Any]] = []
        self._open: list[tuple[str, list[dict[str, Any]]]] = [("", self.roots)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            return
        kept = {name: value for name, value in attrs if name in _NODE_ATTRIBUTES and value is not None}
        children: list[dict[str, Any]] = []
        self._open[-1][1].append({"name": tag, "attrs": kept, "children": children})
        if tag not in _VOID_TAGS:
            self._open.append((tag, children))

    def handle_endtag(self, tag: str) -> None:
        if self._open[-1][0] == tag:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        siblings = self._open[-1][1]
        if siblings and siblings[-1].get("type") == "text":
            siblings[-1]["text"] += data
        else:
            siblings.append({"type": "text", "text": data})


def plain_text(html: str) -> str:
    """Return the text content of sanitised HTML, entities decoded."""
    texts: list[str] = []
    parser = _TextCollector(texts)
    parser.feed(html)
    parser.close()
    return "".join(texts)


class _TextCollector(HTMLParser):
    def __init__(self, texts: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self._texts = texts

    def handle_data(self, data: str) -> None:
        self._texts.append(data)
