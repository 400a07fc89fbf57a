"""Shapes of campaigns, their progress, and what became of the notices to one member."""

from datetime import datetime
from typing import Literal

from app.schemas import Out

CampaignState = Literal["planning", "sending", "paused", "cancelled", "done"]
ChannelState = Literal["running", "stopped", "resting", "disabled", "waiting", "done"]


class CampaignOut(Out):
    """An event that is told to many; `over` when nothing of it is sent any more.

    `recipients` are people who have been planned so far, `unreachable` those whom no channel reaches.
    """

    id: int
    kind: str
    title: str
    organisation_id: int
    organisation: str
    state: CampaignState
    over: bool
    recipients: int
    unreachable: int
    paused_at: datetime | None
    cancelled_at: datetime | None
    expires_at: datetime
    created_at: datetime


class Campaigns(Out):
    """A page of campaigns, newest first."""

    items: list[CampaignOut]
    next: str | None


class Counts(Out):
    """Deliveries by state, whose sum is `planned`.

    One that was `passed_on` is counted once more on the next channel.
    """

    planned: int
    waiting: int
    sending: int
    sent: int
    failed: int
    unknown: int
    expired: int
    passed_on: int


class ChannelProgress(Counts):
    """What of a campaign goes through one channel; `words` say why it does not go on, and `until` how long."""

    channel_id: int
    name: str
    adapter: str
    state: ChannelState
    words: str
    until: datetime | None


class Failures(Out):
    """How many deliveries failed for one reason; `code` is the platform's own."""

    reason: str
    words: str
    code: str | None
    count: int


class CampaignProgress(CampaignOut, Counts):
    """How far a campaign has come at `at`.

    `words` say what is wrong with it as a whole, if anything. `remaining_seconds` is an estimate from the last five
    minutes; null where nothing can be said.
    """

    at: datetime
    words: str
    failures: list[Failures]
    channels: list[ChannelProgress]
    remaining_seconds: int | None


class MyNotice(Out):
    """A notice to me: through which channel, and what became of it.

    `finished_at` is when that was settled, within the minutes that a batch takes.
    """

    campaign_id: int
    kind: str
    title: str
    happens_at: datetime | None
    organisation: str
    channel: str
    state: str
    words: str
    reason: str | None
    announced_at: datetime
    finished_at: datetime | None


class MyNotices(Out):
    """A page of notices, newest first."""

    items: list[MyNotice]
    next: str | None


class NoticeTry(Out):
    """One channel's part in telling a member: `tries` beyond the first are those that are on record."""

    batch_id: int
    channel_id: int
    channel: str
    adapter: str
    state: str
    words: str
    reason: str | None
    reason_words: str | None
    code: str | None
    tries: int
    next_try_at: datetime | None
    finished_at: datetime | None


class MemberNotice(Out):
    """A notice to a member with the channels that were tried for it, in order."""

    campaign_id: int
    kind: str
    title: str
    happens_at: datetime | None
    organisation: str
    announced_at: datetime
    chain: list[NoticeTry]


class MemberNotices(Out):
    """A page of notices to a member, newest first."""

    items: list[MemberNotice]
    next: str | None
