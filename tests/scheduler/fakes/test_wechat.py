"""The fake WeChat behaves as the real one is known to."""

from typing import Any

import httpx
import pytest

from scheduler.fakes.running import running
from tests.scheduler.fakes.process import APPID, LOGIN, NUMBER, SECRET, SEND, TEMPLATE, TOKEN, FakeWechat

DATA = {"thing1": {"value": "第10期"}, "date2": {"value": "2026年3月2日"}, "thing3": {"value": "请学习"}}


async def redeem(wechat: FakeWechat, code: str, **changes: str) -> dict[str, Any]:
    query = {"appid": APPID, "secret": SECRET, "js_code": code, "grant_type": "authorization_code", **changes}
    answer = await wechat.http.get(wechat.base + LOGIN, params=query)
    assert answer.status_code == 200
    return dict(answer.json())


async def token(wechat: FakeWechat, **changes: Any) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, **changes}
    answer = await wechat.http.post(wechat.base + TOKEN, json=body)
    assert answer.status_code == 200
    return dict(answer.json())


async def send(wechat: FakeWechat, value: str, openid: str, **changes: Any) -> dict[str, Any]:
    body = {"touser": openid, "template_id": TEMPLATE, "data": DATA, **changes}
    answer = await wechat.http.post(wechat.base + SEND, params={"access_token": value}, json=body)
    assert answer.status_code == 200
    return dict(answer.json())


async def exchange(wechat: FakeWechat, value: str, code: object) -> dict[str, Any]:
    answer = await wechat.http.post(wechat.base + NUMBER, params={"access_token": value}, json={"code": code})
    assert answer.status_code == 200
    return dict(answer.json())


async def test_a_login_code_works_once_and_its_answer_has_no_errcode(wechat: FakeWechat) -> None:
    code, openid = await wechat.login("1")
    session = await redeem(wechat, code)
    assert session.keys() == {"openid", "session_key"}
    assert session["openid"] == openid
    assert (await redeem(wechat, code))["errcode"] == 40163


@pytest.mark.parametrize(("age", "errcode"), [(299, None), (300, 40029)])
async def test_a_login_code_works_for_five_minutes(wechat: FakeWechat, age: int, errcode: int | None) -> None:
    code, _ = await wechat.login("1")
    # Half a second back: the fake's clock goes on between the two calls.
    await wechat.order("clock", offset_seconds=age - 0.5 if errcode is None else age)
    assert (await redeem(wechat, code)).get("errcode") == errcode


async def test_a_person_has_one_openid_in_each_account_and_one_unionid(wechat: FakeWechat) -> None:
    await wechat.order("apps", appid="wx-other", secret="s", templates={})
    other = await wechat.order("login", appid="wx-other", phone="1", unionid="u")
    first, again = (await wechat.login("1", unionid="u"))[1], (await wechat.login("1"))[1]
    assert first == again
    assert len(first) == 28
    assert first != other["openid"]
    assert (await redeem(wechat, other["code"], appid="wx-other", secret="s"))["unionid"] == "u"


@pytest.mark.parametrize(
    ("changes", "errcode"), [({"appid": "wx-no"}, 40013), ({"secret": "no"}, 40125), ({"grant_type": "no"}, 40002)]
)
async def test_wrong_credentials_are_refused_by_both_endpoints(
    wechat: FakeWechat, changes: dict[str, str], errcode: int
) -> None:
    code, _ = await wechat.login("1")
    assert (await redeem(wechat, code, **changes))["errcode"] == errcode
    assert (await token(wechat, **changes))["errcode"] == errcode


async def test_a_token_stays_the_same_until_its_last_five_minutes_and_then_both_work(wechat: FakeWechat) -> None:
    openid = await wechat.accept("1", times=2)
    first = await token(wechat)
    assert first["expires_in"] == 7200
    await wechat.order("clock", offset_seconds=6890)
    assert (await token(wechat))["access_token"] == first["access_token"]
    await wechat.order("clock", offset_seconds=6900)
    second = await token(wechat)
    assert second["access_token"] != first["access_token"]
    assert (await send(wechat, first["access_token"], openid))["errcode"] == 0
    assert (await send(wechat, second["access_token"], openid))["errcode"] == 0


async def test_an_old_a_replaced_and_an_invented_token_are_refused(wechat: FakeWechat) -> None:
    value = (await token(wechat))["access_token"]
    forced = (await token(wechat, force_refresh=True))["access_token"]
    replaced = await send(wechat, value, "any")
    assert replaced["errcode"] == 40001
    assert replaced["errmsg"].startswith("invalid credential, access_token is invalid or not latest rid: ")
    await wechat.order("clock", offset_seconds=7200)
    assert (await send(wechat, forced, "any"))["errcode"] == 42001
    assert (await send(wechat, "invented", "any"))["errcode"] == 40014


