"""Who may see a member and why: what is said is what the routes do."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import update

from app.access import audit
from app.access.duties import SEPARATE_DUTIES
from app.access.sights import SEES, SIGHTS
from app.db.engine import transaction
from app.directory.models import ROLES, Account, OrganisationSetting, Post
from app.web import create_api
from tests.app.organisations.people import seal_phone, set_up
from tests.world import Person, World

NAME, PHONE = "欧阳见山", "19912345678"
Probe = Callable[[httpx.AsyncClient, Person, int], Awaitable[bool]]


async def roster(client: httpx.AsyncClient, staff: Person, member: int) -> bool:
    answers = [await client.get(path, headers=staff.auth) for path in (f"/members/{member}", "/members?q=欧阳")]
    return all(NAME in answer.text and "199****5678" in answer.text for answer in answers)


async def phone(client: httpx.AsyncClient, staff: Person, member: int) -> bool:
    answer = await client.get("/members.xlsx?full=true&reason=核对", headers=staff.auth)
    return answer.status_code == 200


async def completion(client: httpx.AsyncClient, staff: Person, member: int) -> bool:
    answer = await client.get("/organisations/100/completion?by=member", headers=staff.auth)
    return NAME in answer.text


async def binding(client: httpx.AsyncClient, staff: Person, member: int) -> bool:
    return (await client.delete(f"/members/{member}/binding", headers=staff.auth)).status_code == 204


async def audit_log(client: httpx.AsyncClient, staff: Person, member: int) -> bool:
    answer = await client.get("/audit", headers=staff.auth)
    return answer.status_code == 200 and member in [entry["object_id"] for entry in answer.json()["items"]]


PROBES: dict[str, Probe] = {
    "roster": roster, "phone": phone, "completion": completion, "binding": binding, "audit_log": audit_log,
}  # fmt: skip


@pytest.fixture
async def member(world: World) -> Person:
    """Somebody with a phone and an entry in the audit log."""
    person = await world.signed_in_member(100, name=NAME)
    await seal_phone(world, person.id, PHONE)
    async with transaction(world.service.sessions) as session:
        audit.record(
            session, "system", "member.made", "member", person.id, now=world.service.clock(), organisation_id=100
        )
    return person


def test_every_role_and_every_code_is_in_the_table() -> None:
    assert set(SEES) == set(ROLES)
    assert set(SIGHTS) == set(PROBES) == {code for sees in SEES.values() for code in sees}


@pytest.mark.parametrize(("where", "separate"), [(100, False), (1, False), (1, True)])
@pytest.mark.parametrize("role", ROLES)
async def test_what_a_role_is_said_to_see_is_what_the_routes_show(
    client: httpx.AsyncClient, world: World, member: Person, role: str, where: int, separate: bool
) -> None:
    staff = await world.staff((role, where))
    if separate:
        async with transaction(world.service.sessions) as session:
            session.add(
                OrganisationSetting(
                    organisation_id=1, key=SEPARATE_DUTIES, value=True, changed_at=world.service.clock()
                )
            )
    (viewer,) = (await client.get("/me/viewers?include_all=true", headers=member.auth)).json()["items"]
    seen = {code for code, probe in PROBES.items() if await probe(client, staff, member.id)}
    assert (seen, viewer["account_id"]) == (set(viewer["sees"]), staff.id)
    assert seen == set(SEES[role]) - ({"audit_log"} if separate and role == "administrator" else set())


@pytest.mark.parametrize("role", [role for role, sees in SEES.items() if not {"roster", "completion"} & set(sees)])
async def test_who_is_said_to_see_no_person_finds_the_name_on_no_route(
    client: httpx.AsyncClient, world: World, member: Person, role: str
) -> None:
    staff = await world.staff((role, 1))
    operations = create_api().openapi()["paths"].items()
    for path in [path for path, methods in operations if "get" in methods and path.startswith("/api/v1")]:
        ids = {name: 100 if name == "organisation_id" else member.id for name in ("organisation_id", "member_id")}
        place = path.format_map(_Ones(ids))
        answer = await client.get(f"http://test{place}", headers=staff.auth)
        assert NAME not in answer.text, path
        assert "members" not in path.split("/")[3:4] or answer.status_code == 403, path


class _Ones(dict[str, int]):
    def __missing__(self, _: str) -> int:
        return 1


async def test_each_post_over_a_member_is_told_with_its_reason(
    client: httpx.AsyncClient, world: World, member: Person
) -> None:
    leader = await world.staff(("leader", 100))
    admin = await world.staff(("administrator", 1), ("editor", 1))
    until = world.service.clock() + timedelta(days=9)
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Post).where(Post.role == "leader").values(acting=True, until_at=until))
    for path, who in ((f"/members/{member.id}/viewers", leader), ("/me/viewers", member)):
        answer = await client.get(path, headers=who.auth)
        assert answer.status_code == 200, answer.text
        first, second = answer.json()["items"]
        assert first == {
            "id": first["id"], "account_id": leader.id, "account": leader.name, "role": "leader", "acting": True,
            "organisation_id": 100, "organisation": "一支部", "until_at": until.isoformat().replace("+00:00", "Z"),
            "sees": ["roster", "phone", "completion", "binding"],
            "why": "一支部代理书记（所在党组织），可查看名册和脱敏手机号，写明用途后可导出完整手机号，"
                   "可查看学习完成情况和测验成绩，可重置微信绑定",
        }  # fmt: skip
        assert (second["account_id"], second["acting"], second["until_at"]) == (admin.id, False, None)
        assert second["why"].startswith("示范镇党委管理员（上级党组织），可查看名册和脱敏手机号")
        everybody = (await client.get(f"{path}?include_all=true", headers=who.auth)).json()["items"]
        assert [(each["role"], each["sees"]) for each in everybody][2:] == [("editor", [])]
        assert everybody[2]["why"] == "示范镇党委内容编辑（上级党组织），看不到个人信息"
        page = (await client.get(f"{path}?limit=1", headers=who.auth)).json()
        rest = (await client.get(f"{path}?cursor={page['next']}", headers=who.auth)).json()
        assert [each["id"] for each in rest["items"]] == [second["id"]]


async def test_posts_that_are_over_to_come_elsewhere_or_of_a_disabled_account_are_not_told(
    client: httpx.AsyncClient, world: World, member: Person
) -> None:
    now = world.service.clock()
    for place in (101, 11, 2):
        await world.staff(("leader", place))
    over, to_come, disabled = [await world.staff(("leader", 10)) for _ in range(3)]
    async with transaction(world.service.sessions) as session:
        for account, values in (
            (over, {"from_at": now - timedelta(days=1), "until_at": now}),
            (to_come, {"from_at": now + timedelta(seconds=1)}),
        ):
            await session.execute(update(Post).where(Post.account_id == account.id).values(values))
        await session.execute(update(Account).where(Account.id == disabled.id).values(disabled_at=now))
    assert (await client.get("/me/viewers?include_all=true", headers=member.auth)).json()["items"] == []


@pytest.mark.parametrize(("kind", "title"), [("group", "组长"), ("branch", "书记"), ("committee", "书记")])
async def test_who_leads_a_group_is_called_so(
    client: httpx.AsyncClient, world: World, member: Person, kind: str, title: str
) -> None:
    await set_up(world, 100, kind=kind)
    await world.staff(("leader", 100))
    (viewer,) = (await client.get("/me/viewers", headers=member.auth)).json()["items"]
    assert viewer["why"].startswith(f"一支部{title}（所在党组织）")
