"""What the API knows of adapters: what their entry points say, those of other packages too."""

from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.platforms.installed import installed, registering
from tests.conftest import Install
from tests.world import World

PIGEON = """
from app.platforms.errors import PlatformConfigurationError
from scheduler.adapters.base import AdapterKind


def build(channel, outside):
    if channel.config["settings"]["loft"] == "far":
        raise PlatformConfigurationError("too_far", "鸽子飞不到那里，请换一个鸽舍。")


PIGEON = AdapterKind(build, address="{address}", templated={templated})
"""
CHANNEL: dict[str, Any] = {
    "organisation_id": 10, "adapter": "pigeon", "name": "信鸽", "config": {"settings": {"loft": "near"}},
}  # fmt: skip


def pigeon(install: Install, address: str, *, templated: bool = False) -> None:
    install("pigeon", "pigeon_post:PIGEON", PIGEON.format(address=address, templated=templated))


async def kind_of(client: httpx.AsyncClient, world: World) -> dict[str, Any]:
    admin = await world.staff(("administrator", 10))
    kinds = (await client.get("/channel-kinds", headers=admin.auth)).json()["items"]
    (found,) = [each for each in kinds if each["adapter"] == "pigeon"]
    return dict(found)


def test_our_own_say_who_is_registered() -> None:
    assert sorted(registering()) == ["dingtalk", "email", "feishu", "wecom"]


@pytest.mark.parametrize(("address", "asked"), [("member", False), ("phone", False), ("channel", True)])
async def test_addresses_are_asked_for_where_an_adapter_of_another_package_needs_them(
    client: httpx.AsyncClient, world: World, install_adapter: Install, address: str, asked: bool
) -> None:
    pigeon(install_adapter, address)
    admin, member = await world.staff(("administrator", 10)), await world.member(100)
    made = await client.post("/channels", json=CHANNEL, headers=admin.auth)
    assert made.status_code == 201, made.text
    assert (await kind_of(client, world))["addresses"] is asked
    path = f"/members/{member}/addresses"
    listed = (await client.get(path, headers=admin.auth)).json()["items"]
    assert [each["adapter"] for each in listed] == (["pigeon"] if asked else [])
    put = await client.put(f"{path}/{made.json()['id']}", json={"address": "loft-7"}, headers=admin.auth)
    assert put.status_code == (200 if asked else 409)


@pytest.mark.parametrize("templated", [False, True])
async def test_templates_are_asked_for_where_it_needs_them(
    client: httpx.AsyncClient, world: World, install_adapter: Install, templated: bool
) -> None:
    pigeon(install_adapter, "member", templated=templated)
    kind = await kind_of(client, world)
    assert (kind["templates"], kind["known"]) == (templated, False)
    admin = await world.staff(("administrator", 10))
    template = {"template_id": "T-1", "fields": {"title": "title"}}
    config = {**CHANNEL["config"], "templates": {"weekly_issue": template}}
    made = await client.post("/channels", json={**CHANNEL, "config": config}, headers=admin.auth)
    preview = (await client.get(f"/channels/{made.json()['id']}/preview", headers=admin.auth)).json()["items"]
    goes = [each["kind"] for each in preview if each["parts"]]
    assert goes == (["weekly_issue"] if templated else [each["kind"] for each in preview])


@pytest.mark.parametrize(
    ("config", "code"),
    [({"settings": {"loft": "far"}}, "too_far"), ({}, "bad_settings")],
)
async def test_settings_that_it_cannot_be_built_with_are_refused_when_they_are_set(
    client: httpx.AsyncClient, world: World, install_adapter: Install, config: dict[str, Any], code: str
) -> None:
    pigeon(install_adapter, "member")
    admin = await world.staff(("administrator", 10))
    made = (await client.post("/channels", json=CHANNEL, headers=admin.auth)).json()
    for answer in (
        await client.post("/channels", json={**CHANNEL, "account": "b", "config": config}, headers=admin.auth),
        await client.patch(f"/channels/{made['id']}", json={"config": config}, headers=admin.auth),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "channel_does_not_fit"), answer.text
        (error,) = answer.json()["errors"]
        assert (error["field"], error["code"]) == ("config.settings", code)
        assert error["detail"].endswith("。")


async def test_a_broken_one_is_not_there_and_takes_nothing_else_with_it(
    client: httpx.AsyncClient, world: World, install_adapter: Install
) -> None:
    with capture_logs() as logs:
        install_adapter("pigeon", "broken_import:build", "import a_package_that_is_not_there\n")
        admin = await world.staff(("administrator", 10))
        answer = await client.post("/channels", json=CHANNEL, headers=admin.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_adapter")
    assert "pigeon" not in installed()
    assert "console" in installed()
    assert [log["adapter"] for log in logs if log["event"] == "adapter_broken"] == ["pigeon"]
