"""Shapes of organisations, members, accounts, posts and roster imports."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.schemas import Id, In, Line, Moment, Out

OrganisationKind = Literal["committee", "general_branch", "branch", "group"]
Role = Literal["leader", "editor", "reviewer", "administrator"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, outside of the database, or one of its folders
        raise PydanticCustomError("no_such_timezone", "no such time zone") from None
    return name


# A name of the IANA database, such as Asia/Shanghai.
Timezone = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$"), AfterValidator(_zone)
]
Login = Annotated[str, Field(min_length=3, max_length=64, pattern=r"^[A-Za-z0-9._@-]+$")]
Password = Annotated[str, Field(min_length=10, max_length=256)]


class OrganisationIn(In):
    """A new organisation under `parent_id`."""

    parent_id: Id
    name: Line
    kind: OrganisationKind


class OrganisationPatch(In):
    """What of an organisation changes; its place in the tree does not."""

    name: Line | None = None
    timezone: Timezone | None = None


class OrganisationOut(Out):
    """A node of the tree; `path` holds the ids from the top down to its own."""

    id: int
    parent_id: int | None
    path: str
    kind: str
    name: str
    timezone: str


class Organisations(Out):
    """A page of organisations."""

    items: list[OrganisationOut]
    next: str | None


class RosterMemberOut(Out):
    """A member as the leader sees them: the phone number is masked."""

    id: int
    name: str
    organisation_id: int
    organisation: str
    stage: str
    roster: str
    exempt: bool
    bound: bool
    phone_masked: str | None


class RosterMembers(Out):
    """A page of members."""

    items: list[RosterMemberOut]
    next: str | None


class AccountIn(In):
    """A new account, managed by `organisation_id`; its rights come from posts."""

    organisation_id: Id
    login: Login
    name: Line
    password: Password


class AccountPatch(In):
    """What of an account changes; a new password or disabling ends its sessions at once."""

    name: Line | None = None
    password: Password | None = None
    disabled: bool | None = None


class AccountOut(Out):
    """An account, without anything of its password."""

    id: int
    organisation_id: int
    login: str
    name: str
    created_at: datetime
    disabled_at: datetime | None


class Accounts(Out):
    """A page of accounts."""

    items: list[AccountOut]
    next: str | None


class PostIn(In):
    """A role in an organisation and its subtree; from now on and without end unless said otherwise."""

    account_id: Id
    organisation_id: Id
    role: Role
    from_at: Moment | None = None
    until_at: Moment | None = None


class HeldPostOut(Out):
    """A post that is in force or to come."""

    id: int
    account_id: int
    account: str
    organisation_id: int
    organisation: str
    role: str
    from_at: datetime
    until_at: datetime | None


class HeldPosts(Out):
    """A page of posts."""

    items: list[HeldPostOut]
    next: str | None


class RejectedLine(Out):
    """A line of the workbook that cannot be imported, numbered as Excel shows it."""

    line: int
    code: str
    reason: str


class ImportOut(Out):
    """What an import did, or would do; with any rejected line it does nothing."""

    added: int
    changed: int
    unchanged: int
    organisations_added: int
    rejected: list[RejectedLine]
