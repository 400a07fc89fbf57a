"""What part of a file is asked for (RFC 9110, 14). Pure."""

import re
from dataclasses import dataclass

from app.library.assets.errors import RangeOutside

_ONE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """The bytes from `start` until before `end`."""

    start: int
    end: int


def part_of(header: str | None, size: int) -> Part | None:
    """The part that a `Range` asks for; None for the whole, which is also the answer to what we do not serve.

    That is another unit, several ranges, or what cannot be read. Raises `RangeOutside`.
    """
    found = _ONE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, last = max(size - int(found[2]), 0), size - 1
        start = start if int(found[2]) else size
    else:
        start, last = int(found[1]), min(int(found[2] or size), size - 1)
        if found[2] and int(found[2]) < start:
            return None
    if start >= size:
        raise RangeOutside(headers={"Content-Range": f"bytes */{size}"})
    return Part(start, last + 1)
