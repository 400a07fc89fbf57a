"""A channel that its platform would refuse is refused at once: which field, a code, and what to do."""

from typing import Any

import httpx
import pytest

from app.db.engine import transaction
from app.platforms.models import Channel
from tests.world import World

MINI: dict[str, Any] = {
    "organisation_id": 10,
    "adapter": "wechat_miniprogram",
    "name": "小程序",
    "account": "wx0123456789",
    "secret": "s3cret-of-the-platform",
}


def templates(**fields: str) -> dict[str, Any]:
    return {"templates": {"weekly_issue": {"template_id": "T-1", "fields": fields}}}


async def refused(client: httpx.AsyncClient, world: World, **body: Any) -> list[tuple[str, str]]:
    admin = await world.staff(("administrator", 10))
    answer = await client.post("/channels", json={**MINI, **body}, headers=admin.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "channel_does_not_fit"), answer.text
    assert all(each["detail"].endswith("。") for each in answer.json()["errors"])
    async with world.service.sessions() as session:
        assert await session.get(Channel, 1) is None
    return [(each["field"], each["code"]) for each in answer.json()["errors"]]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"number1": "time"}, "value_does_not_fit"),
        ({"time1": "title"}, "value_does_not_fit"),
        ({"phrase1": "title"}, "value_does_not_fit"),
        ({"character_string1": "organisation"}, "value_does_not_fit"),
        ({"nonsense1": "title"}, "unknown_field_type"),
        ({"thing": "title"}, "unknown_field_type"),
        ({"thing1": "=" + "长" * 21}, "words_do_not_fit"),
        ({"number1": "=不是数字"}, "words_do_not_fit"),
    ],
)
async def test_a_value_that_a_field_cannot_hold_is_refused_by_the_name_of_the_field(
    client: httpx.AsyncClient, world: World, fields: dict[str, str], code: str
) -> None:
    (field,) = fields
    found = await refused(client, world, config=templates(**fields))
    assert found == [(f"config.templates.weekly_issue.fields.{field}", code)]


