"""A member says which notices they do not want; meetings are not among them."""

from typing import get_args

import httpx
import pytest

from app.db.engine import transaction
from app.identity.preferences import SWITCHABLE
from app.identity.schemas import Statutory
from app.messaging.models import CAMPAIGN_KINDS
from app.platforms.models import Channel
from tests.world import Person, World


async def change(client: httpx.AsyncClient, who: Person, kinds: list[str]) -> httpx.Response:
    return await client.patch("/me/preferences", json={"notices_off": kinds}, headers=who.auth)


async def channel(world: World, adapter: str, organisation_id: int, name: str, *, enabled: bool = True) -> None:
    now = world.service.clock()
    async with transaction(world.service.sessions) as session:
        session.add(
            Channel(
                organisation_id=organisation_id, adapter=adapter, name=name, account="", config={}, enabled=enabled,
                created_at=now,
            )
        )  # fmt: skip


async def test_kinds_are_switched_off_and_on_again(client: httpx.AsyncClient, world: World) -> None:
    member = await world.signed_in_member(100)
    shown = {
        "notices_off": ["unfinished_reminder", "weekly_issue"], "switchable": list(SWITCHABLE),
        "channels": [], "available": [], "quiet_from": None, "quiet_until": None,
    }  # fmt: skip
    answer = await change(client, member, ["weekly_issue", "unfinished_reminder", "weekly_issue"])
    assert (answer.status_code, answer.json()) == (200, shown)
    assert (await client.get("/me/preferences", headers=member.auth)).json() == shown
    assert (await change(client, member, [])).json()["notices_off"] == []


async def wish(client: httpx.AsyncClient, who: Person, **wishes: object) -> httpx.Response:
    return await client.patch("/me/preferences", json=wishes, headers=who.auth)


async def test_the_ways_of_ones_own_organisations_are_put_in_order(client: httpx.AsyncClient, world: World) -> None:
    for adapter, place, name in (("email", 1, "县委邮箱"), ("email", 10, "总支邮箱"), ("sms_aliyun", 1, "短信")):
        await channel(world, adapter, place, name)
    await channel(world, "console", 1, "消息页")
    await channel(world, "feishu", 11, "别处的")
    await channel(world, "wecom", 1, "已停用", enabled=False)
    member = await world.signed_in_member(100)
    shown = (await client.get("/me/preferences", headers=member.auth)).json()
    assert shown["available"] == [
        {"adapter": "email", "name": "总支邮箱"},
        {"adapter": "sms_aliyun", "name": "短信"},
    ]
    answer = await wish(client, member, channels=["sms_aliyun", "email", "sms_aliyun"])
    assert answer.json()["channels"] == ["sms_aliyun", "email"]
    assert answer.json()["notices_off"] == []
    for foreign in ("feishu", "wecom", "console", "pigeon"):
        refused = await wish(client, member, channels=[foreign])
        assert (refused.status_code, refused.json()["code"]) == (422, "no_such_way")


async def test_quiet_hours_of_ones_own_leave_some_day_and_go_again(client: httpx.AsyncClient, world: World) -> None:
    member = await world.signed_in_member(100)
    kept = (await wish(client, member, quiet_from="15:00", quiet_until="12:00")).json()
    assert (kept["quiet_from"], kept["quiet_until"]) == ("15:00", "12:00")
    for bad in ({"quiet_from": "14:59"}, {"quiet_until": "12:01"}, {"quiet_until": "04:59"}):
        assert (await wish(client, member, **bad)).json()["code"] == "quiet_out_of_bounds"
    assert (await wish(client, member, quiet_from="24:00")).json()["code"] == "invalid_input"
    assert (await client.get("/me/preferences", headers=member.auth)).json()["quiet_until"] == "12:00"
    kept = (await wish(client, member, quiet_from=None)).json()
    assert (kept["quiet_from"], kept["quiet_until"]) == (None, "12:00")


@pytest.mark.parametrize("kind", get_args(Statutory))
async def test_notices_of_meetings_cannot_be_switched_off(client: httpx.AsyncClient, world: World, kind: str) -> None:
    member = await world.signed_in_member(100)
    answer = await change(client, member, ["weekly_issue", kind])
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot_switch_off")
    assert "党员权利" in answer.json()["detail"]
    assert (await client.get("/me/preferences", headers=member.auth)).json()["notices_off"] == []


async def test_a_kind_that_there_is_not_is_refused(client: httpx.AsyncClient, world: World) -> None:
    assert (await change(client, await world.signed_in_member(100), ["spam"])).json()["code"] == "invalid_input"


def test_every_kind_of_notice_is_one_or_the_other() -> None:
    assert {*SWITCHABLE, *get_args(Statutory)} == set(CAMPAIGN_KINDS)


async def test_a_kind_that_there_is_not_is_refused_in_words_for_the_member(
    client: httpx.AsyncClient, world: World
) -> None:
    answer = await change(client, await world.signed_in_member(100), ["weekly_issue", "horoscope"])
    assert answer.json()["detail"] == "「不接收的通知第 2 项」不在可选值之内，请修改后重试。"
    (finding,) = answer.json()["errors"]
    assert (finding["field"], finding["code"]) == ("notices_off.1", "literal_error")
