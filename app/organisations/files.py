"""Excel files that are answered."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import TypeVar
from urllib.parse import quote

from fastapi import Response

T = TypeVar("T")

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What the document says of a route that answers a workbook.
XLSX_ANSWER: dict[int | str, dict[str, object]] = {
    200: {"description": "A workbook", "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
}


def xlsx_response(data: bytes, ascii_name: str, name: str) -> Response:
    """A workbook to save: `name` for programs that know RFC 5987, `ascii_name` for the others."""
    disposition = f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(data, media_type=XLSX, headers=headers)


def from_loop(loop: asyncio.AbstractEventLoop, pages: AsyncIterator[list[T]]) -> Iterator[T]:
    """For a thread: the items of pages, each page made in the loop when its turn comes."""

    async def following() -> list[T] | None:
        return await anext(pages, None)

    while (page := asyncio.run_coroutine_threadsafe(following(), loop).result()) is not None:
        yield from page
