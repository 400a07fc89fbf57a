"""XML from outside -> a small tree, with no DTD, no entity, nothing fetched, and bounds on its size and depth."""

import re
from xml.etree.ElementTree import Element
from xml.parsers import expat

from content.errors import ContentError
from content.text import decode_any

MAX_DEPTH = 50
_DECLARED = re.compile(r"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_ENCODINGS = {"utf-8", "utf8", "utf-16", "us-ascii", "ascii", "gbk", "gb2312", "gb18030"}


def read_xml(data: bytes, *, max_bytes: int, max_elements: int) -> Element:
    """Return the root of a document in UTF-8, UTF-16 or GBK.

    Names are without namespace, and QTI 2 and 3 alike: choiceInteraction and qti-choice-interaction are both
    "choiceinteraction". Raises ContentError, with the line where the XML is at fault.
    """
    text = decode_any(data, limit=max_bytes).lstrip()
    declared = _DECLARED.match(text)
    if declared and declared[1].lower() not in _ENCODINGS:
        raise ContentError("unsupported_encoding", f"XML 的编码 {declared[1]} 不支持，请另存为 UTF-8 后重新上传。")
    return _Reader(max_elements).read(text)


def plain_name(name: str) -> str:
    """Return the name of an element or attribute as the tree has it."""
    return name.rpartition(" ")[2].removeprefix("qti-").replace("-", "").lower()


class _Reader:
    """Builds the tree as expat tells what it sees."""

    def __init__(self, max_elements: int) -> None:
        self.left = max_elements
        self.root: Element | None = None
        self.open: list[Element] = []
        # The text since the last tag, which expat tells piece by piece.
        self.pieces: list[str] = []
        # The text is Unicode by now, whatever its declaration says.
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self.refuse_dtd
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.pieces.append

    def read(self, text: str) -> Element:
        try:
            self.parser.Parse(text.encode(), True)
        except expat.ExpatError as error:
            raise ContentError(
                "invalid_xml",
                f"XML 第 {error.lineno} 行附近有错误，请用原来的软件重新导出后上传。",
                line=error.lineno,
            ) from None
        assert self.root is not None  # noqa: S101 - expat refuses a document without a root
        return self.root

    def refuse_dtd(self, *_: object) -> None:
        raise ContentError("has_dtd", "文件含有不允许的 XML 声明（DOCTYPE），请删除这一行后重新上传。")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.left -= 1
        if self.left < 0 or len(self.open) == MAX_DEPTH:
            raise ContentError("file_too_complex", "文件的内容过多或嵌套过深，请拆分或简化后重新上传。")
        self.place_text()
        element = Element(plain_name(name), {plain_name(key): value for key, value in attributes.items()})
        if self.open:
            self.open[-1].append(element)
        else:
            self.root = element
        self.open.append(element)

    def end(self, _: str) -> None:
        self.place_text()
        self.open.pop()

    def place_text(self) -> None:
        if self.pieces and self.open:
            parent, text = self.open[-1], "".join(self.pieces)
            if len(parent):
                parent[-1].tail = text
            else:
                parent.text = text
            self.pieces.clear()
