"""Shapes of posts."""

from datetime import datetime
from typing import Literal

from app.schemas import Id, In, Moment, Out

Role = Literal["leader", "editor", "reviewer", "administrator", "security_administrator", "auditor"]


class PostIn(In):
    """A role in an organisation and its subtree; from now on and without end unless said otherwise.

    An acting post (代理) has an end.
    """

    account_id: Id
    organisation_id: Id
    role: Role
    acting: bool = False
    from_at: Moment | None = None
    until_at: Moment | None = None


class PostPatch(In):
    """Until when a post is held; null: without end."""

    until_at: Moment | None


class HandoverIn(In):
    """Who takes a post over, and from when; now and without end unless said otherwise."""

    to_account_id: Id
    from_at: Moment | None = None
    acting: bool = False
    until_at: Moment | None = None


class HeldPostOut(Out):
    """A post: one that is in force or to come, or one of the past."""

    id: int
    account_id: int
    account: str
    organisation_id: int
    organisation: str
    role: str
    acting: bool
    from_at: datetime
    until_at: datetime | None


class HeldPosts(Out):
    """A page of posts."""

    items: list[HeldPostOut]
    next: str | None
