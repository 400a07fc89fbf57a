"""A member says which notices they do not want; meetings are not among them."""

from typing import get_args

import httpx
import pytest

from app.identity.preferences import SWITCHABLE
from app.identity.schemas import Statutory
from app.messaging.models import CAMPAIGN_KINDS
from tests.world import Person, World


async def change(client: httpx.AsyncClient, who: Person, kinds: list[str]) -> httpx.Response:
    return await client.patch("/me/preferences", json={"notices_off": kinds}, headers=who.auth)


async def test_kinds_are_switched_off_and_on_again(client: httpx.AsyncClient, world: World) -> None:
    member = await world.signed_in_member(100)
    shown = {"notices_off": ["unfinished_reminder", "weekly_issue"], "switchable": list(SWITCHABLE)}
    answer = await change(client, member, ["weekly_issue", "unfinished_reminder", "weekly_issue"])
    assert (answer.status_code, answer.json()) == (200, shown)
    assert (await client.get("/me/preferences", headers=member.auth)).json() == shown
    assert (await change(client, member, [])).json()["notices_off"] == []


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