async def test_all_that_does_not_fit_is_said_at_once(client: httpx.AsyncClient, world: World) -> None:
    found = await refused(client, world, account="", secret=None, config=templates(number1="time", odd1="note"))
    assert [code for _, code in found] == [
        "missing_account",
        "missing_secret",
        "value_does_not_fit",
        "unknown_field_type",
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"adapter": "wecom"}, ("config.settings.agent_id", "missing_setting")),
        (
            {"adapter": "wecom", "config": {"settings": {"agent_id": "app"}}},
            ("config.settings.agent_id", "bad_setting"),
        ),
        (
            {"adapter": "wecom", "config": {**templates(thing1="title"), "settings": {"agent_id": "1"}}},
            ("config.templates", "no_templates"),
        ),
        (
            {"adapter": "wechat_service_account", "config": {"settings": {"miniprogram_appid": "小程序"}}},
            ("config.settings.miniprogram_appid", "bad_setting"),
        ),
        ({"adapter": "webhook", "account": ""}, ("config.settings.url", "missing_setting")),
        ({"adapter": "email"}, ("config.settings.host", "missing_setting")),
        ({"config": {"settings": {"token": "x"}}}, ("config.settings.token", "unknown_setting")),
        (
            {"adapter": "wecom", "config": {"settings": {"agent_id": "1", "agentid": "1"}}},
            ("config.settings.agentid", "unknown_setting"),
        ),
    ],
)
async def test_each_platform_asks_for_what_it_needs(
    client: httpx.AsyncClient, world: World, body: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert await refused(client, world, **body) == [expected]


WEBHOOK = {"adapter": "webhook", "account": "", "secret": "whsec_" + "QUJD" * 10}


@pytest.mark.parametrize(
    ("body", "settings", "code"),
    [
        (WEBHOOK, {"url": "https://elsewhere.example/hook"}, "host_not_allowed"),
        (WEBHOOK, {"url": "https://somebody@127.0.0.1/hook"}, "bad_url"),
        ({**WEBHOOK, "secret": "whsec_short"}, {"url": "http://127.0.0.1/hook"}, "bad_secret"),
        ({"adapter": "email"}, {"host": "smtp.elsewhere.example", "sender": "a@b.cn"}, "host_not_allowed"),
        ({"adapter": "email"}, {"host": "127.0.0.1", "sender": "a@b.cn", "port": "99999"}, "bad_settings"),
    ],
)
async def test_what_a_sender_would_be_stopped_by_is_refused_when_it_is_set(
    client: httpx.AsyncClient, world: World, body: dict[str, Any], settings: dict[str, str], code: str
) -> None:
    assert await refused(client, world, **body, config={"settings": settings}) == [("config.settings", code)]


async def test_a_host_is_checked_again_when_it_changes_and_with_the_secret_that_is_kept(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    allowed, elsewhere = ({"settings": {"url": f"http{url}"}} for url in ("://127.0.0.1/hook", "s://elsewhere.example"))
    made = await client.post("/channels", json={**MINI, **WEBHOOK, "config": allowed}, headers=admin.auth)
    assert made.status_code == 201, made.text
    path = f"/channels/{made.json()['id']}"
    assert (await client.patch(path, json={"config": allowed}, headers=admin.auth)).status_code == 200
    answer = await client.patch(path, json={"config": elsewhere}, headers=admin.auth)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (422, "host_not_allowed")
    assert "elsewhere.example" in error["detail"]
    assert "ZHIJIAN_WEBHOOK_HOSTS" in error["detail"]


async def test_every_value_and_words_of_the_organisations_own_are_taken_where_they_fit(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    fields = {"thing1": "title", "date2": "time", "thing3": "=请准时参加", "time4": "time", "phrase5": "=学习"}
    kinds = ("weekly_issue", "meeting", "unfinished_reminder", "anniversary", "joining_anniversary", "hours_reminder")
    config = {"templates": {kind: {"template_id": "T-1", "fields": fields} for kind in kinds}}
    answer = await client.post("/channels", json={**MINI, "config": config}, headers=admin.auth)
    assert answer.status_code == 201, answer.text


async def test_a_change_is_checked_too_and_changes_nothing_where_it_does_not_fit(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    id_ = (await client.post("/channels", json=MINI, headers=admin.auth)).json()["id"]
    change = {"name": "新名", "config": templates(number1="time")}
    answer = await client.patch(f"/channels/{id_}", json=change, headers=admin.auth)
    assert (answer.status_code, answer.json()["code"]) == (422, "channel_does_not_fit")
    assert (await client.get("/channels", headers=admin.auth)).json()["items"][0]["name"] == "小程序"


async def test_a_channel_of_before_these_rules_can_still_be_switched_off(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    async with transaction(world.service.sessions) as session:
        row = Channel(
            organisation_id=10, adapter="wecom", name="旧", account="ww1", config=templates(thing1="title"),
            enabled=True, created_at=world.service.clock(),
        )  # fmt: skip
        session.add(row)
        await session.flush()
        id_ = row.id
    answer = await client.patch(f"/channels/{id_}", json={"enabled": False}, headers=admin.auth)
    assert (answer.status_code, answer.json()["enabled"]) == (200, False)


async def test_a_preview_shows_each_kind_as_it_would_be_cut(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    body = {**MINI, "config": templates(thing1="title", date2="time", thing3="=请准时参加")}
    id_ = (await client.post("/channels", json=body, headers=admin.auth)).json()["id"]
    shown = {each["kind"]: each for each in (await previews(client, admin, id_))}
    assert shown["weekly_issue"]["parts"] == [
        {"label": "thing1", "text": "第四十八周学习参考：秋冬农事与基层治理…", "cut": True},
        {"label": "date2", "text": "2026年11月23日", "cut": False},
        {"label": "thing3", "text": "请准时参加", "cut": False},
    ]
    assert (shown["meeting"]["parts"], "没有为这类通知设置模板" in shown["meeting"]["problem"]) == ([], True)
    assert len(shown) == 6


async def test_a_preview_of_wecom_is_a_card_where_there_is_a_link(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    body = {**MINI, "adapter": "wecom", "account": "ww1", "config": {"settings": {"agent_id": "1000002"}}}
    id_ = (await client.post("/channels", json=body, headers=admin.auth)).json()["id"]
    shown = {each["kind"]: each for each in (await previews(client, admin, id_))}
    assert [part["label"] for part in shown["meeting"]["parts"]] == ["标题", "正文", "点开后"]
    assert [part["label"] for part in shown["weekly_issue"]["parts"]] == ["文字"]
    assert "\n" in shown["meeting"]["parts"][1]["text"]


@pytest.mark.parametrize(
    ("adapter", "config", "labels"),
    [
        ("dingtalk", {"settings": {"agent_id": "12"}}, ["文字"]),
        ("feishu", {}, ["标题", "正文"]),
        ("console", {}, ["标题", "正文"]),
    ],
)
async def test_a_preview_of_each_platform_shows_its_own_parts(
    client: httpx.AsyncClient, world: World, adapter: str, config: dict[str, Any], labels: list[str]
) -> None:
    admin = await world.staff(("administrator", 10))
    body = {**MINI, "adapter": adapter, "account": "account-1", "config": config}
    id_ = (await client.post("/channels", json=body, headers=admin.auth)).json()["id"]
    shown = {each["kind"]: each for each in (await previews(client, admin, id_))}
    assert [part["label"] for part in shown["meeting"]["parts"]] == labels
    assert "讨论下半年工作" in str(shown["meeting"]["parts"])


async def test_a_preview_of_short_messages_cuts_what_the_platform_would_refuse(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 10))
    config = {**templates(title="title", words="=请准时参加"), "settings": {"sign_name": "示例镇党委"}}
    body = {**MINI, "adapter": "sms_aliyun", "account": "LTAI-1", "config": config}
    id_ = (await client.post("/channels", json=body, headers=admin.auth)).json()["id"]
    shown = {each["kind"]: each for each in (await previews(client, admin, id_))}
    assert [part["text"] for part in shown["weekly_issue"]["parts"]][1] == "请准时参加"


async def previews(client: httpx.AsyncClient, admin: Any, channel_id: int) -> list[dict[str, Any]]:
    answer = await client.get(f"/channels/{channel_id}/preview", headers=admin.auth)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_the_kinds_of_channel_say_what_a_form_asks_for(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    answer = await client.get("/channel-kinds", headers=admin.auth)
    kinds = {each["adapter"]: each for each in answer.json()["items"]}
    assert {"console", "wechat_miniprogram", "wechat_service_account", "wecom"} <= set(kinds)
    assert kinds["wecom"]["account"] == "企业 ID（CorpID）"
    assert [setting["name"] for setting in kinds["wecom"]["settings"]] == ["agent_id"]
    assert (kinds["console"]["account"], kinds["console"]["secret"], kinds["console"]["templates"]) == (
        None,
        None,
        False,
    )
    assert "secret_cipher" not in answer.text
