"""Shapes of schedules, their dry runs, and anniversaries."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.organisations.schemas import Timezone
from app.schemas import Id, In, Line, Moment, Out

CronText = Annotated[str, Field(min_length=9, max_length=100, pattern=r"^[0-9a-zA-Z*/,\- ]+$")]
LateSeconds = Annotated[int, Field(ge=0, le=7 * 86400)]
LatePolicy = Literal["send", "expire"]
StandingKind = Literal["unfinished_reminder", "anniversary", "joining_anniversary", "hours_reminder"]


class ScheduleIn(In):
    """What an organisation has set up itself: nothing of it is there unless it does. Either `cron` or `once_at`.

    Without a `timezone` it is the organisation's, and follows it. `late_policy`: "send" sends as late as
    `late_seconds`; "expire" lets go what is not sent at once.
    """

    organisation_id: Id
    kind: StandingKind
    cron: CronText | None = None
    once_at: Moment | None = None
    timezone: Timezone | None = None
    late_policy: LatePolicy = "send"
    late_seconds: LateSeconds = 3600
    enabled: bool = True


class SchedulePatch(In):
    """What of a schedule changes: `cron` takes the place of `once_at` and the reverse, no `timezone` (null) is the
    organisation's again."""

    cron: CronText | None = None
    once_at: Moment | None = None
    timezone: Timezone | None = None
    late_policy: LatePolicy | None = None
    late_seconds: LateSeconds | None = None
    enabled: bool | None = None


class ScheduleOut(Out):
    """A schedule: `subject_id` is the issue or the meeting that made it, `title` what that is called."""

    id: int
    organisation_id: int
    kind: str
    subject_id: int | None
    title: str
    cron: str | None
    once_at: datetime | None
    timezone: str
    own_zone: bool
    late_policy: str
    late_seconds: int
    enabled: bool
    next_due_at: datetime | None


class Schedules(Out):
    """A page of schedules."""

    items: list[ScheduleOut]
    next: str | None


class DryRunGroup(Out):
    """So many recipients on one channel, who can be reached from `not_before` on; `too_late`: it has lapsed by then."""

    channel_id: int
    channel: str
    adapter: str
    not_before: datetime
    too_late: bool
    recipients: int


class DryRunOut(Out):
    """What a schedule would tell at `due_at`; nothing of it is sent. Complete once its state is "done".

    `state`: "asked", "planning", "done", "nothing" (there is no next time, or nothing to tell then), or "failed".
    """

    id: int
    schedule_id: int
    state: Literal["asked", "planning", "done", "nothing", "failed"]
    asked_at: datetime
    due_at: datetime | None
    expires_at: datetime | None
    title: str
    body: str
    recipients: int
    unreachable: int
    groups: list[DryRunGroup]


class DryRunMember(Out):
    """One who would get it, through which channel, and from when on."""

    member_id: int
    name: str
    organisation: str
    channel: str
    not_before: datetime


class DryRunMembers(Out):
    """A page of those who would get it."""

    items: list[DryRunMember]
    next: str | None


Month = Annotated[int, Field(ge=1, le=12)]
Day = Annotated[int, Field(ge=1, le=31)]
Name = Annotated[Line, Field(max_length=30)]
Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]


class AnniversaryIn(In):
    """A day of the year that an organisation keeps, with its own words."""

    name: Name
    month: Month
    day: Day
    words: Words = ""
    enabled: bool = True


class AnniversaryPatch(In):
    """What of an anniversary changes."""

    name: Name | None = None
    month: Month | None = None
    day: Day | None = None
    words: Words | None = None
    enabled: bool | None = None


class AnniversaryOut(Out):
    """An anniversary of an organisation."""

    id: int
    organisation_id: int
    name: str
    month: int
    day: int
    words: str
    enabled: bool


class SuggestedAnniversary(Out):
    """One that an organisation may take over into its list, or not."""

    name: str
    month: int
    day: int
    words: str


class Anniversaries(Out):
    """The list of an organisation, by day, and what is suggested that is not in it."""

    items: list[AnniversaryOut]
    suggested: list[SuggestedAnniversary]
