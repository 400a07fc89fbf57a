"""Mail over SMTP submission: letters in Chinese, and what the answers of mail servers mean.

Sources: RFC 5321 (4.2: reply codes), RFC 3463 (enhanced codes), RFC 6409 and 8314 (submission with TLS), RFC 2047
(Chinese in headers); texts of NetEase's servers (`554 MI:STC`, `451 MI:SFQ`, `554 DT:SPM`) by their list of bounce
codes, of Gmail (`550 5.4.5 Daily user sending limit exceeded`) by theirs.
"""

import contextlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from html import escape
from typing import Literal

import aiosmtplib
from aiosmtplib import SMTP

from app.platforms.asking import without
from app.platforms.errors import (
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
    UnknownOutcome,
)

Stage = Literal["connect", "login", "sender", "recipient", "data"]

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_DAY_SPENT = re.compile(r"MI:STC|daily\b.{0,40}(limit|quota)|sending quota|messages? quota reached", re.IGNORECASE)
_NO_RELAY = re.compile(r"relay|authenticat", re.IGNORECASE)
_NO_SUCH_USER = re.compile(r"\b5\.[12]\.\d|user (not found|unknown|suspended)|mailbox (not found|full)", re.IGNORECASE)


@dataclass(frozen=True)
class Letter:
    """One letter: `key` becomes its Message-ID, so that it keeps it when it is sent again."""

    key: str
    to: str
    subject: str
    text: str
    link: str


@dataclass(frozen=True)
class MailServer:
    """The submission server of an account, and who its letters are from; `timeout` in seconds for each answer."""

    host: str
    port: int
    security: Literal["tls", "starttls"]
    account: str
    password: str = field(repr=False)
    sender: str
    sender_name: str
    timeout: float


async def deliver(server: MailServer, letters: Sequence[Letter], now: datetime) -> list[PlatformError | None]:
    """Send letters over one connection, each alone; gives for each None, or what a caller must know of its failure.

    A connection that is lost is made anew for the next letter. What concerns the account ends the call, and the letters
    that were not tried are certainly not sent.
    """
    results: list[PlatformError | None] = []
    connection: SMTP | None = None
    for letter in letters:
        try:
            if connection is None or not connection.is_connected:
                connection = await _connect(server)
            await _send(connection, server, letter, now)
            results.append(None)
        except PlatformError as error:
            results.append(error)
            if (rest := _for_the_rest(error)) is not None:
                results += [rest] * (len(letters) - len(results))
                break
    if connection is not None:
        await _leave(connection)
    return results


def _for_the_rest(error: PlatformError) -> PlatformError | None:
    """What the error means for the letters after this one; None where they are to be tried."""
    if isinstance(error, PlatformConfigurationError | QuotaExceeded) or error.code == "connect":
        return error
    # A server that has hung once would take the time of all.
    return TransientError("not_tried", "the mail server hung before") if error.code == "timeout" else None


async def _connect(server: MailServer) -> SMTP:
    smtp = SMTP(
        hostname=server.host,
        port=server.port,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        timeout=server.timeout,
        local_hostname=server.sender.rpartition("@")[2],
    )
    try:
        await smtp.connect()
    except aiosmtplib.SMTPResponseException as error:
        raise _refusal("connect", error, server.password) from None
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        # Besides, a server that offers no STARTTLS: nothing is sent in the clear.
        if _tls_failed(error) or isinstance(error, aiosmtplib.SMTPNotSupported):
            raise PlatformConfigurationError(
                "tls", "邮件服务器的加密连接或证书不能通过校验，请核对 host、port 和 security。"
            ) from None
        raise TransientError("connect", "no connection to the mail server") from None
    try:
        await smtp.login(server.account, server.password)
    except aiosmtplib.SMTPResponseException as error:
        await _leave(smtp)
        raise _refusal("login", error, server.password) from None
    except (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError):
        raise TransientError("connect", "the mail server broke off at login") from None
    except aiosmtplib.SMTPException:
        await _leave(smtp)
        raise PlatformConfigurationError("login", "邮件服务器不支持账号密码登录，请核对 host 和 port。") from None
    return smtp


def _tls_failed(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError | ssl.CertificateError):
            return True
        error = error.__cause__ or error.__context__
    return False


async def _send(smtp: SMTP, server: MailServer, letter: Letter, now: datetime) -> None:
    if not _ADDRESS.fullmatch(letter.to):
        raise RecipientError("bad_address", "the registered mail address is none")
    content = compose(letter, server.sender, server.sender_name, now)
    stage: Stage = "sender"
    try:
        await smtp.mail(server.sender)
        stage = "recipient"
        await smtp.rcpt(letter.to)
        stage = "data"
        await smtp.data(content)
    except aiosmtplib.SMTPResponseException as error:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await smtp.rset()
        raise _refusal(stage, error, server.password, letter.to) from None
    except (aiosmtplib.SMTPException, OSError) as error:
        smtp.close()
        code = "timeout" if isinstance(error, aiosmtplib.SMTPTimeoutError) else "broken"
        # Once the content is on its way, only the server knows whether it took it (RFC 1047).
        lost = UnknownOutcome if stage == "data" else TransientError
        raise lost(code, "the mail server did not answer") from None


async def _leave(smtp: SMTP) -> None:
    """Part in peace where the server still listens: what it has accepted stays accepted either way."""
    if smtp.is_connected:
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await smtp.quit()
    smtp.close()


def _refusal(stage: Stage, answer: aiosmtplib.SMTPResponseException, *hidden: str) -> PlatformError:
    """The class of error that a reply other than the expected one stands for at this stage."""
    code, text = answer.code, answer.message
    kind: type[PlatformError]
    if code < 400:
        # No reply of SMTP, or none that belongs here: of a letter that was written it says nothing.
        kind = UnknownOutcome if stage == "data" else TransientError
    elif _DAY_SPENT.search(text):
        kind = QuotaExceeded
    elif code < 500:
        kind = TransientError
    elif stage in ("connect", "login", "sender") or (stage == "recipient" and (code == 530 or _NO_RELAY.search(text))):
        kind = PlatformConfigurationError
    elif stage == "recipient" or _NO_SUCH_USER.search(text):
        kind = RecipientError
    else:
        kind = ContentRejected
    word = "connect" if kind is TransientError and stage in ("connect", "login") else code
    return kind(word, without(text, *hidden))


def compose(letter: Letter, sender: str, sender_name: str, now: datetime) -> bytes:
    """The letter as it goes over the wire: plain text and simple HTML, with the headers that machines' mail carries."""
    message = EmailMessage(policy=WIRE)
    message["From"] = Address(_line(sender_name), addr_spec=sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = _line(letter.subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{re.sub(r'[^A-Za-z0-9-]', '.', letter.key)}.zhijian@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="base64")
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in letter.text.splitlines())
    if letter.link.startswith(("https://", "http://")):
        paragraphs += f'<p><a href="{escape(letter.link)}">{escape(letter.link)}</a></p>'
    html = f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><body>{paragraphs}</body></html>'
    message.add_alternative(html, subtype="html", cte="base64")
    return message.as_bytes()


def _line(text: str) -> str:
    """Header text on one line: what comes after a line break would be another header."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def valid_address(text: str) -> bool:
    """Whether the text is one plain mail address in ASCII."""
    return bool(_ADDRESS.fullmatch(text))
