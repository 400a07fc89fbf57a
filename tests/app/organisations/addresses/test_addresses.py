"""Where a platform has ids of its own, staff register them: sealed, masked, one by one or by a sheet as a whole."""

import io
import secrets
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.organisations.addresses.service import masked_address, place_of
from app.platforms.models import Channel, ChannelAddress
from content.tables import Value, write_xlsx
from tests.world import Person, World

HEADER: list[Value] = ["党员编号", "姓名", "组织", "手机尾号", "收件地址"]


async def new_channel(world: World, organisation_id: int = 1, adapter: str = "wecom") -> int:
    async with transaction(world.service.sessions) as session:
        row = Channel(
            organisation_id=organisation_id, adapter=adapter, name="企业微信", account=secrets.token_hex(4), config={},
            enabled=True, created_at=world.service.clock(),
        )  # fmt: skip
        session.add(row)
        await session.flush()
        return row.id


async def kept(world: World) -> dict[tuple[int, int], str]:
    """(channel, member) → the address, opened."""
    vault = world.service.vault
    async with transaction(world.service.sessions) as session:
        return {
            (row.channel_id, row.member_id): vault.decrypt(row.cipher, place_of(row.channel_id, row.member_id))
            for row in await session.scalars(select(ChannelAddress))
        }


async def entries(world: World) -> list[tuple[str, str]]:
    async with transaction(world.service.sessions) as session:
        rows = await session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("address")))
        return [(row.action, str(vars(row))) for row in rows]


async def put(client: httpx.AsyncClient, who: Person, member: int, channel: int, address: str) -> httpx.Response:
    return await client.put(f"/members/{member}/addresses/{channel}", json={"address": address}, headers=who.auth)


async def upload(
    client: httpx.AsyncClient, who: Person, channel: int, rows: Sequence[list[Value]], *, dry_run: bool = False
) -> httpx.Response:
    return await client.post(
        f"/channels/{channel}/addresses/import?dry_run={str(dry_run).lower()}",
        files={"file": ("地址.xlsx", write_xlsx({"收件地址": rows}))},
        headers={**who.auth, "Idempotency-Key": secrets.token_hex(8)},
    )


async def test_a_leader_registers_changes_and_removes_an_address(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 100))
    channel, member = await new_channel(world), await world.member(100)
    await new_channel(world, 11)
    await new_channel(world, 1, "wechat_miniprogram")
    path = f"/members/{member}/addresses"
    shown: dict[str, Any] = {
        "channel_id": channel,
        "channel": "企业微信",
        "adapter": "wecom",
        "address_masked": None,
        "registered_at": None,
    }
    assert (await client.get(path, headers=leader.auth)).json() == {"items": [shown]}
    for address in ("zhang.san", "lisi-the-2nd"):
        answer = await put(client, leader, member, channel, address)
        assert (answer.status_code, answer.json()["address_masked"]) == (200, f"{address[:2]}***")
        assert await kept(world) == {(channel, member): address}
    listed = (await client.get(path, headers=leader.auth)).json()["items"]
    assert [each["address_masked"] for each in listed] == ["li***"]
    for _ in range(2):
        assert (await client.delete(f"{path}/{channel}", headers=leader.auth)).status_code == 204
    assert await kept(world) == {}
    noted = await entries(world)
    assert [action for action, _ in noted] == ["address.set", "address.set", "address.dropped"]
    assert not any("lisi" in text or "zhang" in text for _, text in noted)


@pytest.mark.parametrize(
    ("address", "shown"),
    [("zhangsan@example.com", "zh***@example.com"), ("ab", "a***"), ("a@b.cn", "a***@b.cn"), ("abc", "ab***")],
)
def test_an_address_is_shown_masked(address: str, shown: str) -> None:
    assert masked_address(address) == shown


