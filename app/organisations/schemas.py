"""Shapes of accounts, and of what is said of organisations in more than one place."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from app.schemas import Id, In, Line, Out

OrganisationKind = Literal["committee", "general_branch", "branch", "group"]

# Without this machine's own and the one that means nothing; PostgreSQL must know the name as well.
ZONES = available_timezones() - {"localtime", "Factory"}


def _zone(name: str) -> str:
    if name not in ZONES:
        raise PydanticCustomError("no_such_timezone", "no such time zone")
    return name


# A name of the IANA database, such as Asia/Shanghai.
Timezone = Annotated[
    str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$"), AfterValidator(_zone)
]
Login = Annotated[str, Field(min_length=3, max_length=64, pattern=r"^[A-Za-z0-9._@-]+$")]
Password = Annotated[str, Field(min_length=10, max_length=256)]


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
