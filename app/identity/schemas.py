"""Shapes of sign-in, binding and `me`."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.schemas import Id, In, Out

ConsentState = Literal["given", "refused", "needed"]

Code = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]


class WechatSignIn(In):
    """What `wx.login` gave, and the mini-program's appid."""

    app: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    code: Code


class PasswordSignIn(In):
    """A staff sign-in."""

    login: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f]+$")]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class MemberChoice(In):
    """Which of the members bound to this WeChat user is in use."""

    member_id: Id


class BoundMember(Out):
    """A member that the WeChat user may act as; without a consent that is `given`, little more than this."""

    member_id: int
    name: str
    organisation_id: int
    organisation: str
    consent: ConsentState


# Of the kinds of notices, those that a member may switch off, and those on meetings, which nobody can.
Switchable = Literal["weekly_issue", "unfinished_reminder", "anniversary", "joining_anniversary", "hours_reminder"]
Statutory = Literal["meeting_notice", "meeting_reminder", "meeting_changed", "meeting_cancelled"]


TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Adapter = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class PreferencesIn(In):
    """What the member wants from now on; what is not named stays.

    `notices_off` are all the kinds that are not wanted, `channels` all those that come first, in order. Quiet hours of
    one's own go by null: then the organisation's hold.
    """

    notices_off: Annotated[list[Literal[Switchable, Statutory]], Field(max_length=20)] | None = None
    channels: Annotated[list[Adapter], Field(max_length=20)] | None = None
    quiet_from: TimeOfDay | None = None
    quiet_until: TimeOfDay | None = None


class WayOut(Out):
    """A way to reach the member, as its channel is called."""

    adapter: str
    name: str


class Preferences(Out):
    """What the member wants: kinds that are not, ways that come first, own quiet hours; and what there is to choose."""

    notices_off: list[str]
    switchable: list[str]
    channels: list[str]
    available: list[WayOut]
    quiet_from: str | None
    quiet_until: str | None


class PasswordChange(In):
    """The own password, and the new one."""

    current: Annotated[str, Field(min_length=1, max_length=256)]
    new: Annotated[str, Field(min_length=10, max_length=256)]


class WechatSession(Out):
    """A member's session: `members` is empty until bound."""

    token: str
    expires_at: datetime
    members: list[BoundMember]


class PostOut(Out):
    """A role in an organisation; an `acting` one is held for another, until a given time."""

    role: str
    organisation_id: int
    organisation: str
    acting: bool
    until_at: datetime | None


class StaffSession(Out):
    """A staff session."""

    token: str
    expires_at: datetime
    name: str
    posts: list[PostOut]


class Me(Out):
    """The member in use, as the roster knows them."""

    member_id: int
    name: str
    organisation_id: int
    organisation: str
    stage: str
    roster: str
    exempt: bool
    members: list[BoundMember]


class StaffMe(Out):
    """The member of staff who is signed in."""

    account_id: int
    name: str
    posts: list[PostOut]


class Members(Out):
    """The members bound to a WeChat user; the first sign-in puts the first in use."""

    items: list[BoundMember]


class CurrentSession(Out):
    """Who may act by this session, and who does."""

    member_id: int | None
    members: list[BoundMember]
