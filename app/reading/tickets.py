"""Reading-Ticket: that a member was given a version of a lesson, and when by the server's clock, signed. Pure."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.errors import Conflict, Invalid
from app.library.rules import HANDED_IN_WITHIN_DAYS
from app.reading.clock import micros, moment
from app.settings import Settings

LIFE = timedelta(days=HANDED_IN_WITHIN_DAYS)
_FORM = re.compile(r"([1-9][0-9]{0,15})\.([1-9][0-9]{0,15})\.([1-9][0-9]{0,16})\.([A-Za-z0-9_-]{43})")


class TicketInvalid(Invalid):
    """The ticket was not signed by us for this member and lesson."""

    code = "ticket_invalid"
    detail = "这份离线阅读凭据不完整，或不是发给您的。请联网后重新打开这篇资料，再继续阅读。"


class TicketExpired(Conflict):
    """The ticket was right once."""

    code = "ticket_expired"
    detail = f"离线阅读的记录要在打开资料后 {HANDED_IN_WITHIN_DAYS} 天内联网提交，这一份已经过期。请重新打开这篇资料。"


@dataclass(frozen=True)
class Ticket:
    """What a ticket says: the version (its number) of a lesson, and when it was fetched."""

    lesson_id: int
    version: int
    fetched_at: datetime


def sign_ticket(settings: Settings, member_id: int, ticket: Ticket) -> str:
    """The text of a ticket, of letters, digits, dots, hyphens and underscores; the member is in the signature only."""
    said = f"{ticket.lesson_id}.{ticket.version}.{micros(ticket.fetched_at)}"
    return f"{said}.{_signature(settings, member_id, said)}"


def open_ticket(settings: Settings, member_id: int, text: str, now: datetime) -> Ticket:
    """What the text says; raises `TicketInvalid` or `TicketExpired`."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise TicketInvalid
    said, signature = text.rsplit(".", 1)
    if not hmac.compare_digest(_signature(settings, member_id, said), signature):
        raise TicketInvalid
    ticket = Ticket(int(found[1]), int(found[2]), moment(int(found[3])))
    if ticket.fetched_at + LIFE <= now:
        raise TicketExpired
    return ticket


def _signature(settings: Settings, member_id: int, said: str) -> str:
    key = hashlib.blake2b(b"reading tickets", key=settings.signing_bytes, digest_size=32).digest()
    made = hmac.digest(key, f"{member_id}\n{said}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
