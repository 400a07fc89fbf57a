"""Shapes of the privacy notice and of consent."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.schemas import In, Line, Out


class ShippedNotice(Out):
    """The notice that ships with the product."""

    version: str
    title: str
    body: str
    html: str


class PublishedNotice(ShippedNotice):
    """A version that an organisation has published."""

    id: int
    published_at: datetime


class Notices(Out):
    """A page of the versions of an organisation, newest first; `in_force` is the version that its members are under."""

    in_force: str
    items: list[PublishedNotice]
    next: str | None


class NoticeIn(In):
    """A new version, in Markdown."""

    title: Line
    body: Annotated[str, Field(min_length=20, max_length=20_000)]


class ConsentIn(In):
    """A yes or a no to the version that was read."""

    version: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    accepted: bool


class ConsentOut(Out):
    """What a member said to a version."""

    id: int
    version: str
    accepted: bool
    at: datetime


class Consents(Out):
    """A page of what a member said, newest first."""

    items: list[ConsentOut]
    next: str | None


class ConsentCounts(Out):
    """How many bound members have agreed to the version in force for them, and how many are not bound yet.

    A no and no word yet are one figure: in a small branch a no of its own would name who said it.
    """

    given: int
    not_given: int
    not_bound: int
