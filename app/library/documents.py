"""A file that an editor hands in -> what a lesson shows: parsed in child processes, its pictures in the store."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from app.content_errors import invalid
from app.errors import ProductError
from app.library.assets.addresses import address_of
from app.library.assets.completing import File, StoredFile, store_files
from app.library.assets.objects import discard
from app.library.words import tidy
from app.library.written import Written
from app.resources import Service
from content.documents.kinds import Kind, title_of
from content.documents.markdown import clean_fields
from content.documents.pdf import PAGE_TASKS, page_ranges
from content.documents.result import ParsedDocument, Picture, finish
from content.errors import ContentError
from content.sandbox import parse_in_child

# Found anew whenever somebody looks: in the fields as well as in the text, and which pictures are still missing.
_FOUND_LATER = {"secrecy_words", "html_pictures"}


async def read_document(
    svc: Service, kind: Kind, data: bytes, fields: Mapping[str, str], now: datetime, file_name: str = ""
) -> Written:
    """A lesson from a document under these fields; a `title` of "" is that of the document, or of its file.

    No transaction may be open. Its pictures are in the store, as nobody's: they are swept unless `adopt_files` makes
    them assets, and removed at once where the document is refused. Raises `Invalid` or `StorageUnavailable`.
    """
    stored: dict[int, StoredFile] = {}
    try:
        parsed: ParsedDocument = await parse_in_child(kind, data)
        checked = clean_fields(**{**fields, "title": fields["title"] or parsed.title or title_of(file_name)})
        async for pictures in _pictures(kind, data, parsed):
            files = [File(each.media_type, each.data, each.name) for each in pictures]
            kept = await store_files(svc.sessions, svc.media, files, now)
            stored |= {picture.number: file for picture, file in zip(pictures, kept, strict=True)}
        # In a thread: a long document would hold up the other requests.
        return await asyncio.to_thread(_written, kind, parsed, stored, checked)
    except BaseException as error:
        await discard(svc.sessions, svc.media, [file.key for file in stored.values()])
        raise invalid(error) if isinstance(error, ContentError) else error from None


@asynccontextmanager
async def removed_if_refused(svc: Service, written: Written) -> AsyncIterator[None]:
    """Removes the pictures of what was written where it is refused here, before `adopt_files` or after its rollback."""
    try:
        yield
    except ProductError:
        await discard(svc.sessions, svc.media, [file.key for file in written.files])
        raise


async def _pictures(kind: Kind, data: bytes, parsed: ParsedDocument) -> AsyncIterator[Sequence[Picture]]:
    """The pictures of a document, as many at a time as may be in memory: pages come by tens."""
    if kind not in PAGE_TASKS:
        yield parsed.pictures
        return
    ranges = page_ranges(parsed.html.count("<img "))
    # Two children run at a time anyway; so does the memory that their pictures take stay bounded.
    for at in range(0, len(ranges), 2):
        children = [parse_in_child(PAGE_TASKS[kind], data, {"first": a, "last": b}) for a, b in ranges[at : at + 2]]
        yield [picture for pages in await asyncio.gather(*children) for picture in pages.pictures]


def _written(
    kind: Kind, parsed: ParsedDocument, stored: Mapping[int, StoredFile], fields: Mapping[str, Any]
) -> Written:
    html, nodes = finish(
        parsed.html, {number: address_of(file.key, file.facts.type.name) for number, file in stored.items()}
    )
    lines = map(tidy, parsed.text.split("\n")) if kind in PAGE_TASKS else ()
    return Written(
        **fields,
        markdown="",
        html=html,
        nodes=nodes,
        characters=parsed.characters,
        body_text="\n".join(line for line in lines if line),
        notices=[vars(notice) for notice in parsed.warnings if notice.code not in _FOUND_LATER],
        files=tuple(stored.values()),
    )
