"""The webhook against its fake: every answer of a receiver becomes an outcome, and only allowed hosts are called."""

import base64

import httpx
import pytest

from app.platforms.webhook import sign
from scheduler.adapters.base import Adapter, Status
from scheduler.adapters.webhook import WEBHOOK
from tests.scheduler.adapters.bench import MEETING, adapter_of, envelope, one, several
from tests.scheduler.fakes.fake import Fake

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NOTICES = "/notices"


def webhook(http: httpx.AsyncClient, url: str, *, secret: str = SECRET, allowed: str = "127.0.0.1") -> Adapter:
    return adapter_of(WEBHOOK, http, {"webhook": allowed}, secret=secret, config={"settings": {"url": url}})


@pytest.fixture
async def adapter(patient: httpx.AsyncClient, receiver: Fake) -> Adapter:
    await receiver.order("receiver", secret=SECRET)
    return webhook(patient, receiver.base + NOTICES)


def test_the_signature_is_the_one_that_the_specification_publishes() -> None:
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signature = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_notice_arrives_whole_and_under_its_key(adapter: Adapter, receiver: Fake) -> None:
    assert (await one(adapter, message=MEETING)).status is Status.SENT
    (sent,) = await receiver.sent()
    assert (sent["id"], sent["type"], sent["times"]) == ("9:1", "notice.meeting_notice", 1)
    assert sent["data"] == {
        "member_id": 1,
        "title": "组织生活通知",
        "body": MEETING.body,
        "link": "https://meeting.example/j/1",
        "page": "pages/meeting/index?id=8",
        "values": dict(MEETING.values),
    }


async def test_each_of_several_has_its_own_outcome_in_order(adapter: Adapter, receiver: Fake) -> None:
    await receiver.order("receiver", secret=SECRET, members=[1, 3])
    outcomes = await several(adapter, ["", "", ""])
    assert [outcome.status for outcome in outcomes] == [Status.SENT, Status.UNREACHABLE, Status.SENT]
    assert {notice["data"]["member_id"] for notice in await receiver.sent()} == {1, 3}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *((status, Status.RETRY) for status in (408, 429, 503)),
        *((status, Status.UNKNOWN) for status in (500, 502, 504)),
        *((status, Status.FAILED) for status in (400, 409, 413, 451)),
        *((status, Status.CHANNEL_DOWN) for status in (301, 401, 403, 404, 405, 410)),
        (422, Status.UNREACHABLE),
    ],
)
async def test_every_class_of_answer_has_its_outcome(
    adapter: Adapter, receiver: Fake, status: int, expected: Status
) -> None:
    await receiver.fail(NOTICES, f"http_{status}")
    outcome = await one(adapter)
    assert (outcome.status, outcome.code) == (expected, f"http_{status}")


@pytest.mark.parametrize(("mode", "arrived"), [("hang", 0), ("reset", 0), ("accept_then_reset", 1)])
async def test_no_answer_after_the_request_was_written_is_unknown(
    adapter: Adapter, receiver: Fake, mode: str, arrived: int
) -> None:
    await receiver.fail(NOTICES, mode)
    assert (await one(adapter)).status is Status.UNKNOWN
    assert len(await receiver.sent()) == arrived


@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_says_how_long_it_wants_to_be_left_alone(
    adapter: Adapter, receiver: Fake, status: int
) -> None:
    await receiver.fail(NOTICES, "errcode", errcode=status)
    outcome = await one(adapter)
    assert (outcome.status, outcome.code, outcome.retry_after) == (Status.RETRY, f"http_{status}", 7)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("86400", 3600), ("soon", 0), ("-1", 0), ("٣", 0), ("9" * 99, 0)]
)
async def test_only_a_plain_number_of_seconds_is_believed(
    adapter: Adapter, receiver: Fake, text: str, seconds: int
) -> None:
    await receiver.order("receiver", secret=SECRET, retry_after=text)
    await receiver.fail(NOTICES, "errcode", errcode=503)
    assert (await one(adapter)).retry_after == seconds


async def test_what_is_sent_again_carries_the_same_key(adapter: Adapter, receiver: Fake) -> None:
    await receiver.fail(NOTICES, "accept_then_reset")
    await one(adapter)
    assert (await one(adapter, again=True)).status is Status.SENT
    (sent,) = await receiver.sent()
    assert sent["times"] == 2


async def test_a_receiver_that_does_not_listen_is_tried_again(patient: httpx.AsyncClient) -> None:
    assert (await one(webhook(patient, "http://127.0.0.1:9/"))).status is Status.RETRY


async def test_a_secret_that_the_receiver_does_not_share_stops_the_channel(
    patient: httpx.AsyncClient, receiver: Fake
) -> None:
    await receiver.order("receiver", secret=SECRET)
    other = "whsec_" + base64.b64encode(bytes(32)).decode()
    outcome = await one(webhook(patient, receiver.base + NOTICES, secret=other))
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, "http_401")
    assert outcome.detail == "对方只回了 HTTP 401，没有说明原因"
    assert await receiver.sent() == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://elsewhere.example/notices", "host_not_allowed"),
        ("https://gateway.example.evil.example/", "host_not_allowed"),
        ("https://gateway.example:8443/", "host_not_allowed"),
        ("http://169.254.169.254/latest/meta-data", "host_not_allowed"),
        ("http://gateway.example:443/", "bad_url"),
        ("https://user:word@gateway.example/", "bad_url"),
        ("https://gateway.example/#part", "bad_url"),
        ("ftp://gateway.example/", "bad_url"),
        ("https://gateway.example:port/", "bad_url"),
        ("", "bad_url"),
    ],
)
async def test_an_address_that_the_operator_does_not_allow_stops_the_channel_and_is_not_called(
    patient: httpx.AsyncClient, url: str, code: str
) -> None:
    adapter = webhook(patient, url, allowed="gateway.example:443, other.example")
    outcomes = await adapter.send([envelope(), envelope(number=2)])
    assert [(outcome.status, outcome.code) for outcome in outcomes] == [(Status.CHANNEL_DOWN, code)] * 2
    assert "请" in outcomes[0].detail


async def test_a_host_with_its_port_is_enough_to_be_allowed(patient: httpx.AsyncClient, receiver: Fake) -> None:
    await receiver.order("receiver", secret=SECRET)
    allowed = receiver.base.removeprefix("http://")
    assert (await one(webhook(patient, receiver.base + NOTICES, allowed=allowed))).status is Status.SENT


@pytest.mark.parametrize("secret", ["", "short", "whsec_" + "A" * 20, "whsec_not base64 at all, not base64 at all"])
async def test_a_weak_secret_stops_the_channel(patient: httpx.AsyncClient, receiver: Fake, secret: str) -> None:
    outcome = await one(webhook(patient, receiver.base + NOTICES, secret=secret))
    assert (outcome.status, outcome.code) == (Status.CHANNEL_DOWN, "bad_secret")
    assert await receiver.count(NOTICES) == 0


async def test_a_notice_that_is_too_long_fails_alone(adapter: Adapter, receiver: Fake) -> None:
    await receiver.order("receiver", secret=SECRET, longest=10)
    assert (await one(adapter)).status is Status.FAILED
