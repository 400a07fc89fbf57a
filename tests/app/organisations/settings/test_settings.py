"""Settings of the tree over the API: inherited, set, dropped; and what the zone carries with it."""

from datetime import time
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from app.access.duties import duties_are_separate
from app.db.engine import transaction
from app.directory.models import Organisation, OrganisationSetting
from app.organisations.settings.keys import ALL, KEYS, QUIET_FROM, SEPARATE_DUTIES, TIMEZONE
from app.organisations.settings.resolved import get_setting, load_settings, resolve_timezones
from app.organisations.settings.schemas import KeyName
from tests.app.organisations.posts.offices import put_setting
from tests.world import TREE, Person, World

PATHS = {id_: path for id_, _, path, _, _ in TREE}


async def shown(client: httpx.AsyncClient, person: Person, organisation: int) -> dict[str, dict[str, Any]]:
    answer = await client.get(f"/organisations/{organisation}/settings", headers=person.auth)
    assert answer.status_code == 200
    return {each["key"]: each for each in answer.json()["items"]}


async def zones(world: World) -> dict[int, str]:
    async with world.service.sessions() as session:
        return dict((await session.execute(select(Organisation.id, Organisation.timezone))).all())


def test_every_key_can_be_named_and_its_default_fits() -> None:
    assert tuple(KEYS) == KeyName.__args__  # type: ignore[attr-defined]  # typing does not describe its own Literal
    for key in ALL:
        key.read(key.default)


async def test_what_nobody_has_set_is_the_products_default(client: httpx.AsyncClient, world: World) -> None:
    leader = await world.staff(("leader", 100))
    items = await shown(client, leader, 100)
    assert {name: each["value"] for name, each in items.items()} == {
        "timezone": "Asia/Shanghai", "quiet_from": "21:00", "quiet_until": "08:00", "daily_notices": 3,
        "reviews_required": 1, "separate_duties": False, "hours_a_year": 32, "hour_rules": "条例2019-默认",
        "hour_minutes": 45, "hours_a_day": 8, "quiz_minutes": 0, "paper_completes": True, "paper_hours": True,
        "points": False, "leaderboard": False, "check_in": False, "show_time": False,
    }  # fmt: skip
    assert all(each["from"] is None and not each["overridden_here"] for each in items.values())


async def test_the_nearest_organisation_says_and_dropping_follows_the_superiors_again(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    assert (await put_setting(client, admin, 1, "daily_notices", 5)).status_code == 200
    assert (await put_setting(client, admin, 10, "daily_notices", 2)).json() == {
        "key": "daily_notices", "label": "每人每天最多收到的通知数", "value": 2, "default": 3, "warning": None,
        "effective": True, "note": None,
        "from": {"organisation_id": 10, "organisation": "东片党总支"}, "overridden_here": True,
    }  # fmt: skip

    async def at(organisation: int) -> tuple[int, int | None, bool]:
        each = (await shown(client, admin, organisation))["daily_notices"]
        return each["value"], each["from"] and each["from"]["organisation_id"], each["overridden_here"]

    assert [await at(place) for place in (1, 10, 100, 11)] == [
        (5, 1, True),
        (2, 10, True),
        (2, 10, False),
        (5, 1, False),
    ]
    dropped = await client.delete("/organisations/10/settings/daily_notices", headers=admin.auth)
    assert (dropped.status_code, dropped.json()["value"]) == (200, 5)
    again = await client.delete("/organisations/10/settings/daily_notices", headers=admin.auth)
    assert again.json() == dropped.json()
    assert [await at(place) for place in (10, 100)] == [(5, 1, False), (5, 1, False)]
    entries = (await client.get("/audit?action=setting.", headers=admin.auth)).json()["items"]
    assert [(entry["action"], entry["object_id"], entry["detail"]) for entry in entries] == [
        ("setting.dropped", 10, {"key": "daily_notices"}),
        ("setting.changed", 10, {"key": "daily_notices", "value": 2}),
        ("setting.changed", 1, {"key": "daily_notices", "value": 5}),
    ]


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("timezone", ["Asia/Nowhere", "../etc/passwd", "localtime", "Factory", 8, True]),
        ("quiet_from", ["21", "17:59", "24:00", "9:00", "21:00:00", 21, True]),
        ("quiet_until", ["04:59", "12:01", "8:00", "", False]),
        ("daily_notices", [0, 21, "3", True]),
        ("hours_a_year", [0, 401, "32", False]),
        ("hour_rules", [2026, True, " ", "一\n二"]),
        ("hour_minutes", [9, 121, "45"]),
        ("quiz_minutes", [121, True]),
        ("paper_hours", [1, "true"]),
        ("points", [1, "true", "on"]),
        ("separate_duties", [0, "false"]),
    ],
)
async def test_a_value_of_another_kind_is_refused(
    client: httpx.AsyncClient, world: World, key: str, bad: list[object]
) -> None:
    admin = await world.staff(("administrator", 10))
    for value in bad:
        refused = await put_setting(client, admin, 10, key, value)
        assert refused.status_code == 422, value
        assert refused.json()["code"] in {"bad_setting", "invalid_input"}
    assert not (await shown(client, admin, 10))[key]["overridden_here"]


async def test_settings_are_read_by_any_post_in_reach_and_written_by_administrators(
    client: httpx.AsyncClient, world: World
) -> None:
    for role in ("leader", "editor", "reviewer", "auditor", "security_administrator"):
        person = await world.staff((role, 10))
        await shown(client, person, 100)
        for outside in (1, 11, 2):
            assert (await client.get(f"/organisations/{outside}/settings", headers=person.auth)).status_code == 404
        assert (await put_setting(client, person, 10, "daily_notices", 2)).status_code == 403
        assert (await client.delete("/organisations/10/settings/daily_notices", headers=person.auth)).status_code == 403
    admin = await world.staff(("administrator", 10))
    assert (await put_setting(client, admin, 1, "daily_notices", 2)).status_code == 404
    assert (await put_setting(client, admin, 10, "no_such_key", 2)).status_code == 422