async def test_forcing_a_token_is_limited_to_thirty_seconds_apart_and_twenty_a_day(wechat: FakeWechat) -> None:
    # 86400 * n - 8 h is midnight in Beijing: start an hour after one, so that the twenty fall on one day.
    now = (await wechat.order("clock", offset_seconds=0))["now"]
    start = 3600 - (now + 28800) % 86400
    await wechat.order("clock", offset_seconds=start)
    await token(wechat, force_refresh=True)
    assert (await token(wechat, force_refresh=True))["errcode"] == 45011
    for number in range(1, 20):
        await wechat.order("clock", offset_seconds=start + 31 * number)
        assert "access_token" in await token(wechat, force_refresh=True)
    await wechat.order("clock", offset_seconds=start + 31 * 20)
    assert (await token(wechat, force_refresh=True))["errcode"] == 45009
    await wechat.order("clock", offset_seconds=start + 86400)
    assert "access_token" in await token(wechat, force_refresh=True)


async def test_calls_for_a_token_are_limited_by_the_minute_and_the_day(wechat: FakeWechat) -> None:
    await wechat.set_up(tokens_a_minute=2, tokens_a_day=3)
    assert [(await token(wechat)).get("errcode") for _ in range(3)] == [None, None, 45011]
    await wechat.order("clock", offset_seconds=60)
    assert [(await token(wechat)).get("errcode") for _ in range(2)] == [None, 45009]
    await wechat.order("clock", offset_seconds=86400)
    assert "access_token" in await token(wechat)


async def test_a_page_that_the_program_does_not_have_and_an_unknown_state_are_refused(wechat: FakeWechat) -> None:
    await wechat.set_up(pages=["pages/issue"])
    openid, value = await wechat.accept("1"), (await token(wechat))["access_token"]
    assert (await send(wechat, value, openid, page="pages/nowhere?id=1"))["errcode"] == 41030
    assert (await send(wechat, value, openid, miniprogram_state="released"))["errcode"] == 47001
    assert (await send(wechat, value, openid, page="pages/issue?id=1"))["errcode"] == 0


async def test_a_tap_on_accept_pays_for_one_message(wechat: FakeWechat) -> None:
    openid = await wechat.accept("1")
    value = (await token(wechat))["access_token"]
    answer = await send(wechat, value, openid, page="pages/a")
    assert answer["errcode"] == 0
    assert isinstance(answer["msgid"], int)
    assert (await send(wechat, value, openid))["errcode"] == 43101
    (message,) = await wechat.sent()
    assert (message["phone"], message["openid"], message["page"]) == ("1", openid, "pages/a")
    assert message["data"] == {key: entry["value"] for key, entry in DATA.items()}


@pytest.mark.parametrize(
    ("changes", "errcode"), [({"touser": "o-no"}, 40003), ({"template_id": "no"}, 40037), ({"data": None}, 47003)]
)
async def test_a_wrong_message_is_refused_and_costs_nothing(
    wechat: FakeWechat, changes: dict[str, Any], errcode: int
) -> None:
    openid = await wechat.accept("1")
    value = (await token(wechat))["access_token"]
    assert (await send(wechat, value, openid, **changes))["errcode"] == errcode
    assert (await send(wechat, value, openid))["errcode"] == 0


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("thing3", "", "data.thing3.value is emtpy"),
        ("thing1", "一" * 21, "data.thing1.value invalid"),
        ("date2", "明天", "data.date2.value invalid"),
    ],
)
async def test_a_bad_field_is_named(wechat: FakeWechat, key: str, value: str, words: str) -> None:
    openid = await wechat.accept("1")
    access = (await token(wechat))["access_token"]
    answer = await send(wechat, access, openid, data={**DATA, key: {"value": value}})
    assert answer["errcode"] == 47003
    assert words in answer["errmsg"]


@pytest.mark.parametrize("content", [b"no json", b"[1]"])
async def test_a_body_that_is_no_json_object_is_refused(wechat: FakeWechat, content: bytes) -> None:
    answer = await wechat.http.post(wechat.base + TOKEN, content=content)
    assert answer.json()["errcode"] == 47001


async def test_a_spent_quota_comes_back_the_next_day(wechat: FakeWechat) -> None:
    await wechat.set_up(daily_quota=1)
    openid = await wechat.accept("1", times=2)
    value = (await token(wechat))["access_token"]
    await send(wechat, value, openid)
    assert (await send(wechat, value, openid))["errcode"] == 45009
    await wechat.order("clock", offset_seconds=86400)
    assert (await send(wechat, (await token(wechat))["access_token"], openid))["errcode"] == 0


