"""Shapes of sign-in, binding and `me`."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas import Id, In, Line, Out

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


class BindingIn(In):
    """Either the code of a slip, or the code by which WeChat confirms the phone number."""

    invite_code: Annotated[str, Field(pattern=r"^[0-9]{8}$")] | None = None
    phone_code: Code | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.invite_code is None) == (self.phone_code is None):
            raise PydanticCustomError("one_code", "either invite_code or phone_code")
        return self


class BoundMember(Out):
    """A member that the WeChat user may act as; without a consent that is `given`, little more than this."""

    member_id: int
    name: str
    organisation_id: int
    organisation: str
    consent: ConsentState


class OwnRequestOut(Out):
    """A binding that waits for the leader, as the applicant sees it: the name is masked until it is theirs."""

    id: int
    name_masked: str
    reason: str
    state: str
    created_at: datetime
    decided_at: datetime | None


class OwnRequests(Out):
    """What this WeChat user has asked for, newest first."""

    items: list[OwnRequestOut]


class RequestOut(Out):
    """A binding that waits for the leader; who asks is known by the phone number that WeChat confirmed, not by name."""

    id: int
    member_id: int
    name: str
    organisation_id: int
    organisation: str
    reason: str
    state: str
    created_at: datetime
    decided_at: datetime | None


class Requests(Out):
    """A page of requests, newest first."""

    items: list[RequestOut]
    next: str | None


class DecisionIn(In):
    """Approval ends the binding that the member has, with its sessions."""

    approve: bool


class NoticeOut(Out):
    """A version of the privacy notice: as written, and as sanitised HTML; the shipped one has no date."""

    version: str
    title: str
    body: str
    html: str
    published_at: datetime | None


class Notices(Out):
    """The versions of an organisation, newest first."""

    items: list[NoticeOut]


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
    """How many bound members have said what to the version in force for them."""

    given: int
    refused: int
    needed: int


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


class Bound(Out):
    """The members bound now, and the requests that wait for the leader."""

    items: list[BoundMember]
    requests: list[OwnRequestOut]


class SlipsIn(In):
    """For whom slips are wanted: whom it names, or all who are neither bound nor hold a slip that still works.

    `reprint`: those who hold one as well. A new slip voids the older one.
    """

    member_ids: Annotated[list[Id], Field(min_length=1, max_length=2000)] | None = None
    reprint: bool = False


class SlipOut(Out):
    """A slip, shown this once: the code is not kept."""

    member_id: int
    name: str
    invite_code: str
    expires_at: datetime


class SlipsOut(Out):
    """The slips to hand out, and how many more are wanted beyond the limit of one call."""

    items: list[SlipOut]
    remaining: int


class SlipStateOut(Out):
    """Whether a member is bound, or holds a slip; never its code."""

    id: int
    name: str
    organisation: str
    state: Literal["bound", "slip_out", "expired", "none"]
    expires_at: datetime | None


class SlipStates(Out):
    """A page of members with their slips, and how many of all are in which state."""

    counts: dict[str, int]
    items: list[SlipStateOut]
    next: str | None
