"""Shapes of meetings."""

from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.schemas import ONE_LINE, Id, In, Moment, Out, one_line

MeetingKind = Literal[
    "members_meeting",
    "committee_meeting",
    "group_meeting",
    "party_lecture",
    "theme_day",
    "organisational_life_meeting",
    "democratic_appraisal",
]


def _link(text: str) -> str:
    try:
        parts = urlsplit(text)
        whole = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        whole = False
    if not whole or "@" in parts.netloc:
        raise PydanticCustomError("bad_link", "not a link that can be opened")
    return text


# Printable ASCII without the backslash, which browsers read as a slash: what is shown is where it leads.
JoinLink = Annotated[str, Field(max_length=500, pattern=r"^https?://[\x21-\x5b\x5d-\x7e]+$"), AfterValidator(_link)]
Title = Annotated[str, Field(min_length=1, max_length=60, json_schema_extra={**ONE_LINE}), AfterValidator(one_line)]
Agenda = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$")]
Code = Annotated[str, Field(max_length=32, pattern=r"^[^\x00-\x1f\x7f]*$")]


class MeetingIn(In):
    """A meeting to come: within a year, at most 24 hours long."""

    organisation_id: Id
    kind: MeetingKind
    title: Title
    agenda: Agenda = ""
    starts_at: Moment
    ends_at: Moment
    join_link: JoinLink
    meeting_code: Code = ""
    meeting_password: Code = ""


class MeetingPatch(In):
    """What of a meeting changes; an empty text takes agenda, code or password away."""

    title: Title | None = None
    agenda: Agenda | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    join_link: JoinLink | None = None
    meeting_code: Code | None = None
    meeting_password: Code | None = None


class MeetingBrief(Out):
    """A meeting in a list."""

    id: int
    organisation_id: int
    organisation: str
    kind: str
    kind_name: str
    title: str
    starts_at: datetime
    ends_at: datetime
    timezone: str
    cancelled: bool


class MeetingOut(MeetingBrief):
    """A meeting with what is needed to join it."""

    agenda: str
    join_link: str
    meeting_code: str
    meeting_password: str


class MeetingBriefs(Out):
    """A page of meetings as members see them."""

    items: list[MeetingBrief]
    next: str | None


class Meetings(Out):
    """A page of meetings as their leaders see them."""

    items: list[MeetingOut]
    next: str | None


class AttendanceIn(In):
    """Who was there, all of them: whoever is left out was not."""

    member_ids: Annotated[list[Id], Field(max_length=2000)]


class Attendant(Out):
    """A member of the organisation that the meeting was for, and whether they were there."""

    member_id: int
    name: str
    organisation: str
    attended: bool


class AttendanceOut(Out):
    """The attendance of a meeting, in the order of the tree."""

    meeting_id: int
    attended: int
    items: list[Attendant]
