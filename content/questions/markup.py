"""The text that a person reads in simple HTML or XHTML; what text cannot say is refused by its name."""

import html
import re
from xml.etree.ElementTree import Element

from content.errors import ContentError

_BLOCKS = re.compile("p|div|ul|ol|li|blockquote|pre|h[1-6]|section|article|header|footer|prompt|contentbody|itembody")
# Their looks are lost, not their words.
_INLINE = re.compile("span|b|strong|i|em|u|font|small|big|code|simplechoice|modalfeedback")
_BREAK_OF_BLOCK, _BREAK_OF_LINE = "\x01", "\x02"
# Stand for white space that must stay as it is.
_KEPT = str.maketrans({" ": "\x03", "\n": "\x04", "\t": "\x05"})
_AS_IT_WAS = str.maketrans({"\x01": "\n", "\x02": "\n", "\x03": " ", "\x04": "\n", "\x05": "\t"})
_WHITE = re.compile("[ \t\n\r\f]+")
_AROUND_BLOCK = re.compile("[ \x01]*\x01[ \x01]*")
_AROUND_LINE = re.compile(" *\x02 *")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^<>]*>|<[^<>]*>")
MAX_HTML = 50_000


def text_of_html(source: str) -> str:
    """Return the text of a fragment of HTML; raises `unsupported_markup` for pictures, tables, formulas, links ..."""
    if len(source) > MAX_HTML:
        raise ContentError("markup_too_long", "带格式的文字过长，请改为纯文本并缩短。")
    pieces: list[str] = []
    end = 0
    kept = 0
    for tag in _TAG.finditer(source):
        pieces.append(_words(html.unescape(source[end : tag.start()]), kept > 0))
        end = tag.end()
        name = (tag[2] or "").lower()
        if name == "pre":
            kept = max(kept + (-1 if tag[1] else 1), 0)
        pieces.append(_break_at(name, tag[0]))
    pieces.append(_words(html.unescape(source[end:]), kept > 0))
    return _joined(pieces)


def text_of_xml(element: Element, places: dict[str, str]) -> str:
    """Return the text in an element whose names are lower case; `places` has what stands for elements of other names.

    Raises `unsupported_markup` for any other element. The element is at most as deep as the reader of XML allows.
    """
    pieces: list[str] = []
    _flow(element, places, False, pieces)
    return _joined(pieces)


def as_block(text: str) -> str:
    """Return what stands, in `places` of `text_of_xml`, for an element that reads as these lines."""
    return f"{_BREAK_OF_BLOCK}{text.translate(_KEPT)}{_BREAK_OF_BLOCK}"


def _flow(element: Element, places: dict[str, str], kept: bool, pieces: list[str]) -> None:
    if element.tag in places:
        pieces.append(places[element.tag])
        return
    mark = _break_at(element.tag, element.tag)
    kept = kept or element.tag == "pre"
    pieces += [mark, _words(element.text or "", kept)]
    for child in element:
        _flow(child, places, kept, pieces)
        pieces.append(_words(child.tail or "", kept))
    if mark == _BREAK_OF_BLOCK:
        pieces.append(mark)


def _break_at(name: str, written: str) -> str:
    if _BLOCKS.fullmatch(name):
        return _BREAK_OF_BLOCK
    if name == "br":
        return _BREAK_OF_LINE
    if _INLINE.fullmatch(name):
        return ""
    raise ContentError(
        "unsupported_markup",
        f"题目中有不支持的内容「{written[:40]}」（如图片、表格、公式、链接），请改为文字后重新上传。",
    )


def _words(text: str, kept: bool) -> str:
    return text.translate(_KEPT) if kept else _WHITE.sub(" ", text)


def _joined(pieces: list[str]) -> str:
    text = re.sub(" {2,}", " ", "".join(pieces))
    text = _AROUND_LINE.sub("\x02", _AROUND_BLOCK.sub("\x01", text))
    return text.strip(" \x01").translate(_AS_IT_WAS)
