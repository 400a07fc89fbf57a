"""A page that was pasted or uploaded (also from an official account) -> a lesson's body."""

import base64
import binascii
import re
from html import escape
from html.parser import HTMLParser

from content.documents.html_blocks import BlockWriter
from content.documents.pictures import Collector
from content.documents.result import Notice, ParsedDocument, assemble, is_pending
from content.errors import ContentError

MAX_FILE_BYTES = 20 * 1024 * 1024
_MAX_CONTAINERS = 200
_INLINE = {
    "b": "strong", "strong": "strong", "i": "em", "em": "em", "u": "u", "ins": "u", "s": "s", "strike": "s",
    "del": "s", "sup": "sup", "sub": "sub", "code": "code", "tt": "code", "kbd": "code", "samp": "code", "a": "a",
}  # fmt: skip
_BLOCKS = {
    **{tag: tag for tag in ("p", "h1", "h2", "h3", "h4", "pre", "ul", "ol", "li", "blockquote", "table", "caption")},
    **{tag: tag for tag in ("thead", "tbody", "tr", "th", "td")},
    "h5": "h4",
    "h6": "h4",
    "tfoot": "tbody",
    "dt": "p",
    "dd": "p",
}
_CONTAINERS = {
    "div", "section", "article", "header", "footer", "main", "figure", "figcaption", "center", "dl", "details",
    "summary", "address", "fieldset", "form", "nav", "aside", "body",
}  # fmt: skip
_SKIPPED = {
    "script", "style", "noscript", "template", "svg", "math", "canvas", "select", "textarea", "button", "title",
    "iframe", "object", "video", "audio", "mpvoice", "mp-common-mpaudio", "mpvideo", "qqmusic",
}  # fmt: skip
_MEDIA = {"iframe", "object", "embed", "video", "audio", "mpvoice", "mp-common-mpaudio", "mpvideo", "qqmusic"}
_VOID = {"br", "hr", "img", "embed", "input", "meta", "link", "wbr", "area", "base", "col", "source", "track"}
_ALIGN = re.compile(r"text-align\s*:\s*(center|right|end|left|start|justify)", re.IGNORECASE)
_INDENT = re.compile(r"text-indent\s*:\s*(-?[0-9.]{1,10})", re.IGNORECASE)
_COLOUR = re.compile(r"(?<![\w-])color\s*:\s*([^;]{1,40})", re.IGNORECASE)
_HIDDEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_RED = re.compile(
    r"\s*(?:red|#f00|#[b-f][0-9a-f][0-4][0-9a-f][0-4][0-9a-f]"
    r"|rgba?\(\s*(?:1[89][0-9]|2[0-9]{2})\s*,\s*[0-7]?[0-9]\s*,\s*[0-7]?[0-9]\s*(?:,.*)?\))\s*(?:!important)?\s*",
    re.IGNORECASE,
)
_DATA_ADDRESS = re.compile(r"data:image/[a-z.+-]+;base64,", re.IGNORECASE)
_OUR_ASSET = re.compile(r"/api/v1/assets/[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{1,20})", re.IGNORECASE)


