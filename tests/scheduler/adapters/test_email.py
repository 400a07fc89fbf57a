"""Mail against a mail server over TLS: letters arrive readable, and each reply becomes an outcome."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from scheduler.adapters.base import Adapter, Message, Status
from scheduler.adapters.email import EMAIL
from tests.scheduler.adapters.bench import MEETING, adapter_of, envelope, one, several
from tests.scheduler.fakes.fake import Fake

ACCOUNT, SECRET = "notice@party.example", "a-secret-that-stays-secret"
READER = "zhang@mail.example"


@pytest.fixture
async def smtp(house: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """The ports of the mail server, whose certificate this machine trusts, with one account."""
    await house.order("account", account=ACCOUNT, secret=SECRET)
    ports: dict[str, Any] = (await house.http.get(f"{house.base}/_control/smtp")).json()
    file = tmp_path / "trusted.pem"
    file.write_text(ports["certificate"])
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return ports


def mail(http: httpx.AsyncClient, smtp_port: int, *, secret: str = SECRET, **settings: str) -> Adapter:
    chosen = {"host": "localhost", "port": str(smtp_port), "sender_name": "示范镇党委", **settings}
    hosts = {"email": "localhost,127.0.0.1"}
    return adapter_of(EMAIL, http, hosts, account=ACCOUNT, secret=secret, config={"settings": chosen})


@pytest.fixture
def adapter(patient: httpx.AsyncClient, smtp: Mapping[str, Any]) -> Adapter:
    return mail(patient, smtp["tls"])


@pytest.mark.parametrize("security", ["tls", "starttls"])
async def test_a_letter_arrives_readable_with_its_link(
    patient: httpx.AsyncClient, house: Fake, smtp: Mapping[str, Any], security: str
) -> None:
    assert (await one(mail(patient, smtp[security], security=security), READER, MEETING)).status is Status.SENT
    (letter,) = await house.sent()
    assert (letter["from"], letter["to"]) == (ACCOUNT, [READER])
    headers = letter["headers"]
    assert headers["from"] == f"示范镇党委 <{ACCOUNT}>"
    assert headers["subject"] == "组织生活通知"
    assert headers["message-id"] == "<9.1.zhijian@party.example>"
    assert headers["auto-submitted"] == "auto-generated"
    assert letter["parts"]["text/plain"].splitlines() == MEETING.body.splitlines()
    assert '<a href="https://meeting.example/j/1">' in letter["parts"]["text/html"]


async def test_several_go_over_one_connection_each_with_its_own_outcome(adapter: Adapter, house: Fake) -> None:
    await house.order("account", account=ACCOUNT, secret=SECRET, mailboxes=["a@m.example", "c@m.example"])
    outcomes = await several(adapter, ["a@m.example", "b@m.example", "no address", "c@m.example"])
    assert [outcome.status for outcome in outcomes] == [
        Status.SENT, Status.UNREACHABLE, Status.UNREACHABLE, Status.SENT,
    ]  # fmt: skip
    assert "b@m.example" not in outcomes[1].detail
    assert [letter["to"] for letter in await house.sent()] == [["a@m.example"], ["c@m.example"]]
    assert await house.count("AUTH") == 1


async def test_words_of_others_add_no_header_and_no_markup(adapter: Adapter, house: Fake) -> None:
    evil = Message(
        "meeting_notice", "通知\r\nBcc: all@party.example", "<b>全文</b>\r\n.\r\nQUIT", 'javascript:"x"', "", {}
    )
    assert (await one(adapter, READER, evil)).status is Status.SENT
    (letter,) = await house.sent()
    assert letter["to"] == [READER]
    assert "bcc" not in letter["headers"]
    assert letter["headers"]["subject"] == "通知 Bcc: all@party.example"
    assert "QUIT" in letter["parts"]["text/plain"]
    assert "&lt;b&gt;" in letter["parts"]["text/html"]
    assert "javascript" not in letter["parts"]["text/html"]


@pytest.mark.parametrize(
    "address", ["a@b.example>\r\nRCPT TO:<c@d.example", "a@b.example, c@d.example", "张@b.example", ""]
)
async def test_an_address_that_is_none_reaches_nobody(adapter: Adapter, house: Fake, address: str) -> None:
    outcome = await one(adapter, address)
    assert (outcome.status, outcome.code) == (Status.UNREACHABLE, "bad_address")
    assert await house.sent() == []


@pytest.mark.parametrize(
    ("command", "errcode", "errmsg", "expected"),
    [
        ("AUTH", 454, "Temporary authentication failure", Status.RETRY),
        ("AUTH", 535, "Error: authentication failed", Status.CHANNEL_DOWN),
        ("MAIL", 421, "too many connections", Status.RETRY),
        ("MAIL", 553, "Mail from must equal authorized user", Status.CHANNEL_DOWN),
        ("MAIL", 451, "MI:SFQ too many letters in 15 minutes", Status.RETRY),
        ("RCPT", 450, "mailbox temporarily unavailable", Status.RETRY),
        ("RCPT", 452, "4.3.1 insufficient system storage", Status.RETRY),
        ("RCPT", 550, "User not found", Status.UNREACHABLE),
        ("RCPT", 552, "5.2.2 Mailbox full", Status.UNREACHABLE),
        ("RCPT", 554, "5.7.1 Relay access denied", Status.CHANNEL_DOWN),
        ("RCPT", 550, "5.4.5 Daily user sending limit exceeded", Status.QUOTA),
        ("DATA", 451, "DT:SPM, please try again", Status.RETRY),
        ("DATA", 452, "sending quota exceeded", Status.QUOTA),
        ("DATA", 550, "5.1.1 no such user here", Status.UNREACHABLE),
        ("DATA", 554, "DT:SPM", Status.FAILED),
    ],
)
async def test_every_class_of_reply_has_its_outcome(
    adapter: Adapter, house: Fake, command: str, errcode: int, errmsg: str, expected: Status
) -> None:
    # A login that is refused is tried in the server's other way, too.
    await house.fail(command, "errcode", times=2 if command == "AUTH" else 1, errcode=errcode, errmsg=errmsg)
    assert (await one(adapter, READER)).status is expected
    assert await house.sent() == []


async def test_the_days_number_ends_the_call_and_keeps_the_rest(adapter: Adapter, house: Fake) -> None:
    await house.order("account", account=ACCOUNT, secret=SECRET, daily_quota=1)
    outcomes = await several(adapter, [READER] * 3)
    assert [outcome.status for outcome in outcomes] == [Status.SENT, Status.QUOTA, Status.QUOTA]
    assert await house.count("DATA") == 2


@pytest.mark.parametrize(
    ("command", "mode", "expected", "arrived"),
    [
        ("RCPT", "reset", Status.RETRY, 0),
        ("RCPT", "hang", Status.RETRY, 0),
        ("DATA", "reset", Status.UNKNOWN, 0),
        ("DATA", "hang", Status.UNKNOWN, 0),
        ("DATA", "accept_then_reset", Status.UNKNOWN, 1),
    ],
)
async def test_only_a_connection_that_is_lost_with_the_content_leaves_it_open(
    adapter: Adapter, house: Fake, command: str, mode: str, expected: Status, arrived: int
) -> None:
    await house.fail(command, mode)
    assert (await one(adapter, READER)).status is expected
    assert len(await house.sent()) == arrived


async def test_after_a_lost_connection_the_next_letter_has_a_new_one(adapter: Adapter, house: Fake) -> None:
    await house.fail("DATA", "reset")
    outcomes = await several(adapter, [READER, READER])
    assert [outcome.status for outcome in outcomes] == [Status.UNKNOWN, Status.SENT]
    assert await house.count("AUTH") == 2


async def test_a_server_that_hangs_is_not_waited_for_again(adapter: Adapter, house: Fake) -> None:
    await house.fail("DATA", "hang", times=3)
    outcomes = await several(adapter, [READER] * 3)
    assert [outcome.status for outcome in outcomes] == [Status.UNKNOWN, Status.RETRY, Status.RETRY]


async def test_a_wrong_secret_stops_the_channel_without_showing_it(
    patient: httpx.AsyncClient, house: Fake, smtp: Mapping[str, Any]
) -> None:
    adapter = mail(patient, smtp["tls"], secret="wrong-secret")
    outcomes = await adapter.send([envelope(READER), envelope(READER, 2)])
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [(Status.CHANNEL_DOWN, "535")] * 2
    assert "wrong-secret" not in outcomes[0].detail
    assert await house.count("AUTH") == 2  # PLAIN and LOGIN, once for both letters


async def test_a_certificate_that_nobody_vouches_for_stops_the_channel(
    patient: httpx.AsyncClient, house: Fake, smtp: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    for security in ("tls", "starttls"):
        outcome = await one(mail(patient, smtp[security], security=security), READER)
        assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, "tls")
    assert await house.count("AUTH") == 0


async def test_a_server_that_does_not_listen_is_tried_again(patient: httpx.AsyncClient) -> None:
    outcomes = await several(mail(patient, 9), [READER, READER])
    assert [outcome.status for outcome in outcomes] == [Status.RETRY] * 2


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"host": "elsewhere.example"}, "host_not_allowed"),
        ({"port": "smtp"}, "bad_settings"),
        ({"host": " "}, "bad_settings"),
        ({"security": "plain"}, "bad_settings"),
        ({"sender": "nobody"}, "bad_sender"),
    ],
)
async def test_settings_that_cannot_work_stop_the_channel(
    patient: httpx.AsyncClient, settings: dict[str, str], code: str
) -> None:
    outcome = await one(mail(patient, 465, **settings), READER)
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, code)
