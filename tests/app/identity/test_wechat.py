"""Members sign in through WeChat, as the fake plays it."""

import httpx
import pytest
from sqlalchemy import select

from app.directory.models import WechatUser
from app.resources import Service
from tests.app.identity.conftest import register
from tests.scheduler.fakes.process import APPID, LOGIN, FakeWechat
from tests.world import World


async def sign_in(phone: httpx.AsyncClient, code: str, app: str = APPID) -> httpx.Response:
    return await phone.post("/sessions/wechat", json={"app": app, "code": code})


async def test_a_code_opens_a_session_of_nobody_until_bound(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service
) -> None:
    await register(service)
    code, openid = await wechat.login("13800000001")
    answer = await sign_in(phone, code)
    assert answer.status_code == 201
    assert set(answer.json()) == {"token", "expires_at", "members"}
    assert (answer.json()["members"], answer.json()["expires_at"]) == ([], "2026-12-16T02:00:00Z")
    assert openid not in answer.text
    me = await phone.get("/me", headers={"Authorization": f"Bearer {answer.json()['token']}"})
    assert (me.status_code, me.json()["code"]) == (409, "not_bound")


async def test_a_wechat_user_is_remembered_and_a_unionid_is_kept_once_known(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service
) -> None:
    await register(service)
    tokens = set()
    for unionid in (None, "union-1", None):
        code, openid = await wechat.login("13800000001", **({"unionid": unionid} if unionid else {}))
        tokens.add((await sign_in(phone, code)).json()["token"])
    assert len(tokens) == 3
    async with service.sessions() as session:
        (user,) = await session.scalars(select(WechatUser))
    assert (user.appid, user.openid, user.unionid) == (APPID, openid, "union-1")


async def test_a_bound_member_is_in_use_from_the_sign_in_on(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, world: World
) -> None:
    await register(service)
    member = await world.member(100, name="王敏")
    leader = await world.staff(("leader", 100))
    code, _ = await wechat.login("13800000001")
    first = {"Authorization": f"Bearer {(await sign_in(phone, code)).json()['token']}"}
    slips = await phone.post("/organisations/100/binding-slips", json={}, headers=leader.auth)
    invite = slips.json()["items"][0]["invite_code"]
    assert (await phone.post("/me/binding", json={"invite_code": invite}, headers=first)).status_code == 201
    code, _ = await wechat.login("13800000001")
    again = (await sign_in(phone, code)).json()
    assert again["members"] == [
        {"member_id": member, "name": "王敏", "organisation_id": 100, "organisation": "一支部", "consent": "given"}
    ]
    me = await phone.get("/me", headers={"Authorization": f"Bearer {again['token']}"})
    assert me.json() == {
        "member_id": member, "name": "王敏", "organisation_id": 100, "organisation": "一支部", "stage": "full_member",
        "roster": "in_service", "exempt": False, "members": again["members"],
    }  # fmt: skip


async def test_a_code_works_once(phone: httpx.AsyncClient, wechat: FakeWechat, service: Service) -> None:
    await register(service)
    code, _ = await wechat.login("13800000001")
    assert (await sign_in(phone, code)).status_code == 201
    for spent in (code, "made-up"):
        answer = await sign_in(phone, spent)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_wechat_code")


async def test_a_mini_program_that_is_not_registered_or_not_enabled_is_unknown(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service
) -> None:
    await register(service, enabled=False)
    code, _ = await wechat.login("13800000001")
    for app in (APPID, "wx-nobody"):
        answer = await sign_in(phone, code, app)
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_app")
    assert await wechat.count(LOGIN) == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"mode": "errcode", "errcode": -1},
        {"mode": "reset", "times": 2},  # aiohttp asks a GET once more by itself
        {"mode": "http_502"},
        {"mode": "errcode", "errcode": 45009},
    ],
)
async def test_while_wechat_is_away_a_sign_in_may_be_tried_again(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service, fault: dict[str, object]
) -> None:
    await register(service)
    code, _ = await wechat.login("13800000001")
    await wechat.fail(LOGIN, **fault)  # type: ignore[arg-type]  # the fault is named by its parameters
    answer = await sign_in(phone, code)
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "wechat_away", "5")
    assert (await sign_in(phone, code)).status_code == 201


async def test_a_wrong_secret_is_not_told_to_the_member(
    phone: httpx.AsyncClient, wechat: FakeWechat, service: Service
) -> None:
    await register(service, secret="not-the-secret")
    code, _ = await wechat.login("13800000001")
    answer = await sign_in(phone, code)
    assert (answer.status_code, answer.json()["code"]) == (503, "wechat_away")
    assert "not-the-secret" not in answer.text


@pytest.mark.parametrize(
    "body", [{"app": "wx/../x", "code": "c"}, {"app": "wx", "code": ""}, {"app": "wx", "code": "空"}]
)
async def test_a_sign_in_out_of_bounds_is_refused(client: httpx.AsyncClient, body: dict[str, str]) -> None:
    assert (await client.post("/sessions/wechat", json=body)).status_code == 422
