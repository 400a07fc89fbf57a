"""Shapes of the people on the roster."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.organisations.effective import Day
from app.schemas import Id, In, Line, Out
from content.roster import RosterName, Stage

ArchiveReason = Literal["left_party", "deceased", "transferred", "removed", "duplicate", "other"]

# For the document only, as with `Line`: the reader of rosters says what is wrong with a name or a number.
NAME = {"pattern": "^[\u4e00-\u9fa5]{2,30}$"}
PHONE = {"pattern": "^(1[3-9][0-9]{9})?$"}
Name = Annotated[str, Field(min_length=1, max_length=100, json_schema_extra={**NAME})]
# "" deletes it.
Phone = Annotated[str, Field(max_length=40, json_schema_extra={**PHONE})]
# `1985-07`; and when somebody joined, to the month or to the day.
Month = Annotated[str, Field(pattern="^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]
DayOrMonth = Annotated[str, Field(pattern="^(19|20)[0-9]{2}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?$")]
Tags = Annotated[list[Line], Field(max_length=20)]


class MemberIn(In):
    """A new person on the roster; `allow_duplicate` where the caller has seen who is like them."""

    organisation_id: Id
    name: Name
    phone: Phone | None = None
    stage: Stage = "full_member"
    roster: RosterName = "in_service"
    birth_month: Month | None = None
    joined_on: DayOrMonth | None = None
    tags: Tags = Field(default_factory=list)
    # With a reason the member is in no denominator.
    exempt_reason: Line | None = None
    allow_duplicate: bool = False


class MemberPatch(In):
    """What of a member changes; a null deletes the phone, the dates and the exemption."""

    name: Name | None = None
    phone: Phone | None = None
    stage: Stage | None = None
    roster: RosterName | None = None
    birth_month: Month | None = None
    joined_on: DayOrMonth | None = None
    tags: Tags | None = None
    exempt_reason: Line | None = None
    allow_duplicate: bool = False


class MoveIn(In):
    """Where a member goes; from now on unless it was on an earlier day."""

    organisation_id: Id
    effective_on: Day | None = None


class ArchiveIn(In):
    """Why a member is on the roster no longer, and since when if not now."""

    reason: ArchiveReason
    effective_on: Day | None = None


class RestorationIn(In):
    """Where a member comes back to: to where they were unless said otherwise."""

    organisation_id: Id | None = None
    # Somebody who is like them is on the roster, and is another person all the same.
    allow_duplicate: bool = False


class RosterMemberOut(Out):
    """A member in a list: the phone number is masked."""

    id: int
    name: str
    organisation_id: int
    organisation: str
    stage: str
    roster: str
    exempt: bool
    bound: bool
    phone_masked: str | None
    tags: list[str]
    archived_at: datetime | None
    archive_reason: str | None


class RosterMembers(Out):
    """A page of members."""

    items: list[RosterMemberOut]
    next: str | None


class MemberOut(RosterMemberOut):
    """A member with all that the roster knows; `organisation_since` is when they came to where they are."""

    exempt_reason: str | None
    birth_month: str | None
    joined_on: str | None
    practice: bool
    organisation_since: datetime | None
    bound_at: datetime | None
    # What they have said to the privacy notice that is in force for them.
    created_at: datetime
    restorable_until: datetime | None


class PlacementOut(Out):
    """Where a member stood; without `until_at` it is where they stand."""

    id: int
    organisation_id: int
    organisation: str
    from_at: datetime
    until_at: datetime | None


class Placements(Out):
    """A page of the places of a member, the earliest first."""

    items: list[PlacementOut]
    next: str | None


class TagOut(Out):
    """A tag, and how many members have it."""

    tag: str
    count: int


class TagsInUse(Out):
    """The tags in use, the commonest first."""

    items: list[TagOut]


class LikePair(Out):
    """Two entries of the roster that may be one person."""

    first: RosterMemberOut
    second: RosterMemberOut
    same_phone: bool
    same_name_and_birth_month: bool


class LikePairs(Out):
    """A page of possible duplicates."""

    items: list[LikePair]
    next: str | None


class ViewerOut(Out):
    """A post in force over a member: who holds it until when, what it lets them see, and why in one sentence."""

    id: int
    account_id: int
    account: str
    role: str
    acting: bool
    organisation_id: int
    organisation: str
    until_at: datetime | None
    sees: list[str]
    why: str


class Viewers(Out):
    """A page of the posts over a member."""

    items: list[ViewerOut]
    next: str | None
