"""The WeChat client against the fake: identities, phone numbers, messages, tokens, and every class of error."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from app.platforms.access import Access
from app.platforms.errors import (
    BadLoginCode,
    ContentRejected,
    NotMainlandNumber,
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
    UnknownOutcome,
)
from app.platforms.http import outside_client
from app.platforms.wechat import WechatClient, WechatIdentity
from scheduler.fakes.running import running
from tests.scheduler.fakes.process import APPID, LOGIN, NUMBER, SECRET, SEND, TEMPLATE, TOKEN, FakeWechat

DATA = {"thing1": "第10期:春耕", "date2": "2026年3月2日", "thing3": "请在本周内学完"}
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with outside_client(timeout=0.6) as client:
        yield client


@pytest.fixture
def client(http: httpx.AsyncClient, wechat: FakeWechat) -> WechatClient:
    return WechatClient(Access(http, wechat.base, APPID, SECRET, lambda: NOW))


async def send(client: WechatClient, openid: str, data: dict[str, str] = DATA) -> str | None:
    return await client.send_subscribe_message(openid, TEMPLATE, "pages/issue?id=10", data)


# Signing in


async def test_a_login_code_gives_the_openid_of_the_phone(client: WechatClient, wechat: FakeWechat) -> None:
    code, openid = await wechat.login("13800000000")
    assert await client.code_to_session(code) == WechatIdentity(openid, None)


async def test_a_login_code_gives_the_unionid_where_there_is_one(client: WechatClient, wechat: FakeWechat) -> None:
    code, openid = await wechat.login("13800000000", unionid="u-1")
    assert await client.code_to_session(code) == WechatIdentity(openid, "u-1")


async def test_a_login_code_that_was_used_is_a_bad_code(client: WechatClient, wechat: FakeWechat) -> None:
    code, _ = await wechat.login("13800000000")
    await client.code_to_session(code)
    with pytest.raises(BadLoginCode) as caught:
        await client.code_to_session(code)
    assert caught.value.code == 40163


async def test_an_invented_login_code_is_a_bad_code(client: WechatClient) -> None:
    with pytest.raises(BadLoginCode) as caught:
        await client.code_to_session("invented")
    assert caught.value.code == 40029


@pytest.mark.parametrize(("appid", "secret", "code"), [(APPID, "wrong", 40125), ("wx-unknown", SECRET, 40013)])
async def test_wrong_credentials_are_a_configuration_error(
    http: httpx.AsyncClient, wechat: FakeWechat, appid: str, secret: str, code: int
) -> None:
    client = WechatClient(Access(http, wechat.base, appid, secret, lambda: NOW))
    for call in (client.code_to_session("any"), send(client, "any")):
        with pytest.raises(PlatformConfigurationError) as caught:
            await call
        assert caught.value.code == code


async def test_a_lost_answer_to_a_sign_in_is_transient(client: WechatClient, wechat: FakeWechat) -> None:
    await wechat.fail(LOGIN, "hang")
    with pytest.raises(TransientError):
        await client.code_to_session("any")


# Phone numbers


@pytest.mark.parametrize("country_code", [86, "86"])
async def test_a_phone_code_gives_the_eleven_digits(
    client: WechatClient, wechat: FakeWechat, country_code: int | str
) -> None:
    code = await wechat.share_number("home", "13580006666", country_code=country_code)
    assert await client.phone_number(code) == "13580006666"


async def test_a_phone_code_that_is_used_old_or_of_another_kind_is_a_bad_code(
    client: WechatClient, wechat: FakeWechat
) -> None:
    used = await wechat.share_number("home", "13580006666")
    await client.phone_number(used)
    of_login, _ = await wechat.login("home")
    old = await wechat.share_number("home", "13580006666")
    await wechat.order("clock", offset_seconds=300)
    for code in (used, of_login, old):
        with pytest.raises(BadLoginCode) as caught:
            await client.phone_number(code)
        assert caught.value.code == 40029


@pytest.mark.parametrize("country_code", [1, "852"])
async def test_a_number_from_elsewhere_is_an_error_of_its_own_that_does_not_say_the_number(
    client: WechatClient, wechat: FakeWechat, country_code: int | str
) -> None:
    code = await wechat.share_number("home", "13580006666", country_code=country_code)
    with pytest.raises(NotMainlandNumber) as caught:
        await client.phone_number(code)
    assert "135" not in repr(caught.value)


async def test_a_lost_answer_with_a_phone_number_is_transient_and_is_not_asked_for_again(
    client: WechatClient, wechat: FakeWechat
) -> None:
    code = await wechat.share_number("home", "13580006666")
    await wechat.fail(NUMBER, "accept_then_reset")
    with pytest.raises(TransientError):
        await client.phone_number(code)
    assert await wechat.count(NUMBER) == 1
    with pytest.raises(BadLoginCode):
        await client.phone_number(code)


@pytest.mark.parametrize("mode", ["hang", "reset", "http_502", "http_200"])
async def test_no_answer_with_a_phone_number_is_transient(client: WechatClient, wechat: FakeWechat, mode: str) -> None:
    await wechat.fail(NUMBER, mode)
    with pytest.raises(TransientError):
        await client.phone_number("any")


@pytest.mark.parametrize(
    ("errcode", "error"),
    [
        (-1, TransientError),
        (45011, TransientError),
        (40013, PlatformConfigurationError),
        (48001, PlatformConfigurationError),
        (1400001, PlatformConfigurationError),
        (47001, PlatformError),
    ],
)
async def test_each_refusal_of_a_phone_number_has_its_class(
    client: WechatClient, wechat: FakeWechat, errcode: int, error: type[PlatformError]
) -> None:
    code = await wechat.share_number("home", "13580006666")
    await wechat.fail(NUMBER, "errcode", errcode=errcode)
    with pytest.raises(PlatformError) as caught:
        await client.phone_number(code)
    assert type(caught.value) is error
    assert await client.phone_number(code) == "13580006666"  # a refusal has not spent the code


async def test_a_dead_token_is_renewed_and_the_phone_code_still_works(client: WechatClient, wechat: FakeWechat) -> None:
    await client.phone_number(await wechat.share_number("home", "13580006666"))
    await wechat.order("clock", offset_seconds=7200)
    code = await wechat.share_number("home", "13580006666")
    assert await client.phone_number(code) == "13580006666"
    assert (await wechat.count(NUMBER), await wechat.count(TOKEN)) == (3, 2)


WATERMARK = {"timestamp": 1637744274, "appid": APPID}
INFO = {"phoneNumber": "13580006666", "purePhoneNumber": "13580006666", "countryCode": 86, "watermark": WATERMARK}


@pytest.mark.parametrize(
    ("info", "error"),
    [
        ({**INFO, "watermark": {**WATERMARK, "appid": "wx-other"}}, PlatformConfigurationError),
        ({**INFO, "watermark": "none"}, PlatformConfigurationError),
        (None, PlatformConfigurationError),
        ({**INFO, "countryCode": None}, NotMainlandNumber),
        ({**INFO, "purePhoneNumber": "1358000666"}, TransientError),
        ({**INFO, "purePhoneNumber": "１３５８０００６６６６"}, TransientError),
        ({**INFO, "purePhoneNumber": 13580006666}, TransientError),
    ],
)
async def test_a_number_that_was_not_given_to_us_or_is_none_is_not_taken(
    info: dict[str, object] | None, error: type[PlatformError]
) -> None:
    # WeChat does not answer so, and the fake neither.
    def answer(request: httpx.Request) -> httpx.Response:
        token = {"access_token": "t", "expires_in": 7200}
        return httpx.Response(200, json=token if request.url.path == TOKEN else {"errcode": 0, "phone_info": info})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        with pytest.raises(error) as caught:
            await WechatClient(Access(http, "http://wechat.test", APPID, SECRET, lambda: NOW)).phone_number("any")
    assert type(caught.value) is error
    assert "1358" not in repr(caught.value)


# Sending


async def test_a_message_arrives_as_it_was_written_and_gives_its_msgid(
    client: WechatClient, wechat: FakeWechat
) -> None:
    openid = await wechat.accept("13800000000")
    msgid = await send(client, openid)
    (message,) = await wechat.sent()
    assert msgid is not None
    assert msgid.isdigit()
    assert message["openid"] == openid
    assert message["data"] == DATA
    assert message["page"] == "pages/issue?id=10"
    assert message["state"] == "formal"


async def test_a_message_without_a_page_opens_nothing(client: WechatClient, wechat: FakeWechat) -> None:
    openid = await wechat.accept("13800000000")
    await client.send_subscribe_message(openid, TEMPLATE, None, DATA, "trial")
    (message,) = await wechat.sent()
    assert message["page"] is None
    assert message["state"] == "trial"


async def test_a_slow_answer_within_the_time_limit_is_an_answer(client: WechatClient, wechat: FakeWechat) -> None:
    openid = await wechat.accept("13800000000")
    await wechat.fail(SEND, "slow", seconds=0.2)
    assert await send(client, openid)


async def test_a_member_without_balance_is_told_apart_by_43101(client: WechatClient, wechat: FakeWechat) -> None:
    openid = await wechat.accept("13800000000")
    await send(client, openid)
    with pytest.raises(RecipientError) as caught:
        await send(client, openid)
    assert caught.value.code == 43101


async def test_an_unknown_openid_is_a_recipient_error(client: WechatClient) -> None:
    with pytest.raises(RecipientError) as caught:
        await send(client, "o-nobody")
    assert caught.value.code == 40003


async def test_an_empty_field_is_rejected_by_its_name(client: WechatClient, wechat: FakeWechat) -> None:
    openid = await wechat.accept("13800000000")
    with pytest.raises(ContentRejected, match="thing3") as caught:
        await send(client, openid, {**DATA, "thing3": ""})
    assert caught.value.code == 47003


@pytest.mark.parametrize("form", ["text", "none"])
async def test_the_number_of_a_message_may_be_text_or_missing(
    client: WechatClient, wechat: FakeWechat, form: str
) -> None:
    await wechat.set_up(msgid=form)
    given = await send(client, await wechat.accept("13800000000"))
    assert given is None if form == "none" else str(given).isdigit()
    assert len(await wechat.sent()) == 1


async def test_the_days_quota_is_an_error_of_its_own(client: WechatClient, wechat: FakeWechat) -> None:
    await wechat.set_up(daily_quota=1)
    openid = await wechat.accept("13800000000", times=2)
    await send(client, openid)
    with pytest.raises(QuotaExceeded):
        await send(client, openid)


@pytest.mark.parametrize(
    ("errcode", "error"),
    [
        *[(code, TransientError) for code in (-1, 45011, 43108)],
        *[(code, PlatformConfigurationError) for code in (40013, 40125, 40164, 48001, 40037, 41030, 43107)],
        *[(code, RecipientError) for code in (40003, 43101, 43004, 40226)],
        *[(code, BadLoginCode) for code in (40029, 40163)],
        *[(code, ContentRejected) for code in (47003, 40249)],
        (45009, QuotaExceeded),
        (99999, PlatformError),
        ("45009", QuotaExceeded),
        ("none", UnknownOutcome),
    ],
)
async def test_each_code_has_its_class(
    client: WechatClient, wechat: FakeWechat, errcode: int | str, error: type[PlatformError]
) -> None:
    openid = await wechat.accept("13800000000")
    await wechat.fail(SEND, "errcode", errcode=errcode)
    with pytest.raises(PlatformError) as caught:
        await send(client, openid)
    assert type(caught.value) is error
    assert await wechat.count(SEND) == 1


# Answers that are lost


@pytest.mark.parametrize(("mode", "accepted"), [("hang", 0), ("reset", 0), ("accept_then_reset", 1)])
async def test_a_message_whose_answer_is_lost_is_unknown_and_is_not_repeated(
    client: WechatClient, wechat: FakeWechat, mode: str, accepted: int
) -> None:
    openid = await wechat.accept("13800000000", times=2)
    await wechat.fail(SEND, mode)
    with pytest.raises(UnknownOutcome):
        await send(client, openid)
    assert len(await wechat.sent()) == accepted
    assert await wechat.count(SEND) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *[(status, TransientError) for status in (408, 429, 503)],
        *[(status, PlatformConfigurationError) for status in (302, 403, 404)],
        *[(status, UnknownOutcome) for status in (200, 500, 502, 504)],
    ],
)
async def test_an_answer_without_json_is_judged_by_its_status(
    client: WechatClient, wechat: FakeWechat, status: int, error: type[PlatformError]
) -> None:
    openid = await wechat.accept("13800000000")
    await wechat.fail(SEND, f"http_{status}")
    with pytest.raises(error) as caught:
        await send(client, openid)
    assert caught.value.code == f"http_{status}"
    assert not await wechat.sent()


async def test_a_host_that_answers_other_json_is_not_taken_for_wechat(
    http: httpx.AsyncClient, wechat: FakeWechat
) -> None:
    # The counts of the control side are a JSON object that holds neither errcode, openid nor token.
    async def elsewhere(request: httpx.Request) -> None:
        request.url = httpx.URL(f"{wechat.base}/_control/counts")
        request.method = "GET"

    http.event_hooks = {"request": [elsewhere]}
    client = WechatClient(Access(http, wechat.base, APPID, SECRET, lambda: NOW))
    for call in (client.code_to_session("any"), send(client, "any")):
        with pytest.raises(TransientError) as caught:
            await call
        assert caught.value.code == "not_understood"


async def test_a_refused_connection_is_transient(http: httpx.AsyncClient) -> None:
    with running("scheduler.fakes.wechat") as base:
        fake = FakeWechat(base, http)
        await fake.set_up()
        openid = await fake.accept("13800000000", times=2)
        client = WechatClient(Access(http, base, APPID, SECRET, lambda: NOW))
        await send(client, openid)
    await asyncio.sleep(0.1)  # stopping the process blocked the loop: let it see that the kept connection is closed
    with pytest.raises(TransientError) as caught:
        await send(client, openid)
    assert caught.value.code == "connect"


@pytest.mark.parametrize("mode", ["hang", "reset", "http_502", "http_200"])
async def test_a_lost_token_is_transient_because_no_message_was_sent(
    client: WechatClient, wechat: FakeWechat, mode: str
) -> None:
    await wechat.fail(TOKEN, mode)
    with pytest.raises(TransientError):
        await send(client, "any")
    assert await wechat.count(SEND) == 0


# Tokens


async def test_parallel_sends_fetch_one_token(client: WechatClient, wechat: FakeWechat) -> None:
    openid = await wechat.accept("13800000000", times=20)
    await asyncio.gather(*(send(client, openid) for _ in range(20)))
    assert await wechat.count(TOKEN) == 1
    assert len(await wechat.sent()) == 20


async def test_a_token_that_ends_in_between_is_renewed_and_the_message_replayed(
    client: WechatClient, wechat: FakeWechat
) -> None:
    openid = await wechat.accept("13800000000", times=2)
    await send(client, openid)
    await wechat.order("clock", offset_seconds=7200)
    await send(client, openid)
    assert len(await wechat.sent()) == 2
    assert (await wechat.count(SEND), await wechat.count(TOKEN)) == (3, 2)


async def test_the_last_five_minutes_of_a_token_bring_a_new_one_without_a_refusal(
    http: httpx.AsyncClient, wechat: FakeWechat
) -> None:
    time = [NOW]
    client = WechatClient(Access(http, wechat.base, APPID, SECRET, lambda: time[0]))
    openid = await wechat.accept("13800000000", times=2)
    await send(client, openid)
    time[0] += timedelta(seconds=6901)
    await wechat.order("clock", offset_seconds=6901)
    await send(client, openid)
    assert (await wechat.count(SEND), await wechat.count(TOKEN)) == (2, 2)


async def test_a_token_that_another_program_replaced_is_renewed_once_for_all_senders(
    client: WechatClient, wechat: FakeWechat
) -> None:
    openid = await wechat.accept("13800000000", times=11)
    await send(client, openid)
    body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": True}
    await wechat.http.post(wechat.base + TOKEN, json=body)
    await asyncio.gather(*(send(client, openid) for _ in range(10)))
    assert len(await wechat.sent()) == 11
    assert await wechat.count(TOKEN) == 3  # the first, the other program's, and one for the ten senders


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_token_that_is_dead_but_given_again_is_forced_and_the_message_replayed(
    client: WechatClient, wechat: FakeWechat, errcode: int
) -> None:
    openid = await wechat.accept("13800000000")
    await wechat.fail(SEND, "errcode", errcode=errcode)
    await send(client, openid)
    assert len(await wechat.sent()) == 1
    assert (await wechat.count(SEND), await wechat.count(TOKEN)) == (2, 3)


async def test_a_message_is_replayed_exactly_once_and_then_the_channel_stops(
    client: WechatClient, wechat: FakeWechat
) -> None:
    openid = await wechat.accept("13800000000")
    await wechat.fail(SEND, "errcode", times=3, errcode=40001)
    with pytest.raises(PlatformConfigurationError) as caught:
        await send(client, openid)
    assert caught.value.code == 40001
    assert await wechat.count(SEND) == 2
    with pytest.raises(PlatformConfigurationError):  # the new token is dead too, and may not be forced so soon
        await send(client, openid)
    assert await wechat.count(SEND) == 2


# What must not be seen


async def test_no_secret_and_no_token_stands_in_errors_or_logs(
    client: WechatClient, wechat: FakeWechat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    openid = await wechat.accept("13800000000")
    body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET}
    token = (await wechat.http.post(wechat.base + TOKEN, json=body)).json()["access_token"]
    seen = []
    for path, mode in [(LOGIN, "hang"), (LOGIN, "errcode"), (SEND, "reset"), (SEND, "http_404"), (SEND, "errcode")]:
        await wechat.fail(path, mode, errmsg=f"you said {SECRET}" if path == LOGIN else f"you said {token}")
        with pytest.raises(PlatformError) as caught:
            await (client.code_to_session("any") if path == LOGIN else send(client, openid))
        seen.append("".join(traceback.format_exception(caught.value)) + repr(caught.value))
    assert "you said" in "".join(seen)
    assert SEND in caplog.text
    for text in (*seen, caplog.text):
        assert SECRET not in text
        assert token[:64] not in text


async def test_no_phone_number_and_no_code_of_one_stands_in_the_logs(
    client: WechatClient, wechat: FakeWechat, caplog: pytest.LogCaptureFixture
) -> None:
    code = await wechat.share_number("home", "13580006666")
    caplog.set_level(logging.DEBUG)
    await client.phone_number(code)
    assert NUMBER in caplog.text
    assert "13580006666" not in caplog.text
    assert code not in caplog.text
