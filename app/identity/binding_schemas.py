"""Shapes of binding: codes, slips, requests."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.identity.schemas import BoundMember, Code
from app.schemas import Id, In, Out


class BindingIn(In):
    """Either the code of a slip, or the code by which WeChat confirms the phone number."""

    invite_code: Annotated[str, Field(pattern=r"^[0-9]{8}$")] | None = None
    phone_code: Code | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.invite_code is None) == (self.phone_code is None):
            raise PydanticCustomError("one_code", "either invite_code or phone_code")
        return self


class OwnRequestOut(Out):
    """A binding that waits for the leader, as the applicant sees it: the name is masked until it is theirs."""

    id: int
    name_masked: str
    reason: str
    state: str
    created_at: datetime
    decided_at: datetime | None


class OwnRequests(Out):
    """A page of what this WeChat user has asked for, newest first."""

    items: list[OwnRequestOut]
    next: str | None


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


class Bound(Out):
    """The members bound now, and what this call has asked of the leader."""

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

    member_id: int
    name: str
    organisation: str
    state: Literal["bound", "slip_out", "expired", "none"]
    expires_at: datetime | None


class SlipCounts(Out):
    """How many members are in which state."""

    bound: int = 0
    slip_out: int = 0
    expired: int = 0
    none: int = 0


class SlipStates(Out):
    """A page of members with their slips, and how many of all are in which state."""

    counts: SlipCounts
    items: list[SlipStateOut]
    next: str | None
