"""A local mail server: ``python -m scheduler.fakes.mail --port N [--host 127.0.0.1]``.

The port is that of the control side; GET /_control/smtp names the two of SMTP (STARTTLS, and TLS from the start) and
the certificate that they show. It takes letters as the servers of large mail houses do, with their codes and texts.
Control side, JSON each: POST /_control/account, /fail (paths AUTH, MAIL, RCPT, DATA), /clock, /reset; GET
/_control/sent, /counts, /smtp.
"""

import asyncio
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from email.policy import default
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scheduler.fakes.certificate import self_signed
from scheduler.fakes.control import Control, Fault, control_routes
from scheduler.fakes.serving import serve
from scheduler.fakes.state import State


@dataclass
class House(State):
    """The accounts, the mailboxes that exist (none named: all), and what was taken."""

    accounts: dict[str, str] = field(default_factory=dict)
    mailboxes: set[str] | None = None
    full: set[str] = field(default_factory=set)
    daily_quota: int = 1000
    per_connection: int = 100
    today: Counter[str] = field(default_factory=Counter)
    carried: Counter[int] = field(default_factory=Counter)
    sent: list[dict[str, object]] = field(default_factory=list)


@dataclass
class Clerk:
    """The hooks of aiosmtpd: each gives the reply to one command."""

    control: Control
    house: House

    def log_in(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        """Check a login; NetEase's text for a wrong one."""
        fault = self._called("AUTH")
        if fault is not None:
            return AuthResult(success=False, handled=False, message=f"{fault.errcode} {fault.errmsg or 'error'}")
        good = (
            isinstance(data, LoginPassword) and self.house.accounts.get(data.login.decode()) == data.password.decode()
        )
        if not good:
            return AuthResult(success=False, handled=False, message="535 Error: authentication failed")
        return AuthResult(success=True, auth_data=data)

    async def handle_MAIL(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """The sender must be who has logged in."""
        if (reply := await self._reply(self._called("MAIL"), server)) is not None:
            return reply
        login = session.auth_data
        if not isinstance(login, LoginPassword) or login.login.decode() != address:
            return "553 Mail from must equal authorized user"
        if self.house.carried[id(session)] >= self.house.per_connection:
            return "450 MI:DMC the number of messages of this connection"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Refuse who does not exist, and whose box is full."""
        if (reply := await self._reply(self._called("RCPT"), server)) is not None:
            return reply
        if self.house.mailboxes is not None and address not in self.house.mailboxes:
            return f"550 5.1.1 User not found: {address}"
        if address in self.house.full:
            return "552 5.2.2 Mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  # aiosmtpd's
        """Take a letter, unless the day's number is reached or it looks like spam."""
        fault = self._called("DATA")
        accepts = fault is not None and fault.mode == "accept_then_reset"
        if not accepts and (reply := await self._reply(fault, server)) is not None:
            return reply
        sender = envelope.mail_from or ""
        if self.house.today[sender] >= self.house.daily_quota:
            return "554 MI:STC the sender has sent too many letters today"
        content = envelope.content
        letter = message_from_bytes(content if isinstance(content, bytes) else b"", policy=default)
        if "发票" in str(letter["Subject"]):
            return "554 DT:SPM the content of this letter is not permitted"
        self.house.today[sender] += 1
        self.house.carried[id(session)] += 1
        self.house.sent.append(_as_read(envelope, letter))
        return await _broken(server) if accepts else "250 Mail OK queued"

    def _called(self, command: str) -> Fault | None:
        self.control.counts[command] += 1
        return self.control.next_fault(command)

    async def _reply(self, fault: Fault | None, server: SMTP) -> str | None:
        """The reply that the fault orders; None where the command goes on."""
        if fault is None:
            return None
        if fault.mode == "errcode":
            return f"{fault.errcode} {fault.errmsg or 'error'}"
        if fault.mode in ("hang", "slow"):
            await asyncio.sleep(3600 if fault.mode == "hang" else fault.seconds)
            return None
        return await _broken(server)


async def _broken(server: SMTP) -> str:
    """Break the connection; aiosmtpd ends this task when it hears of that, so that no reply is written."""
    cast(asyncio.WriteTransport, server.transport).abort()
    await asyncio.sleep(3600)
    return ""


def _as_read(envelope: Envelope, letter: Message) -> dict[str, object]:
    """A letter as its reader's program shows it."""
    parts = {part.get_content_type(): str(part.get_content()) for part in letter.walk() if not part.is_multipart()}  # type: ignore[attr-defined]  # of EmailMessage
    headers = {name.lower(): str(value) for name, value in letter.items()}
    return {"from": envelope.mail_from, "to": envelope.rcpt_tos, "headers": headers, "parts": parts}


def create_app() -> Starlette:
    """Make the server with no accounts."""
    control, house = Control(), House()
    certificate, context = self_signed()
    ports: dict[str, int] = {}

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        async with _listening(Clerk(control, house), context) as found:
            ports.update(found)
            yield

    async def smtp(request: Request) -> Response:
        return JSONResponse({**ports, "certificate": certificate})

    return Starlette(
        routes=[Route("/_control/smtp", smtp), *_house_routes(house), *control_routes(control, house.clear)],
        lifespan=running,
    )


@asynccontextmanager
async def _listening(clerk: Clerk, context: ssl.SSLContext) -> AsyncIterator[dict[str, int]]:
    """Take SMTP on two free ports until the block ends; gives them by how they are encrypted."""

    def protocol(starttls: bool) -> SMTP:
        # Of TLS from the start, which the port brings, aiosmtpd knows nothing.
        return SMTP(
            clerk,
            authenticator=clerk.log_in,
            auth_required=True,
            auth_require_tls=starttls,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            hostname="mail.example",
        )

    loop = asyncio.get_running_loop()
    starting = await loop.create_server(lambda: protocol(True), "127.0.0.1", 0)
    encrypted = await loop.create_server(lambda: protocol(False), "127.0.0.1", 0, ssl=context)
    yield {name: server.sockets[0].getsockname()[1] for name, server in (("starttls", starting), ("tls", encrypted))}
    starting.close()
    encrypted.close()


def _house_routes(house: House) -> list[Route]:
    async def account(request: Request) -> Response:
        order = await request.json()
        house.accounts[order["account"]] = order["secret"]
        house.mailboxes = set(order["mailboxes"]) if "mailboxes" in order else None
        house.full = set(order.get("full", []))
        house.daily_quota = order.get("daily_quota", house.daily_quota)
        house.per_connection = order.get("per_connection", house.per_connection)
        return JSONResponse({})

    async def sent(request: Request) -> Response:
        return JSONResponse(house.sent)

    return [Route("/_control/account", account, methods=["POST"]), Route("/_control/sent", sent)]


if __name__ == "__main__":
    serve(create_app(), sys.argv[1:])
