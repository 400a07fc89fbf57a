"""Setting a channel up to be called: sealed, never shown, replaced as a whole, audited."""

from dataclasses import replace

import httpx
import pytest

from tests.app.messaging.callbacks.platform import ACCEPT, APPID, KEY, TOKEN, Platform, set_up
from tests.world import World


async def test_the_token_and_the_key_are_sealed_and_never_shown(client: httpx.AsyncClient, world: World) -> None:
    channel = await set_up(client, world)
    changed = await client.patch(
        f"/channels/{channel['id']}",
        json={"callback_token": "another1", "callback_key": "B" * 43},
        headers=channel["auth"],
    )
    listed = await client.get("/channels", headers=channel["auth"])
    log = await client.get("/audit", headers=channel["auth"])
    for answer in (changed, listed, log):
        assert not any(secret in answer.text for secret in (TOKEN, KEY, "another1", "B" * 43))
    assert channel["has_callback"] is changed.json()["has_callback"] is True
    entry = next(entry for entry in log.json()["items"] if entry["action"] == "channel.changed")
    assert entry["detail"]["fields"] == ["callback_key", "callback_token"]
    assert (await Platform(client).send(ACCEPT)).status_code == 403
    assert (await Platform(client, token="another1", key="B" * 43).send(ACCEPT)).status_code == 200


async def test_the_address_is_shown_where_ours_is_set(client: httpx.AsyncClient, world: World) -> None:
    channel = await set_up(client, world)
    assert channel["callback_url"] is None
    state = client._transport.app.state  # type: ignore[attr-defined] # the application behind the client
    settings = world.service.settings.model_copy(update={"public_url": "https://study.example/"})
    state.service = replace(world.service, settings=settings)
    (shown,) = (await client.get("/channels", headers=channel["auth"])).json()["items"]
    assert shown["callback_url"] == f"https://study.example/api/v1/callbacks/wechat/{APPID}"


async def test_new_secrets_are_to_be_checked_anew(client: httpx.AsyncClient, world: World) -> None:
    channel = await set_up(client, world)
    await Platform(client).send(ACCEPT)

    async def patch(**body: object) -> object:
        answer = await client.patch(f"/channels/{channel['id']}", json=body, headers=channel["auth"])
        return answer.json()["callback_checked_at"]

    assert await patch(name="新名") == "2026-11-16T02:00:00Z"
    assert await patch(callback_token="another1", callback_mode="plain") is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"callback_token": None}, "callback_needs_token"),
        ({"callback_token": None, "callback_key": None, "callback_mode": "safe"}, "callback_needs_token"),
        ({"callback_key": None}, "callback_needs_key"),
        ({"callback_key": None, "callback_mode": "compatible"}, "callback_needs_key"),
        ({"adapter": "console", "account": "", "secret": None}, "callback_unsupported"),
        ({"callback_token": "ab"}, "invalid_input"),
        ({"callback_token": "a" * 33}, "invalid_input"),
        ({"callback_token": "令牌令牌"}, "invalid_input"),
        ({"callback_key": "A" * 42}, "invalid_input"),
        ({"callback_key": "A" * 42 + "="}, "invalid_input"),
        ({"callback_mode": "gray"}, "invalid_input"),
    ],
)
async def test_what_cannot_work_is_refused(
    client: httpx.AsyncClient, world: World, more: dict[str, object], code: str
) -> None:
    admin = await world.staff(("administrator", 1))
    body = {
        "organisation_id": 1, "adapter": "wechat_miniprogram", "name": "渠道", "account": APPID,
        "secret": "a-secret-of-the-platform", "callback_token": TOKEN, "callback_key": KEY, **more,
    }  # fmt: skip
    answer = await client.post("/channels", json=body, headers=admin.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await client.get("/channels", headers=admin.auth)).json()["items"] == []
