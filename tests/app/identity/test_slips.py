"""Slips are handed out once, on paper or in an answer; what was handed out stays good until it is asked for anew."""

import io
import re
from collections.abc import Callable

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from app.access.models import AuditEntry
from app.db.engine import transaction
from app.directory.models import BindingSlip, Member
from app.identity import slips as slips_module
from app.platforms.models import Channel
from app.resources import Service
from app.web import create_app
from tests.app.identity.people import bind, code_for, count, slips
from tests.conftest import MovableClock
from tests.world import APPID, Person, World

PRINTED = re.compile(r"\b\d{4} \d{4}\b")
At = Callable[[int], httpx.AsyncClient]


def ids(answer: dict[str, list[dict[str, int]]]) -> list[int]:
    return [slip["member_id"] for slip in answer["items"]]


async def printed(client: httpx.AsyncClient, leader: Person, **body: object) -> httpx.Response:
    return await client.post("/organisations/100/binding-slips.pdf", json=body, headers=leader.auth)


def codes_in(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    return [code.replace(" ", "") for code in PRINTED.findall(text)]


async def test_a_repeat_voids_nothing_that_was_handed_out_and_serves_the_newcomer(
    client: httpx.AsyncClient, world: World
) -> None:
    leader, user = await world.staff(("leader", 10)), await world.unbound_wechat()
    first = await world.member(100)
    handed_out = (await slips(client, leader))["items"][0]["invite_code"]
    newcomer = await world.member(100)
    assert ids(await slips(client, leader)) == [newcomer]
    assert ids(await slips(client, leader)) == []
    assert (await bind(client, user, handed_out)).json()["items"][0]["member_id"] == first


async def test_a_reprint_renews_what_is_out_but_not_for_who_is_bound(client: httpx.AsyncClient, world: World) -> None:
    leader, user = await world.staff(("leader", 10)), await world.unbound_wechat()
    await world.signed_in_member(100)
    member = await world.member(100)
    old = (await slips(client, leader))["items"][0]["invite_code"]
    again = await slips(client, leader, reprint=True)
    assert ids(again) == [member]
    assert (await bind(client, user, old)).status_code == 422
    assert (await bind(client, user, again["items"][0]["invite_code"])).status_code == 201


async def test_an_expired_slip_is_replaced_without_asking(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.member(100)
    await slips(client, leader)
    clock.move(days=14)
    leader = await world.staff(("leader", 10))
    assert ids(await slips(client, leader)) == [member]


async def test_beyond_the_most_at_once_the_answer_says_how_many_remain_and_a_repeat_goes_on(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slips_module.draw_slips, "__kwdefaults__", {"most": 2})
    leader, members = await world.staff(("leader", 10)), [await world.member(100) for _ in range(5)]
    for reprint in (False, True):
        got: list[int] = []
        for remaining in (3, 1, 0) if not reprint else (3, 3, 3):
            answer = await slips(client, leader, reprint=reprint)
            assert answer["remaining"] == remaining
            got += ids(answer)
        assert set(got) == set(members), "one call after the other comes to everybody"


async def test_slips_come_in_the_order_of_the_tree(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    late, early, top = await world.member(101), await world.member(100), await world.member(10)
    assert ids(await slips(client, leader, 10)) == [top, early, late]


async def test_the_paper_holds_codes_that_work_and_nothing_else_does(client: httpx.AsyncClient, world: World) -> None:
    leader, user = await world.staff(("leader", 10)), await world.unbound_wechat()
    members = [await world.member(100) for _ in range(12)]
    await world.signed_in_member(100)
    answer = await printed(client, leader)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["slips-remaining"] == "0"
    codes = codes_in(answer)
    assert len(set(codes)) == len(members)
    async with world.service.sessions() as session:
        kept = set(await session.scalars(select(BindingSlip.code_digest)))
        entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "slips.issued"))
    assert kept == {world.service.vault.digest("binding slip", code) for code in codes}
    assert entry is not None
    assert (entry.object_id, entry.detail) == (100, {"count": 12})
    bound = await bind(client, user, codes[0])
    assert bound.json()["items"][0]["member_id"] == members[0]


async def test_the_day_on_the_paper_is_one_on_which_the_code_works_until_midnight(
    client: httpx.AsyncClient, world: World
) -> None:
    leader = await world.staff(("leader", 10))
    await world.member(100)
    answer = await printed(client, leader)
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert "有效期至 2026年11月29日" in text, "handed out on the 16th at ten in the morning for fourteen days"


@pytest.mark.parametrize(
    ("public_url", "leads_to"),
    [
        ("", None),
        ("https://study.example.cn", "https://study.example.cn/bind?code="),
        ("https://study.example.cn/app/", "https://study.example.cn/app/bind?code="),
    ],
)
async def test_the_qr_leads_to_the_service_where_its_address_is_known(
    world: World, public_url: str, leads_to: str | None
) -> None:
    drawn = slips_module.DrawnSlip(1, "王敏", "一支部", "01234567", world.service.clock())
    drawing = slips_module.Drawing(100, "一支部", "Asia/Shanghai", (drawn,), 0)
    (slip,) = slips_module.printed(drawing, public_url)
    assert slip.link == (f"{leads_to}01234567" if leads_to else None)


async def test_nothing_is_printed_where_nobody_needs_it(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 10))
    await world.member(100)
    assert len(codes_in(await printed(client, leader))) == 1
    again = await printed(client, leader)
    assert (again.status_code, again.json()["code"]) == (409, "nobody_to_bind")
    assert len(codes_in(await printed(client, leader, reprint=True))) == 1


