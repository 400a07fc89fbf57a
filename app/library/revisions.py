"""Two editors do not overwrite each other: who sends `If-Match` is told when the text has changed meanwhile."""

import re
from typing import TypeAlias

from app.errors import PreconditionFailed

# The tags that the client would accept; None where it did not say.
Expected: TypeAlias = frozenset[str] | None

_TAG = re.compile(r'(W/)?"([^"]*)"')


class StaleRevision(PreconditionFailed):
    """The thing is no longer as the client saw it."""

    code = "stale_revision"
    detail = "在您打开之后，他人已经修改过这份内容。请刷新，看过最新内容后再保存您的修改。"


def tag_of(revision: int) -> str:
    """The strong entity tag of a revision: of the thing itself, not of the lessons that an issue only names."""
    return f'"{revision}"'


def read_if_match(header: str | None) -> Expected:
    """What an `If-Match` names (RFC 9110, 13.1.1: `*` is anything that is there, and weak tags never match)."""
    if header is None or header.strip() == "*":
        return None
    return frozenset(tag for weak, tag in _TAG.findall(header) if not weak)


def check_revision(revision: int, expected: Expected) -> None:
    """Raises `StaleRevision`; the caller holds the row."""
    if expected is not None and str(revision) not in expected:
        raise StaleRevision