async def test_a_channel_that_does_not_serve_the_member_is_not_found(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    member = await world.member(100)
    for place in (2, 11, 101):
        assert (await put(client, admin, member, await new_channel(world, place), "x")).status_code == 404
    assert (await put(client, admin, await world.member(20), await new_channel(world), "x")).status_code == 404
    wechat = await put(client, admin, member, await new_channel(world, 1, "wechat_miniprogram"), "x")
    assert (wechat.status_code, wechat.json()["code"]) == (409, "needs_no_address")
    gone = await world.member(100, archived_at=world.service.clock())
    assert (await put(client, admin, gone, await new_channel(world), "x")).json()["code"] == "member_archived"


@pytest.mark.parametrize(
    ("address", "code"),
    [("张三", "bad_address"), ("a b", "bad_address"), ("", "invalid_input"), ("x" * 129, "invalid_input")],
)
async def test_what_is_no_id_is_refused(client: httpx.AsyncClient, world: World, address: str, code: str) -> None:
    admin = await world.staff(("administrator", 1))
    answer = await put(client, admin, await world.member(100), await new_channel(world), address)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("address", ["zhangsan", "a@b@c.cn", "@b.cn", "a@host"])
async def test_an_e_mail_address_has_its_form(client: httpx.AsyncClient, world: World, address: str) -> None:
    admin = await world.staff(("administrator", 1))
    answer = await put(client, admin, await world.member(100), await new_channel(world, 1, "email"), address)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_address")


@pytest.mark.parametrize(
    ("adapter", "address"),
    [
        ("wecom", "@all"), ("wecom", "a|b"), ("wecom", "x" * 65),
        ("dingtalk", "@all"), ("dingtalk", "a,b"), ("dingtalk", "a|b"),
        ("feishu", "@all"), ("feishu", "ou_1,ou_2"),
    ],
)  # fmt: skip
async def test_an_id_that_names_more_than_one_member_is_refused(
    client: httpx.AsyncClient, world: World, adapter: str, address: str
) -> None:
    admin, member = await world.staff(("administrator", 1)), await world.member(100, name="王小明")
    channel = await new_channel(world, 1, adapter)
    answer = await put(client, admin, member, channel, address)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_address")
    assert "不能填写 @all" in answer.json()["detail"]
    answer = await upload(client, admin, channel, [HEADER, [member, "王小明", "", "", address]])
    (line,) = answer.json()["errors"]
    assert (answer.status_code, line["code"]) == (422, "bad_address")
    assert "不能填写 @all" in line["detail"]
    assert await kept(world) == {}


async def test_the_template_comes_back_filled_in(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 1))
    channel = await new_channel(world, 10)
    first, second = await world.member(100, name="王小明"), await world.member(101, name="王小明")
    await world.member(110)
    await world.member(100, archived_at=world.service.clock())
    await put(client, admin, first, channel, "old")
    answer = await client.get(f"/channels/{channel}/addresses.xlsx", headers=admin.auth)
    rows: list[Any] = [
        list(row) for row in load_workbook(io.BytesIO(answer.content))["收件地址"].iter_rows(values_only=True)
    ]
    head, one, two = rows
    assert head == ["党员编号", "姓名", "组织", "手机尾号", "现在", "收件地址"]
    assert (one[:3], one[4]) == ([str(first), "王小明", "一支部"], "已登记")
    assert (two[:3], two[4]) == ([str(second), "王小明", "二支部"], "未登记")
    two[5] = "wang.xiaoming"
    assert (await upload(client, admin, channel, rows)).json() == {"accepted": 1, "rejected": []}
    assert await kept(world) == {(channel, first): "old", (channel, second): "wang.xiaoming"}
    assert [action for action, _ in await entries(world)] == ["address.set", "addresses.exported", "addresses.imported"]


async def test_every_bad_line_is_named_and_nothing_is_kept(client: httpx.AsyncClient, world: World) -> None:
    admin = await world.staff(("administrator", 10))
    channel = await new_channel(world, 10, "email")
    good, twin = await world.member(100, name="甲"), await world.member(101, name="乙")
    await world.member(101, name="乙")
    outside = await world.member(110, name="丙")
    rows: list[list[Value]] = [
        HEADER,
        [str(good), "甲", "", "", "jia@a.cn"],
        [str(good), "乙", "", "", "jia@a.cn"],
        [str(outside), "丙", "", "", "bing@a.cn"],
        ["", "乙", "", "", "yi@a.cn"],
        ["", "无此人", "", "", "wu@a.cn"],
        ["", "甲", "一支部", "", "jia@b.cn"],
        [str(twin), "乙", "", "", "no e-mail"],
        [str(twin), "乙", "", "", "noemail"],
        ["一号", "乙", "", "", "yi@a.cn"],
        [str(twin), "乙", "", "", ""],
    ]
    codes = {
        3: "name_mismatch", 4: "unknown_member", 5: "ambiguous_member", 6: "unknown_member", 7: "repeated_member",
        8: "bad_address", 9: "bad_address", 10: "bad_number",
    }  # fmt: skip
    tried = (await upload(client, admin, channel, rows, dry_run=True)).json()
    assert (tried["accepted"], {each["line"]: each["code"] for each in tried["rejected"]}) == (1, codes)
    refused = await upload(client, admin, channel, rows)
    assert (refused.status_code, refused.json()["code"]) == (422, "rejected_lines")
    assert {each["line"]: each["code"] for each in refused.json()["errors"]} == codes
    assert await kept(world) == {}
    assert (await upload(client, admin, channel, rows[:2], dry_run=True)).status_code == 200
    assert await kept(world) == {}
    assert (await upload(client, admin, channel, [HEADER, [None, "乙", "", "", ""]])).json()["code"] == "empty_sheet"
