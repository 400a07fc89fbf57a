"""The fake mail server refuses what a mail server refuses."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib
import httpx
import pytest

from scheduler.fakes.running import running
from tests.scheduler.fakes.fake import Fake

SENDER, SECRET = "notice@party.example", "a-secret-that-stays-secret"
LETTER = b"Subject: x\r\n\r\nx\r\n"


@asynccontextmanager
async def house(**account: object) -> AsyncIterator[tuple[Fake, int, ssl.SSLContext]]:
    with running("scheduler.fakes.mail") as base:
        async with httpx.AsyncClient() as http:
            fake = Fake(base, http)
            await fake.order("account", account=SENDER, secret=SECRET, **account)
            shown = (await http.get(f"{base}/_control/smtp")).json()
            yield fake, shown["starttls"], ssl.create_default_context(cadata=shown["certificate"])


async def test_nobody_logs_in_or_sends_before_the_connection_is_encrypted() -> None:
    async with house() as (fake, port, _):
        smtp = aiosmtplib.SMTP(hostname="localhost", port=port, start_tls=False)
        await smtp.connect()
        for command in (b"AUTH PLAIN AGEAYg==", b"MAIL FROM:<notice@party.example>"):
            assert (await smtp.execute_command(command)).code == 530
        smtp.close()
        assert await fake.sent() == []


async def test_a_letter_is_refused_for_what_is_wrong_with_it() -> None:
    async with house(mailboxes=["a@m.example", "full@m.example"], full=["full@m.example"], daily_quota=1) as (
        fake,
        port,
        context,
    ):
        async with aiosmtplib.SMTP(hostname="localhost", port=port, start_tls=True, tls_context=context) as smtp:
            with pytest.raises(aiosmtplib.SMTPAuthenticationError, match="authentication failed"):
                await smtp.login(SENDER, "wrong")
            await smtp.login(SENDER, SECRET)
            for sender, reader, code in (
                ("other@party.example", "a@m.example", 553),
                (SENDER, "nobody@m.example", 550),
                (SENDER, "full@m.example", 552),
                (SENDER, "a@m.example", 250),
                (SENDER, "a@m.example", 554),
            ):
                assert await _code(smtp, sender, reader) == code
        assert len(await fake.sent()) == 1


async def _code(smtp: aiosmtplib.SMTP, sender: str, reader: str) -> int:
    """The reply that ends the letter."""
    try:
        await smtp.mail(sender)
        await smtp.rcpt(reader)
        return (await smtp.data(LETTER)).code
    except aiosmtplib.SMTPResponseException as error:
        await smtp.rset()
        return error.code
