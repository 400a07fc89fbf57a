"""Shapes of sign-in, binding and `me`."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.schemas import Id, In, Out

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


class BindingIn(In):
    """The code on the slip that the branch leader handed out."""

    invite_code: Annotated[str, Field(pattern=r"^[0-9]{8}$")]


class BoundMember(Out):
    """A member that the WeChat user may act as."""

    member_id: int
    name: str
    organisation_id: int
    organisation: str


class WechatSession(Out):
    """A member's session: `members` is empty until bound."""

    token: str
    expires_at: datetime
    members: list[BoundMember]


class PostOut(Out):
    """A role in an organisation."""

    role: str
    organisation_id: int
    organisation: str


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


class SlipsIn(In):
    """For whom slips are wanted; without `member_ids`: for all who are not bound yet."""

    member_ids: Annotated[list[Id], Field(min_length=1, max_length=2000)] | None = None


class SlipOut(Out):
    """A slip, shown this once: the code is not kept."""

    member_id: int
    name: str
    invite_code: str
    expires_at: datetime


class SlipsOut(Out):
    """The slips to hand out."""

    items: list[SlipOut]