async def test_no_code_works_that_was_not_answered(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.member(100)
    handed_out = await code_for(client, leader, member)

    def fails(*_: object, **__: object) -> bytes:
        raise ValueError("no paper")

    with monkeypatch.context() as broken:
        broken.setattr("app.identity.binding_api.slips_pdf", fails)
        assert (await printed(client, leader, reprint=True)).status_code == 500
    assert await count(world.service, BindingSlip) == 1
    assert (await bind(client, await world.unbound_wechat(), handed_out)).status_code == 201, "nor was one voided"


@pytest.mark.parametrize("change", ["bound", "another slip", "archived"])
async def test_what_changes_while_the_sheets_are_drawn_is_not_overwritten(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.member(100)
    other = await world.unbound_wechat()

    async def between(*_: object, **__: object) -> bytes:
        if change == "archived":
            async with transaction(world.service.sessions) as session:
                (await session.get_one(Member, member)).archived_at = world.service.clock()
        else:
            code = await code_for(client, leader, member)
            if change == "bound":
                await bind(client, other, code)
        return b"%PDF"

    monkeypatch.setattr("app.identity.binding_api.asyncio.to_thread", between)
    answer = await printed(client, leader)
    assert (answer.status_code, answer.json()["code"]) == (409, "slips_changed")
    assert await count(world.service, BindingSlip) == (0 if change == "archived" else 1)


async def test_the_list_says_who_is_bound_and_who_holds_a_slip_but_never_a_code(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader = await world.staff(("leader", 10))
    expired = await world.member(100)
    await code_for(client, leader, expired)
    clock.move(days=14)
    leader = await world.staff(("leader", 10))
    bound, out = await world.signed_in_member(100), await world.member(100)
    code = await code_for(client, leader, out)
    none = await world.member(101, name="王敏")
    answer = await client.get("/organisations/10/binding-slips", headers=leader.auth)
    shown = answer.json()
    assert shown["counts"] == {"bound": 1, "slip_out": 1, "expired": 1, "none": 1}
    assert {item["member_id"]: (item["state"], item["expires_at"]) for item in shown["items"]} == {
        expired: ("expired", "2026-11-30T02:00:00Z"),
        bound.id: ("bound", None),
        out: ("slip_out", "2026-12-14T02:00:00Z"),
        none: ("none", None),
    }
    assert code not in answer.text
    first = (await client.get("/organisations/10/binding-slips?limit=3", headers=leader.auth)).json()
    path = f"/organisations/10/binding-slips?limit=3&cursor={first['next']}"
    second = (await client.get(path, headers=leader.auth)).json()
    assert [item["member_id"] for item in first["items"] + second["items"]] == [expired, bound.id, out, none]
    assert second["next"] is None
    assert second["counts"] == shown["counts"]


async def test_used_expired_voided_and_made_up_codes_read_the_same(
    client: httpx.AsyncClient, world: World, clock: MovableClock
) -> None:
    leader, member = await world.staff(("leader", 10)), await world.member(100)
    expired = await code_for(client, leader, await world.member(100))
    clock.move(days=14)
    leader = await world.staff(("leader", 10))
    voided = await code_for(client, leader, member)
    used = await code_for(client, leader, member)
    assert (await bind(client, await world.unbound_wechat(), used)).status_code == 201
    user = await world.unbound_wechat()
    answers = [await bind(client, user, code) for code in (used, expired, voided, "00000000")]
    assert {(answer.status_code, answer.text) for answer in answers} == {(422, answers[0].text)}


# Guessing


@pytest.fixture
def at(service: Service) -> At:
    """The application as it is called from the address 10.0.0.n."""
    app = create_app(service)

    def client(number: int) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app, client=(f"10.0.0.{number}", 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://test/api/v1")

    return client


async def test_a_wechat_user_guesses_thirty_times_a_day(at: At, world: World, clock: MovableClock) -> None:
    user = await world.unbound_wechat()
    for round_ in range(3):
        for number in range(10):
            assert (await bind(at(number + 10 * round_), user, f"{number:08d}")).status_code == 422
        clock.move(minutes=5)
    refused = await bind(at(99), user, "12345678")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, str(86400 - 15 * 60)), (
        "until the first of them is a day old"
    )
    clock.move(days=1)
    assert (await bind(at(99), user, "12345678")).status_code == 422


async def test_everybody_behind_one_address_guesses_45_times_a_day(at: At, world: World) -> None:
    users = [await world.unbound_wechat() for _ in range(6)]
    for number in range(45):
        assert (await bind(at(1), users[number // 9], f"{number:08d}")).status_code == 422
    assert (await bind(at(1), users[5], "12345678")).status_code == 429
    assert (await bind(at(2), users[5], "12345678")).status_code == 422


async def test_an_office_may_bind_by_one_address_and_old_slips_are_no_guesses_there(at: At, world: World) -> None:
    leader = await world.staff(("leader", 10))
    members = [await world.member(100) for _ in range(50)]
    answer = await slips(at(1), leader)
    old = await code_for(at(1), leader, members[0])
    await code_for(at(1), leader, members[0])
    for slip in answer["items"][1:]:
        assert (await bind(at(1), await world.unbound_wechat(), old)).status_code == 422
        assert (await bind(at(1), await world.unbound_wechat(), slip["invite_code"])).status_code == 201


async def test_a_slip_of_ones_own_buys_no_further_guesses(client: httpx.AsyncClient, world: World) -> None:
    leader, user = await world.staff(("leader", 10)), await world.unbound_wechat()
    own = await code_for(client, leader, await world.member(100))
    for number in range(9):
        assert (await bind(client, user, f"{number:08d}")).status_code == 422
        assert (await bind(client, user, own)).status_code == 201
    assert (await bind(client, user, "12345678")).status_code == 422
    assert (await bind(client, user, own)).status_code == 429


async def test_a_wrong_code_is_on_record_without_what_was_typed(at: At, world: World, service: Service) -> None:
    async with transaction(service.sessions) as session:
        session.add(
            Channel(
                organisation_id=1, adapter="wechat_miniprogram", name="小程序", account=APPID, config={}, enabled=True,
                created_at=service.clock(),
            )
        )  # fmt: skip
    user = await world.unbound_wechat()
    assert (await bind(at(1), user, "12345678")).status_code == 422
    async with service.sessions() as session:
        entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "binding.refused"))).one()
    assert (entry.actor, entry.organisation_id, entry.detail) == (f"wechat:{user.id}", 1, {})


async def test_a_network_of_ipv6_is_one_address(service: Service, world: World) -> None:
    app = create_app(service)
    users = [await world.unbound_wechat() for _ in range(6)]
    for number in range(46):
        transport = httpx.ASGITransport(app, client=(f"2001:db8:0:1::{number:x}", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://test/api/v1") as client:
            status = (await bind(client, users[number // 9], f"{number:08d}")).status_code
        assert status == (422 if number < 45 else 429)
