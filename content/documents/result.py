"""What every parser of documents gives: HTML that is already safe, with pictures that have no addresses yet."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from content.errors import ContentError
from content.sanitize import html_to_nodes, plain_text, sanitize_html
from content.secrecy import check_not_classified, head_of, secrecy_words
from content.text import compact, normalise

MAX_TITLE = 80
MAX_PICTURES = 500
# Where the pictures of a document stand until they are stored; no asset has such an address.
_PENDING = "/api/v1/assets/document/"
_PENDING_PICTURE = re.compile(f'<img src="{_PENDING}([0-9]+)"')
_PLACEHOLDER = '<span class="placeholder">【图{}：请上传图片】</span>'
_ANY_PLACEHOLDER = re.compile(_PLACEHOLDER.format("([0-9]+)"))
_END_OF_LINE = re.compile(r"(?=</(?:p|h[1-4]|li|tr|td|th|caption|pre)>|<(?:br|hr|ul|ol|table)>)")


@dataclass(frozen=True)
class Picture:
    """A picture that we have encoded ourselves; `name` and `number` (from 1) are its own within the document."""

    number: int
    name: str
    media_type: str
    width: int
    height: int
    alt: str
    data: bytes


@dataclass(frozen=True)
class Placeholder:
    """A picture that must be dropped in by hand: its number in the text, its description, and where it was."""

    number: int
    alt: str
    address: str


@dataclass(frozen=True)
class Notice:
    """Something that the editor or the reviewer should look at: a stable code, and Chinese that says what to do."""

    code: str
    detail: str


@dataclass(frozen=True)
class ParsedDocument:
    """A document as a lesson's body.

    `html` is sanitised; `finish` puts the addresses of the stored pictures into it. `text` is what search and word
    lists read, `characters` its length without white space.
    """

    title: str
    html: str
    text: str
    characters: int
    pictures: tuple[Picture, ...]
    placeholders: tuple[Placeholder, ...]
    warnings: tuple[Notice, ...]


def pending_picture(number: int) -> str:
    """Return the address at which a picture stands until `finish`."""
    return f"{_PENDING}{number}"


def is_pending(address: str) -> bool:
    """Whether an address is one that only a parser may write."""
    return address.startswith(_PENDING)


def placeholder_html(number: int) -> str:
    """Return what stands for a picture that must be dropped in by hand."""
    return _PLACEHOLDER.format(number)


def finish(html: str, addresses: Mapping[int, str]) -> tuple[str, list[dict[str, Any]]]:
    """Return (html, nodes) of a parsed document with the address of each stored picture: what members get.

    Sanitising is the last step. A picture without an address is an error of the caller: KeyError.
    """
    html = _PENDING_PICTURE.sub(lambda match: f'<img src="{addresses[int(match[1])]}"', html)
    html = sanitize_html(html)
    return html, html_to_nodes(html)


def fill_placeholder(html: str, number: int, picture: str) -> str:
    """Return the HTML with the picture at this address (`/api/v1/assets/...`) in the place of a placeholder."""
    return sanitize_html(html.replace(placeholder_html(number), f'<img src="{picture}">'))


def open_placeholders(html: str) -> list[int]:
    """Return the numbers of the placeholders that wait for a picture: a lesson with any is not ready."""
    return [int(number) for number in _ANY_PLACEHOLDER.findall(html)]


def text_of(html: str) -> str:
    """Return the text of sanitised HTML with a line for each block."""
    text = plain_text(_END_OF_LINE.sub("\n", html))
    return "\n".join(line for line in (line.strip() for line in text.split("\n")) if line)


def assemble(
    title: str,
    html: str,
    *,
    pictures: Sequence[Picture] = (),
    placeholders: Sequence[Placeholder] = (),
    warnings: Sequence[Notice] = (),
    heads: Sequence[str] = (),
    text: str | None = None,
) -> ParsedDocument:
    """Return the checked document; `heads` are lines outside the text that may bear a secrecy marking.

    Raises ContentError `classified_marking`, `empty_body`, or what `sanitize_html` finds. `text` is given where the
    HTML does not hold it.
    """
    html = sanitize_html(normalise(html))
    text = text_of(html) if text is None else normalise(text)
    check_not_classified([title, *heads, *head_of(text)])
    characters = len(compact(text))
    if characters == 0 and "<img" not in html:
        raise ContentError("empty_body", "文件中没有可以显示的文字或图片，请检查文件内容后重新上传。")
    title = " ".join(normalise(title).split())[:MAX_TITLE]
    found = secrecy_words("\n".join([title, *heads, text]))
    notices = [*warnings]
    if found:
        words = "、".join(found)
        notices.append(Notice("secrecy_words", f"文中出现“{words}”字样，请审核人确认内容不涉密。"))
    return ParsedDocument(title, html, text, characters, tuple(pictures), tuple(placeholders), tuple(notices))
