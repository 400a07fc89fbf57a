"""Writes HTML of few sorts of blocks from the disorder of pasted pages: paragraphs, headings, lists and tables."""

from dataclasses import dataclass, field
from html import escape

from content.documents.official import Line, classes_of

_PARAGRAPHS = {"p", "h1", "h2", "h3", "h4", "pre"}
# What may hold text by itself.
_HOLDERS = _PARAGRAPHS | {"li", "td", "th", "caption"}
_LISTS = {"ul", "ol"}
_ROWS = {"table", "thead", "tbody"}
# block -> what it must stand in
_PARENTS = {
    "li": _LISTS, "td": {"tr"}, "th": {"tr"}, "tr": _ROWS, "thead": {"table"}, "tbody": {"table"}, "caption": {"table"},
}  # fmt: skip
MAX_DEPTH = 40


@dataclass
class _Paragraph:
    at: int
    tag: str
    alignment: str
    indent: bool
    text: list[str] = field(default_factory=list)
    red: int = 0


@dataclass
class BlockWriter:
    """`inline` are the formats that hold now, each with its opening tag; they are written where text is."""

    inline: dict[str, str] = field(default_factory=dict)
    _out: list[str] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)
    _written: list[str] = field(default_factory=list)
    _paragraphs: list[_Paragraph] = field(default_factory=list)
    _break: bool = False

    def start(self, tag: str, attributes: str = "", *, alignment: str = "", indent: bool = False) -> None:
        """Begin a block, ending those that cannot hold it; one without its parent, or too deep, is only a break."""
        parents = _PARENTS.get(tag)
        if len(self._open) >= MAX_DEPTH or (parents and not parents & set(self._open)):
            self.separate()
            return
        self._end_paragraph()
        if parents:
            while self._open[-1] not in parents:
                self._close()
        if tag in _PARAGRAPHS:
            self._paragraphs.append(_Paragraph(len(self._out), tag, alignment, indent))
        self._end_inline()
        self._out.append(f"<{tag}{attributes}>")
        self._open.append(tag)

    def end(self, tag: str) -> None:
        """End a block where it is open."""
        if tag in self._open:
            # A cell does not end the table that it stands in, nor a list item the list around its own.
            inner = self._open[len(self._open) - self._open[::-1].index(tag) :]
            if tag in _ROWS or "table" not in inner:
                while self._close() != tag:
                    pass

    def separate(self) -> None:
        """What comes next stands on a line of its own."""
        if self._open and self._open[-1] in _PARAGRAPHS - {"pre"}:
            self._end_paragraph()
        else:
            self._break = bool(self._open) and self._open[-1] in _HOLDERS

    def text(self, text: str, *, red: bool = False, alignment: str = "", indent: bool = False) -> None:
        """Write text in the block that is open, or in a new paragraph."""
        if not text.strip() and not (self._open and self._open[-1] in _HOLDERS):
            return
        self._prepare(alignment, indent)
        self._out.append(escape(text, quote=False))
        if self._open[-1] in _PARAGRAPHS:
            self._paragraphs[-1].text.append(text)
            self._paragraphs[-1].red += len(text.strip()) if red else 0

    def markup(self, markup: str, *, alignment: str = "", indent: bool = False) -> None:
        """Write a picture or a placeholder where text would stand."""
        self._prepare(alignment, indent)
        self._out.append(markup)

    def line_break(self) -> None:
        """Break the line, where there is one."""
        if self._open and self._open[-1] in _HOLDERS:
            self._out.append("<br>")

    def rule(self) -> None:
        """Draw a line between blocks."""
        self._end_paragraph()
        self._out.append("<hr>")

    def finish(self) -> str:
        """Return the HTML, with the classes of an official document where it is one."""
        while self._open:
            self._close()
        lines = [
            Line(text := "".join(each.text), each.alignment, each.indent, 0 < len(text.strip()) <= each.red)
            for each in self._paragraphs
        ]
        for each, name in zip(self._paragraphs, classes_of(lines), strict=True):
            if name and each.tag != "pre" and not (each.tag != "p" and name == "indent"):
                self._out[each.at] = f'<{each.tag} class="{name}">'
        return "".join(self._out)

    def is_verbatim(self) -> bool:
        """Whether white space counts where the next text goes."""
        return "pre" in self._open

    def first_heading(self) -> str:
        """Return the text of the first heading, or ""."""
        headings = ("".join(each.text).strip() for each in self._paragraphs if each.tag.startswith("h"))
        return next((text for text in headings if text), "")

    def _prepare(self, alignment: str, indent: bool) -> None:
        if not self._open or self._open[-1] not in _HOLDERS:
            self.start("p", alignment=alignment, indent=indent)
        elif self._break:
            self._out.append("<br>")
        self._break = False
        wanted = list(self.inline)
        if self._written != wanted:
            self._end_inline()
            self._out.extend(self.inline.values())
            self._written = wanted

    def _end_inline(self) -> None:
        self._out.extend(f"</{tag}>" for tag in reversed(self._written))
        self._written = []

    def _end_paragraph(self) -> None:
        if self._open and self._open[-1] in _PARAGRAPHS:
            self._close()

    def _close(self) -> str:
        self._end_inline()
        self._break = False
        tag = self._open.pop()
        self._out.append(f"</{tag}>")
        return tag
