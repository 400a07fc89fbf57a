"""Shapes of the register of addresses."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from app.schemas import In, Out


class AddressIn(In):
    """The id by which the platform of the channel knows the member: a WeCom userid, an e-mail address and the like."""

    address: Annotated[str, Field(min_length=1, max_length=128)]


class AddressOut(Out):
    """A channel that may reach the member by an id, and the id, masked; null where none is registered."""

    channel_id: int
    channel: str
    adapter: str
    address_masked: str | None
    registered_at: datetime | None


class Addresses(Out):
    """The channels that may reach a member by an id of the platform."""

    items: list[AddressOut]


class RejectedAddress(Out):
    """A line of the sheet that cannot be taken, as Excel counts lines."""

    line: int
    code: str
    detail: str


class AddressesReport(Out):
    """What an import took, or would take."""

    accepted: int
    rejected: list[RejectedAddress]
