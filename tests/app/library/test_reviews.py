"""An organisation may ask for up to three reviews (三审), each by somebody else who wrote nothing of it."""

import httpx
import pytest

from app.db.engine import transaction
from app.directory.models import OrganisationSetting
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.world import Person, World


async def require(service: Service, organisation_id: int, reviews: int) -> None:
    """Has the organisation and all below ask for so many reviews."""
    async with transaction(service.sessions) as session:
        session.add(
            OrganisationSetting(
                organisation_id=organisation_id, key="reviews_required", value=reviews, changed_at=service.clock()
            )
        )


class Room:
    """An issue of organisation 10 in review, whose superior asks for three reviews."""

    def __init__(self, client: httpx.AsyncClient, issue: int, author: Person, reviewers: list[Person]) -> None:
        self.client, self.issue, self.author, self.reviewers = client, issue, author, reviewers

    async def move(self, who: Person, to: str) -> httpx.Response:
        return await self.client.post(f"/issues/{self.issue}/transitions", headers=who.auth, json={"to": to})

    async def shown(self) -> tuple[str, list[int]]:
        answer = (await self.client.get(f"/desk/issues/{self.issue}", headers=self.author.auth)).json()
        return answer["state"], [review["reviewer"]["id"] for review in answer["reviews"]]


@pytest.fixture
async def room(client: httpx.AsyncClient, world: World, service: Service) -> Room:
    await require(service, 1, 3)
    author = await world.staff(("editor", 10))
    reviewers = [await world.staff(("reviewer", place)) for place in (10, 1, 10, 1)]
    issue = await make_issue(service, 10, author.id, [await make_lesson(service, 10, author.id)])
    room = Room(client, issue, author, reviewers)
    assert (await room.move(author, "in_review")).json()["reviews_required"] == 3
    return room


async def test_the_last_of_three_approvals_schedules(room: Room) -> None:
    one, two, three, _ = room.reviewers
    for count, reviewer in enumerate((one, two), start=1):
        assert (await room.move(reviewer, "scheduled")).status_code == 200
        assert await room.shown() == ("in_review", [each.id for each in room.reviewers[:count]])
    again = await room.move(one, "scheduled")
    assert (again.status_code, again.json()["code"]) == (409, "reviewed_already")
    last = (await room.move(three, "scheduled")).json()
    assert (last["state"], last["reviewer"]["id"]) == ("scheduled", three.id)
    assert last["publish_at"] is not None


async def test_back_to_draft_voids_what_was_approved(room: Room) -> None:
    for reviewer in room.reviewers[:2]:
        await room.move(reviewer, "scheduled")
    assert (await room.move(room.reviewers[2], "draft")).status_code == 200
    assert await room.shown() == ("draft", [])
    await room.move(room.author, "in_review")
    assert (await room.move(room.reviewers[0], "scheduled")).json()["state"] == "in_review"
    assert await room.shown() == ("in_review", [room.reviewers[0].id])


async def test_who_ever_wrote_in_it_reviews_nothing_of_it(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    author, other = await world.staff(("editor", 10)), await world.staff(("editor", 10))
    both = await world.staff(("editor", 10), ("reviewer", 10))
    lesson = await make_lesson(service, 10, author.id)
    issue = await make_issue(service, 10, author.id, [lesson])
    # Somebody else has changed it since: that the words of `both` are in it is only in the history.
    for who in (both, other):
        changed = await client.patch(f"/lessons/{lesson}/draft", headers=who.auth, json={"summary": f"{who.id}改的"})
        assert changed.status_code == 200
    url = f"/issues/{issue}/transitions"
    assert (await client.post(url, headers=author.auth, json={"to": "in_review"})).status_code == 200
    refused = await client.post(url, headers=both.auth, json={"to": "scheduled"})
    assert (refused.status_code, refused.json()["code"]) == (409, "own_issue")