def parse_html(data: bytes) -> ParsedDocument:
    """Return the lesson that a page holds: UTF-8 or GBK, as its mark or its <meta> says.

    Raises ContentError: `file_too_large`, `unknown_encoding`, and what `Collector` and `assemble` find.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ContentError("file_too_large", "网页超过 20 MB，请删减图片或拆分后重新上传。")
    page = _Page()
    page.feed(decode_html(data))
    page.close()
    warnings: list[Notice] = [*page.collector.warnings]
    if page.media:
        warnings.append(Notice("html_media", f"网页中有 {page.media} 处视频、音频或嵌入页，没有收入，请另行上传。"))
    if page.is_cut_off():
        warnings.append(Notice("html_cut_off", "网页代码不完整，后面的内容没有收入，请对照原文检查。"))
    if page.placeholders:
        warnings.append(Notice("html_pictures", f"网页中有 {page.placeholders} 张图片需要逐张上传到标出的位置。"))
    html = page.blocks.finish()
    return assemble(
        "".join(page.title).strip() or page.blocks.first_heading(),
        html,
        pictures=page.collector.pictures,
        placeholders=page.collector.placeholders,
        warnings=warnings,
    )


def decode_html(data: bytes) -> str:
    """Return the text of a page; raises `unknown_encoding`."""
    declared = _CHARSET.search(data[:4096])
    name = declared[1].decode().lower() if declared else "utf-8"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        codecs = ["utf-16"]
    elif name.startswith("gb") and not data.startswith(b"\xef\xbb\xbf"):
        codecs = ["gb18030", "utf-8-sig"]
    else:
        codecs = ["utf-8-sig", "gb18030"]
    for codec in codecs:
        try:
            return data.decode(codec).replace("\0", "")
        except UnicodeDecodeError:
            continue
    raise ContentError("unknown_encoding", "网页的文字编码无法识别，请另存为 UTF-8 编码后重新上传。")


class _Page(HTMLParser):
    """One pass over the page; `_containers` are the open ones with (tag, alignment, indent)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks = BlockWriter()
        self.collector = Collector()
        self.title: list[str] = []
        self.media = self.placeholders = 0
        self._containers: list[tuple[str, str, bool]] = []
        self._colours: list[tuple[str, bool]] = []
        self._skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        style = attributes.get("style", "")
        if self._skipping:
            # Only its own kind nests in what is skipped.
            if tag == self._skipping[0]:
                self._skipping.append(tag)
            return
        self.media += tag in _MEDIA
        if tag in _SKIPPED or (tag not in _VOID and _HIDDEN.search(style)):
            self._skipping.append(tag)
            return
        self._note_colour(tag, attributes.get("color", ""), style)
        self._begin(tag, attributes)

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "img":
            self._image(attributes)
        elif tag == "br":
            self.blocks.line_break()
        elif tag == "hr":
            self.blocks.rule()
        elif tag == "meta" and attributes.get("property") == "og:title":
            self.title = [attributes.get("content", "")]
        elif tag in _INLINE:
            self.blocks.inline.setdefault(_INLINE[tag], _inline(_INLINE[tag], attributes))
        elif tag in _BLOCKS:
            alignment, indent = self._look(tag, attributes)
            self.blocks.start(_BLOCKS[tag], _block_attributes(tag, attributes), alignment=alignment, indent=indent)
        elif tag in _CONTAINERS:
            self.blocks.separate()
            if len(self._containers) < _MAX_CONTAINERS:
                self._containers.append((tag, *self._look(tag, attributes)))

    def handle_endtag(self, tag: str) -> None:
        if self._skipping:
            if tag == self._skipping[-1]:
                self._skipping.pop()
            return
        if self._colours and self._colours[-1][0] == tag:
            self._colours.pop()
        if tag in _INLINE:
            self.blocks.inline.pop(_INLINE[tag], None)
        elif tag in _BLOCKS:
            self.blocks.end(_BLOCKS[tag])
        elif tag in _CONTAINERS:
            self.blocks.separate()
            if self._containers and self._containers[-1][0] == tag:
                self._containers.pop()

    def handle_data(self, data: str) -> None:
        if self._skipping:
            if self._skipping == ["title"] and not self.title:
                self.title.append(data)
            return
        alignment, indent = self._inherited()
        red = bool(self._colours) and self._colours[-1][1]
        text = data if self.blocks.is_verbatim() else re.sub(r"[ \t\r\n]+", " ", data)
        self.blocks.text(text, red=red, alignment=alignment, indent=indent)

    def is_cut_off(self) -> bool:
        """Whether the page ended within something that is not shown: what came after its beginning is lost."""
        return bool(self._skipping)

    def _inherited(self) -> tuple[str, bool]:
        return self._containers[-1][1:] if self._containers else ("", False)

    def _look(self, tag: str, attributes: dict[str, str]) -> tuple[str, bool]:
        alignment, indent = self._inherited()
        style = attributes.get("style", "")
        align = _ALIGN.search(style)
        given = (
            align[1].lower() if align else attributes.get("align", "").lower() or ("center" if tag == "center" else "")
        )
        if given:
            alignment = {"center": "center", "right": "right", "end": "right", "": "center"}.get(given, "")
        if found := _INDENT.search(style):
            indent = found[1].strip("0.") not in {"", "-"} and not found[1].startswith("-")
        return alignment, indent

    def _note_colour(self, tag: str, colour: str, style: str) -> None:
        if tag in _VOID or len(self._colours) >= _MAX_CONTAINERS:
            return
        found = _COLOUR.search(style)
        value = found[1] if found else colour
        if value:
            self._colours.append((tag, _RED.fullmatch(value) is not None))

    def _image(self, attributes: dict[str, str]) -> None:
        address = (attributes.get("data-src") or attributes.get("data-original") or attributes.get("src", "")).strip()
        alt = " ".join(attributes.get("alt", "").split())[:200]
        # Pictures of a pixel count readers.
        if not address or {attributes.get("width"), attributes.get("height")} & {"0", "1"} or is_pending(address):
            return
        alignment, indent = self._inherited()
        match = _DATA_ADDRESS.match(address)
        if match:
            markup = self.collector.add(_decoded(address[match.end() :]), alt)
        elif _OUR_ASSET.fullmatch(address):
            markup = f'<img src="{address}" alt="{escape(alt)}">'
        else:
            self.placeholders += 1
            markup = self.collector.add_placeholder(alt, "" if address.startswith("data:") else address)
        self.blocks.markup(markup, alignment=alignment, indent=indent)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _inline(tag: str, attributes: dict[str, str]) -> str:
    return f'<a href="{escape(attributes.get("href", ""))}">' if tag == "a" else f"<{tag}>"


def _block_attributes(tag: str, attributes: dict[str, str]) -> str:
    kept = ""
    for name in ("colspan", "rowspan") if tag in {"td", "th"} else ("start",) if tag == "ol" else ():
        if re.fullmatch("[0-9]{1,3}", attributes.get(name, "")):
            kept += f' {name}="{attributes[name]}"'
    return kept