@pytest.mark.parametrize("key", ["points", "leaderboard", "check_in", "show_time"])
async def test_a_restricted_switch_is_off_names_the_rules_and_says_that_it_does_nothing_yet(
    client: httpx.AsyncClient, world: World, key: str
) -> None:
    admin = await world.staff(("administrator", 10))
    switched = (await put_setting(client, admin, 10, key, True)).json()
    assert (switched["value"], switched["default"], switched["effective"]) == (True, False, False)
    assert "《整治形式主义为基层减负若干规定》" in switched["warning"]
    assert "《政务移动互联网应用程序规范化管理办法》" in switched["warning"]
    assert "尚未提供" in switched["note"]


async def test_a_changed_zone_holds_for_all_below_that_have_none_of_their_own(
    client: httpx.AsyncClient, world: World
) -> None:
    admin = await world.staff(("administrator", 1))
    await put_setting(client, admin, 100, "timezone", "Asia/Kashgar")
    answer = await client.patch("/organisations/10", json={"timezone": "Asia/Urumqi"}, headers=admin.auth)
    assert answer.json()["timezone"] == "Asia/Urumqi"
    item = (await shown(client, admin, 101))["timezone"]
    assert (item["value"], item["from"]["organisation_id"]) == ("Asia/Urumqi", 10)
    assert (await zones(world)) == {
        1: "Asia/Shanghai", 2: "Asia/Shanghai", 10: "Asia/Urumqi", 11: "Asia/Shanghai", 20: "Asia/Shanghai",
        100: "Asia/Kashgar", 101: "Asia/Urumqi", 110: "Asia/Shanghai",
    }  # fmt: skip
    made = await client.post(
        "/organisations", json={"parent_id": 10, "name": "新支部", "kind": "branch"}, headers=admin.auth
    )
    assert made.json()["timezone"] == "Asia/Urumqi"
    moved = await client.post("/organisations/101/move", json={"parent_id": 11}, headers=admin.auth)
    assert moved.json()["timezone"] == "Asia/Shanghai"
    moved = await client.post("/organisations/100/move", json={"parent_id": 11}, headers=admin.auth)
    assert moved.json()["timezone"] == "Asia/Kashgar", "its own goes with it"
    await client.delete("/organisations/10/settings/timezone", headers=admin.auth)
    assert (await zones(world))[10] == "Asia/Shanghai"


places = st.sampled_from(sorted(PATHS))
zone_names = st.sampled_from(["Asia/Shanghai", "Asia/Urumqi", "UTC", "Europe/Berlin"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    set_zones=st.dictionaries(places, zone_names, max_size=5),
    switches=st.dictionaries(places, st.booleans(), max_size=5),
    hours=st.dictionaries(places, st.times(time(18), time(23, 59)), max_size=3),
    root=places,
)
async def test_what_holds_is_what_the_nearest_organisation_says(
    world: World, set_zones: dict[int, str], switches: dict[int, bool], hours: dict[int, time], root: int
) -> None:
    """Against the plain rule: Python, the resolved column and the SQL condition all say the same."""
    now = world.service.clock()
    rows: list[tuple[int, str, object]] = [(id_, TIMEZONE.name, zone) for id_, zone in set_zones.items()]
    rows += [(id_, SEPARATE_DUTIES.name, value) for id_, value in switches.items()]
    rows += [(id_, QUIET_FROM.name, f"{value:%H:%M}") for id_, value in hours.items()]
    async with transaction(world.service.sessions) as session:
        await session.execute(text("DELETE FROM organisation_settings"))
        await session.execute(text("UPDATE organisations SET timezone = 'Etc/GMT+1'"))
        session.add_all(
            OrganisationSetting(organisation_id=id_, key=key, value=value, changed_at=now) for id_, key, value in rows
        )
        await resolve_timezones(session, PATHS[root])
        resolved = (await session.execute(select(Organisation.id, Organisation.timezone))).all()
        separate = (await session.execute(select(Organisation.id, duties_are_separate()))).all()
        loaded = await load_settings(session, list(PATHS.values()), ALL)
        one = await get_setting(session, PATHS[root], QUIET_FROM)

    def nearest(id_: int, chosen: dict[int, Any], default: object) -> object:
        path = [int(part) for part in PATHS[id_].strip("/").split("/")]
        return next((chosen[above] for above in reversed(path) if above in chosen), default)

    for id_, path in PATHS.items():
        below = path.startswith(PATHS[root])
        zone = nearest(id_, set_zones, "Asia/Shanghai")
        assert loaded.get(path, TIMEZONE) == zone
        assert dict(resolved)[id_] == (zone if below else "Etc/GMT+1")
        assert dict(separate)[id_] is nearest(id_, switches, False)
        assert loaded.get(path, SEPARATE_DUTIES) is nearest(id_, switches, False)
    hour = nearest(root, hours, time(21))
    assert isinstance(hour, time)
    assert one == hour.replace(second=0, microsecond=0)


async def test_a_setting_of_no_kind_at_all_is_refused_in_words(client: httpx.AsyncClient, world: World) -> None:
    refused = await put_setting(client, await world.staff(("administrator", 10)), 10, "daily_notices", [3])
    assert {(each["field"], each["label"]) for each in refused.json()["errors"]} == {("value", "设置的值")}
