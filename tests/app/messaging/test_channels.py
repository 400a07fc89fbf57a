"""Administrators register accounts at platforms; a secret goes in and never comes out."""

from datetime import UTC, datetime

import httpx
import pytest

from app.db.engine import transaction
from app.platforms.models import Channel
from tests.world import Person, World

SECRET = "s3cret-of-the-platform"
CONFIG = {"templates": {"weekly_issue": {"template_id": "T-1", "fields": {"thing1": "title", "time2": "time"}}}}
BODY = {
    "organisation_id": 10,
    "adapter": "wechat_miniprogram",
    "name": "东片小程序",
    "account": "wx0123",
    "secret": SECRET,
    "config": CONFIG,
}


async def create(client: httpx.AsyncClient, admin: Person, **more: object) -> httpx.Response:
    return await client.post("/channels", json={**BODY, **more}, headers=admin.auth)


async def stored(world: World, channel_id: int) -> Channel:
    async with world.service.sessions() as session:
        return await session.get_one(Channel, channel_id)


async def test_the_secret_of_a_channel_is_sealed_and_never_shown(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    created = await create(client, admin)
    assert created.status_code == 201
    id_ = created.json()["id"]
    assert created.json() == {
        "id": id_, "organisation_id": 10, "adapter": "wechat_miniprogram", "name": "东片小程序", "account": "wx0123",
        "has_secret": True, "has_callback": False, "callback_url": None, "callback_checked_at": None, "enabled": True,
        "config": {**CONFIG, "miniprogram_state": "formal", "rate": None, "burst": None, "settings": {}},
        "stopped_reason": None, "rests_until": None,
    }  # fmt: skip
    changed = await client.patch(f"/channels/{id_}", json={"secret": "another-secret"}, headers=admin.auth)
    listed = await client.get("/channels", headers=admin.auth)
    log = await client.get("/audit", headers=admin.auth)
    assert listed.json()["items"] == [changed.json()] == [created.json()]
    for answer in (created, changed, listed, log):
        assert SECRET not in answer.text
        assert "another-secret" not in answer.text
    assert [entry["action"] for entry in log.json()["items"]] == ["channel.changed", "channel.created"]
    row = await stored(world, id_)
    assert row.secret_cipher is not None
    assert world.service.vault.decrypt(row.secret_cipher, f"channels:{id_}:secret") == "another-secret"


async def test_a_change_replaces_what_it_names_and_lets_a_stopped_channel_run(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    id_ = (await create(client, admin)).json()["id"]
    async with transaction(world.service.sessions) as session:
        row = await session.get_one(Channel, id_)
        row.stopped_reason, row.rests_until = "40125", datetime(2026, 11, 16, 16, 5, tzinfo=UTC)
    (listed,) = (await client.get("/channels", headers=admin.auth)).json()["items"]
    assert (listed["stopped_reason"], listed["rests_until"]) == ("40125", "2026-11-16T16:05:00Z")
    change = {"name": "新名", "enabled": False, "config": {"miniprogram_state": "trial", "rate": 100, "burst": 20}}
    changed = (await client.patch(f"/channels/{id_}", json=change, headers=admin.auth)).json()
    assert (changed["name"], changed["enabled"]) == ("新名", False)
    assert (changed["stopped_reason"], changed["rests_until"]) == (None, None)
    assert changed["config"] == {
        "templates": {}, "miniprogram_state": "trial", "rate": 100.0, "burst": 20, "settings": {},
    }  # fmt: skip
    row = await stored(world, id_)
    assert row.secret_cipher is not None
    assert world.service.vault.decrypt(row.secret_cipher, f"channels:{id_}:secret") == SECRET


async def test_an_account_of_a_platform_is_registered_once(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    assert (await create(client, admin)).status_code == 201
    again = await create(client, admin)
    assert (again.status_code, again.json()["code"]) == (409, "channel_exists")
    assert "账号已经登记过" in again.json()["detail"]
    # Whoever registered a mini-program first is who signs its members in: nobody puts another secret beside it.
    assert (await create(client, admin, organisation_id=11)).json()["code"] == "channel_exists"


async def test_of_a_kind_without_an_account_each_organisation_has_one(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    console: dict[str, object] = {"adapter": "console", "account": "", "secret": None, "config": {}}
    assert (await create(client, admin, **console)).status_code == 201
    again = (await create(client, admin, **console)).json()
    assert (again["code"], "账号" in again["detail"]) == ("channel_exists", False)
    assert again["detail"].startswith("这个党组织已经有一个这种渠道")
    assert (await create(client, admin, **console, organisation_id=11)).status_code == 201


async def test_the_console_needs_neither_account_nor_secret(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    body = {"organisation_id": 10, "adapter": "console", "name": "控制台"}
    created = await client.post("/channels", json=body, headers=admin.auth)
    assert (created.status_code, created.json()["has_secret"]) == (201, False)
    assert (await create(client, admin, secret=None)).status_code == 422
    assert (await create(client, admin, account="")).status_code == 422


@pytest.mark.parametrize(
    "more",
    [
        {"adapter": "pigeon"},
        {"secret": "short"},
        {"secret": "密" * 10},
        {"account": "wx/../1"},
        {"config": {"templates": {"party": {"template_id": "T", "fields": {"thing1": "title"}}}}},
        {"config": {"templates": {"meeting": {"template_id": "T", "fields": {}}}}},
        {"config": {"templates": {"meeting": {"template_id": "T", "fields": {"thing 1": "title"}}}}},
        {"config": {"templates": {"meeting": {"template_id": "T", "fields": {"thing1": "phone"}}}}},
        {"config": {"miniprogram_state": "gray"}},
        {"stopped_reason": None},
    ],
)
async def test_a_channel_that_does_not_fit_is_refused(
    client: httpx.AsyncClient, world: World, more: dict[str, object]
) -> None:
    assert (await create(client, await world.staff(("administrator", 10)), **more)).status_code == 422


async def test_channels_are_reached_within_the_subtree_only(client: httpx.AsyncClient, world: World) -> None:
    admin, sibling = await world.staff(("administrator", 10)), await world.staff(("administrator", 11))
    id_ = (await create(client, admin)).json()["id"]
    assert (await create(client, admin, organisation_id=1)).status_code == 404
    assert (await client.patch(f"/channels/{id_}", json={"name": "改"}, headers=sibling.auth)).status_code == 404
    assert (await client.get("/channels", headers=sibling.auth)).json() == {"items": [], "next": None}
    leader = await world.staff(("leader", 10))
    assert (await client.get("/channels", headers=leader.auth)).status_code == 403
    assert (await create(client, leader)).status_code == 403


async def test_channels_are_listed_page_by_page(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    ids = [(await create(client, admin, account=f"wx{number}")).json()["id"] for number in range(3)]
    first = (await client.get("/channels?limit=2", headers=admin.auth)).json()
    rest = (await client.get(f"/channels?cursor={first['next']}", headers=admin.auth)).json()
    assert [item["id"] for item in first["items"]] == ids[:2]
    assert [item["id"] for item in rest["items"]] == ids[2:]
    assert rest["next"] is None


async def test_an_adapter_that_is_not_installed_is_refused_by_name(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    body = {"organisation_id": 1, "adapter": "carrier_pigeon", "name": "信鸽"}
    answer = await client.post("/channels", json=body, headers=admin.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_adapter")
