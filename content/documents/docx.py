"""A Word file (.docx) -> a lesson's body, with what makes an official document one."""

import re
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from typing import Any
from xml.dom import expatbuilder

import mammoth
from mammoth import html as mammoth_html
from mammoth.docx.files import InvalidFileReferenceError

from content.documents.docx_prepare import STYLE_PREFIX, Prepared, prepare
from content.documents.package import damaged, open_package
from content.documents.pictures import Collector
from content.documents.result import Notice, ParsedDocument, assemble
from content.errors import ContentError
from content.sanitize import CLASSES

# minidom imports it when it reads its first part, which the child may not do.
_BUILDER = expatbuilder
_TAGS = ("p", "h1", "h2", "h3", "h4")
_STYLE_MAP = "\n".join(
    [
        *(f"p.{STYLE_PREFIX}{tag} => {tag}:fresh" for tag in _TAGS),
        *(f"p.{STYLE_PREFIX}{tag}-{name} => {tag}.{name}:fresh" for tag in _TAGS for name in CLASSES),
        "u => u",
    ]
)
_NOTE_REFERENCE = re.compile(r'<a href="#(?:foot|end)note-[^"]*" id="(?:foot|end)note-ref-[^"]*">(\[[0-9]+\])</a>')
_NOTE_RETURN = re.compile(r' ?<a href="#(?:foot|end)note-ref-[^"]*">↑</a>')
_NOTES = re.compile(r'<ol>(?=<li id="(?:foot|end)note-)')
_IMAGE = re.compile(r'<img src="([0-9]+)" ?/>')
_IGNORED = re.compile(r"An unrecognised element was ignored: (.+)")
# Marks of editing and drawing that hold nothing to read.
_EMPTY_ELEMENTS = re.compile(
    r"w:(?:perm|customXml|moveFromRange|moveToRange|separator|continuationSeparator|noProof|pgNum|softHyphen).*"
    r"|v:(?:stroke|fill|path|formulas|handles|line|shapetype).*|.*\}(?:lock|callout|wrap|anchorlock)"
)
# What mammoth says about looks, which are chosen here, and about pictures, which the collector tells of.
_NOT_TOLD = re.compile(r"Unrecognised (?:paragraph|run|table) style|.* style with ID .*|Image of type")
_COUNTED = {
    "deleted": "文中有修订痕迹：已删除的 {} 处不显示，新增的保留。请确认修订已经定稿。",
    "inserted": "文中有修订痕迹：新增的 {} 处已按接受处理。请确认修订已经定稿。",
    "hidden": "文中有 {} 处隐藏文字，没有收入。",
    "comments": "文中有 {} 处批注，没有收入。",
    "objects": "文中有 {} 个嵌入对象或附件，没有收入，请改为图片或文字。",
    "charts": "文中有 {} 个图表或 SmartArt，没有收入，请截图后插入为图片。",
    "formulas": "文中有 {} 个公式，只保留了文字，请对照原文检查，必要时改为图片。",
}


def parse_docx(data: bytes) -> ParsedDocument:
    """Return the lesson that a .docx holds.

    Raises ContentError: what `open_package`, `Collector` and `assemble` find, or `damaged_file`.
    """
    with open_package(data, "docx") as archive:
        prepared = prepare(archive)
    collector = Collector()
    markups: list[str] = []
    try:
        converted = mammoth.convert_to_html(
            BytesIO(prepared.data),
            style_map=_STYLE_MAP,
            convert_image=_image_converter(collector, markups),
            include_embedded_style_map=False,
            external_file_access=False,
        )
    except (ContentError, MemoryError, RecursionError):
        raise
    # A part that is not as it should be makes mammoth raise nearly anything: KeyError, ValueError, ExpatError ...
    except Exception:
        raise damaged() from None
    return assemble(
        prepared.title,
        _with_pictures(_with_notes(converted.value), markups),
        pictures=collector.pictures,
        placeholders=collector.placeholders,
        warnings=[*collector.warnings, *_notices(prepared, [message.message for message in converted.messages])],
        heads=[*prepared.headers, *prepared.boxes],
    )


def _image_converter(collector: Collector, markups: list[str]) -> Callable[[Any], list[Any]]:
    def convert(image: Any) -> list[Any]:
        alt = image.alt_text or ""
        try:
            with image.open() as stream:
                markup = collector.add(stream.read(), alt)
        # A picture that is linked, or that the file says it has and does not.
        except (InvalidFileReferenceError, KeyError):
            collector.warn("missing_picture", "有图片没有保存在文件里，已留出位置，请上传图片。")
            markup = collector.add_placeholder(alt, "")
        # mammoth writes HTML itself: the markup takes the place of this element afterwards.
        markups.append(markup)
        return [mammoth_html.element("img", {"src": f"{len(markups) - 1}"})]

    return convert


def _with_pictures(html: str, markups: list[str]) -> str:
    return _IMAGE.sub(lambda match: markups[int(match[1])], html)


def _with_notes(html: str) -> str:
    """Return the HTML with plain numbers for the links between footnotes and their places."""
    html = _NOTE_RETURN.sub("", _NOTE_REFERENCE.sub(r"\1", html))
    return _NOTES.sub("<hr><h4>注释</h4><ol>", html, count=1)


def _notices(prepared: Prepared, messages: list[str]) -> list[Notice]:
    found = [Notice(f"word_{sort}", _COUNTED[sort].format(count)) for sort, count in prepared.counts.items() if count]
    if prepared.headers:
        sample = " ".join(prepared.headers)[:60]
        found.append(Notice("word_headers", f"页眉、页脚没有收入：「{sample}」。"))
    ignored: Counter[str] = Counter()
    others = 0
    for message in messages:
        match = _IGNORED.match(message)
        if match is None:
            others += not _NOT_TOLD.match(message)
        elif not _EMPTY_ELEMENTS.fullmatch(match[1]):
            ignored[match[1].rpartition("}")[2]] += 1
    if ignored:
        names = "、".join(f"{name}（{count} 处）" for name, count in ignored.most_common(5))
        found.append(Notice("word_unknown", f"有无法识别的内容没有收入：{names}，请对照原文检查。"))
    if others:
        found.append(Notice("word_symbols", f"有 {others} 处符号或格式无法转换，请对照原文检查。"))
    return found
