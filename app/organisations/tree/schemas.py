"""Shapes of the tree of organisations and of what happens to it."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field

from app.organisations.effective import Day
from app.organisations.schemas import OrganisationKind, Timezone
from app.schemas import Id, In, Line, Out


class OrganisationIn(In):
    """A new organisation under `parent_id`."""

    parent_id: Id
    name: Line
    kind: OrganisationKind


class OrganisationPatch(In):
    """What of an organisation changes; `from_on` is the day from which it bears the new name, today unless said."""

    name: Line | None = None
    timezone: Timezone | None = None
    from_on: Day | None = None


class OrganisationOut(Out):
    """A node of the tree; `path` holds the ids from the top down to its own."""

    id: int
    parent_id: int | None
    path: str
    kind: str
    name: str
    timezone: str


class ArchivedOrganisationOut(OrganisationOut):
    """An organisation that is there no longer, and until when it can be brought back."""

    archived_at: datetime
    archive_reason: str | None
    merged_into_id: int | None
    restorable_until: datetime


class RestoredOrganisationOut(OrganisationOut):
    """An organisation that is back; `detail` says what has not come back with it."""

    detail: str


class Organisations(Out):
    """A page of organisations, living or archived."""

    items: list[OrganisationOut] | list[ArchivedOrganisationOut]
    next: str | None


class OrganisationMoveIn(In):
    """The new superior; from now on unless it was so from an earlier day."""

    parent_id: Id
    effective_on: Day | None = None


class MergerIn(In):
    """The organisation that takes over; from now on unless it was so from an earlier day."""

    into_id: Id
    effective_on: Day | None = None


class SplitIn(In):
    """The new sibling and who goes there; of the same kind unless said otherwise."""

    name: Line
    kind: OrganisationKind | None = None
    member_ids: Annotated[list[Id], Field(min_length=1, max_length=2000)]
    effective_on: Day | None = None


class OrganisationArchiveIn(In):
    """Why an organisation is there no longer; from now on unless it was so from an earlier day."""

    reason: Literal["dissolved", "other"]
    effective_on: Day | None = None


class ChangeSide(Out):
    """An organisation before or after a change: what of it changed.

    `organisation` is the other one of a merger or a split, and `members` how many went from one to the other.
    """

    name: str | None = None
    superiors: str | None = None
    organisation_id: int | None = None
    organisation: str | None = None
    members: int | None = None
    reason: str | None = None


class OrganisationChangeOut(Out):
    """A change of an organisation, as it was before and after; `effective_on` is a day in its zone."""

    id: int
    kind: str
    effective_on: date
    recorded_at: datetime
    before: ChangeSide
    after: ChangeSide


class OrganisationHistory(Out):
    """A page of changes, newest first."""

    items: list[OrganisationChangeOut]
    next: str | None