async def test_an_ordered_fault_holds_for_its_times_and_only_on_its_path(wechat: FakeWechat) -> None:
    await wechat.fail(TOKEN, "errcode", times=2, errcode=-1)
    code, _ = await wechat.login("1")
    assert "openid" in await redeem(wechat, code)
    assert [(await token(wechat)).get("errcode") for _ in range(3)] == [-1, -1, None]


@pytest.mark.parametrize("mode", ["explode", "http_no"])
async def test_an_unknown_fault_is_refused(wechat: FakeWechat, mode: str) -> None:
    answer = await wechat.http.post(f"{wechat.base}/_control/fail", json={"path": TOKEN, "mode": mode})
    assert answer.status_code == 400


@pytest.mark.parametrize(("mode", "accepted"), [("reset", 0), ("accept_then_reset", 1)])
async def test_a_broken_connection_gives_no_answer_whether_the_message_was_accepted_or_not(
    wechat: FakeWechat, mode: str, accepted: int
) -> None:
    openid = await wechat.accept("1")
    value = (await token(wechat))["access_token"]
    await wechat.fail(SEND, mode)
    with pytest.raises(httpx.ReadError):
        await send(wechat, value, openid)
    assert len(await wechat.sent()) == accepted


async def test_a_process_with_a_hanging_call_still_ends_on_sigterm() -> None:
    async with httpx.AsyncClient() as http:
        with running("scheduler.fakes.wechat") as base:
            wechat = FakeWechat(base, http)
            await wechat.set_up()
            await wechat.fail(TOKEN, "hang")
            with pytest.raises(httpx.ReadTimeout):
                await http.post(base + TOKEN, json={}, timeout=0.2)
            assert await wechat.count(TOKEN) == 1
    # running() has waited for the end of the process, and would have raised.


async def test_a_code_of_a_phone_number_works_once(wechat: FakeWechat) -> None:
    value = (await token(wechat))["access_token"]
    code = await wechat.share_number("1", "13580006666")
    answer = await exchange(wechat, value, code)
    watermark = answer["phone_info"].pop("watermark")
    assert answer == {
        "errcode": 0,
        "errmsg": "ok",
        "phone_info": {"phoneNumber": "13580006666", "purePhoneNumber": "13580006666", "countryCode": 86},
    }
    assert watermark["appid"] == APPID
    assert isinstance(watermark["timestamp"], int)
    again = await exchange(wechat, value, code)
    assert again["errcode"] == 40029
    assert again["errmsg"].startswith("invalid code hint: [")
    assert " rid: " in again["errmsg"]


@pytest.mark.parametrize(("age", "errcode"), [(299.5, 0), (300, 40029)])
async def test_a_code_of_a_phone_number_works_for_five_minutes(wechat: FakeWechat, age: float, errcode: int) -> None:
    code = await wechat.share_number("1", "13580006666")
    await wechat.order("clock", offset_seconds=age)
    value = (await token(wechat))["access_token"]
    assert (await exchange(wechat, value, code))["errcode"] == errcode


async def test_the_two_kinds_of_code_do_not_stand_for_each_other(wechat: FakeWechat) -> None:
    value = (await token(wechat))["access_token"]
    login, _ = await wechat.login("1")
    number = await wechat.share_number("1", "13580006666")
    assert (await exchange(wechat, value, login))["errcode"] == 40029
    assert (await redeem(wechat, number))["errcode"] == 40029
    assert (await exchange(wechat, value, number))["errcode"] == 0  # the wrong use has not spent it


async def test_a_number_is_given_only_to_the_account_that_it_was_shared_with(wechat: FakeWechat) -> None:
    await wechat.order("apps", appid="wx-other", secret="s", templates={})
    other = (await token(wechat, appid="wx-other", secret="s"))["access_token"]
    code = await wechat.share_number("1", "13580006666")
    assert (await exchange(wechat, other, code))["errcode"] == 40029
    assert (await exchange(wechat, "invented", code))["errcode"] == 40014
    assert (await exchange(wechat, (await token(wechat))["access_token"], code))["errcode"] == 0


async def test_a_number_from_elsewhere_carries_its_country_code(wechat: FakeWechat) -> None:
    value = (await token(wechat))["access_token"]
    code = await wechat.share_number("1", "61234567", country_code="852")
    info = (await exchange(wechat, value, code))["phone_info"]
    assert (info["phoneNumber"], info["purePhoneNumber"], info["countryCode"]) == ("+85261234567", "61234567", "852")


async def test_a_phone_number_without_a_code_is_a_format_error(wechat: FakeWechat) -> None:
    assert (await exchange(wechat, (await token(wechat))["access_token"], None))["errcode"] == 47001
