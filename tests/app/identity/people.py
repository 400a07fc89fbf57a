"""What the tests of binding and consent do over and over."""

from typing import Any

import httpx
from sqlalchemy import func, select

from app.db.engine import transaction
from app.directory.models import Binding, Member, WechatUser
from app.resources import Service
from tests.scheduler.fakes.process import APPID, FakeWechat
from tests.world import Person, World

NUMBER = "13912345678"


async def slips(client: httpx.AsyncClient, leader: Person, organisation: int = 100, **body: Any) -> dict[str, Any]:
    """The answer of the JSON route."""
    answer = await client.post(f"/organisations/{organisation}/binding-slips", json=body, headers=leader.auth)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def code_for(client: httpx.AsyncClient, leader: Person, member: int, organisation: int = 100) -> str:
    """A fresh code for a member."""
    (slip,) = (await slips(client, leader, organisation, member_ids=[member]))["items"]
    return str(slip["invite_code"])


async def bind(client: httpx.AsyncClient, user: Person, code: str) -> httpx.Response:
    """Somebody types a code."""
    return await client.post("/me/binding", json={"invite_code": code}, headers=user.auth)


async def give_number(service: Service, *members: int, number: str = NUMBER) -> None:
    """The roster has this phone number for the members."""
    async with transaction(service.sessions) as session:
        for member_id in members:
            member = await session.get_one(Member, member_id)
            member.phone_index = service.vault.digest("phone", number)
            member.phone_cipher = service.vault.encrypt(number, f"members:{member_id}:phone")


async def open_phone(phone: httpx.AsyncClient, wechat: FakeWechat, name: str) -> Person:
    """Somebody opens the mini-program on the phone of this name."""
    code, _ = await wechat.login(name)
    session = (await phone.post("/sessions/wechat", json={"app": APPID, "code": code})).json()
    return Person(0, session["token"], name)


async def bind_by_phone(
    phone: httpx.AsyncClient, wechat: FakeWechat, user: Person, number: str = NUMBER
) -> httpx.Response:
    """A tap on getPhoneNumber, and what the mini-program then asks of us."""
    code = await wechat.share_number(user.name, number)
    return await phone.post("/me/binding", json={"phone_code": code}, headers=user.auth)


async def family(world: World, *organisations: int, **fields: object) -> tuple[Person, list[int]]:
    """A WeChat user with a session, and the members bound to it, of whom nobody is in use yet."""
    members = [await world.member(organisation, **fields) for organisation in organisations]
    user = await world.unbound_wechat()
    async with transaction(world.service.sessions) as session:
        for member_id in members:
            session.add(Binding(wechat_user_id=user.id, member_id=member_id, created_at=world.service.clock()))
    return user, members


async def use(client: httpx.AsyncClient, user: Person, member_id: int) -> None:
    """The user switches to a member."""
    answer = await client.put("/sessions/current/member", json={"member_id": member_id}, headers=user.auth)
    assert answer.status_code == 200, answer.text


async def holder(service: Service, member_id: int) -> str | None:
    """The openid that holds a member now."""
    async with transaction(service.sessions) as session:
        return await session.scalar(
            select(WechatUser.openid)
            .join(Binding, Binding.wechat_user_id == WechatUser.id)
            .where(Binding.member_id == member_id, Binding.ended_at.is_(None))
        )


async def count(service: Service, model: Any) -> int:
    """How many rows there are."""
    async with transaction(service.sessions) as session:
        return int(await session.scalar(select(func.count()).select_from(model)) or 0)
