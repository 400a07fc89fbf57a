"""Two members of a branch, one of another, and who reviews."""

from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from app.resources import Service
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.world import Person, World


@dataclass
class Branch:
    """Members of branch 100 and 101, a leader and a reviewer of 10, and calls in their names."""

    client: httpx.AsyncClient
    service: Service
    world: World
    member: Person
    other: Person
    neighbour: Person
    leader: Person
    reviewer: Person
    author: Person
    count: int = 0

    async def lesson(self) -> int:
        """A lesson that all of them may read."""
        lesson = await make_lesson(self.service, 1, self.author.id)
        week = MONDAY - timedelta(weeks=self.count)
        self.count += 1
        await make_issue(self.service, 1, self.author.id, [lesson], week=week, state="published")
        return lesson

    async def call(self, method: str, path: str, who: Person | None = None, **json: object) -> httpx.Response:
        return await self.client.request(method, path, headers=(who or self.member).auth, json=json or None)

    async def note(self, lesson: int, body: str = "学到了会议的规定", who: Person | None = None) -> int:
        answer = await self.call("POST", f"/lessons/{lesson}/notes", who, body=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def share(self, note: int, shared: bool = True, who: Person | None = None) -> httpx.Response:
        return await self.call("PUT", f"/me/notes/{note}/sharing", who, shared=shared)

    async def awaiting(self, who: Person) -> list[dict[str, object]]:
        answer = await self.call("GET", "/notes/awaiting", who)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    async def review(self, note: int, who: Person, approved: bool = True, remark: str = "") -> httpx.Response:
        """A decision on the text that waits now."""
        read = [each["updated_at"] for each in await self.awaiting(who) if each["id"] == note]
        at = read[0] if read else "2026-11-16T02:00:00Z"
        return await self.call("PUT", f"/notes/{note}/review", who, approved=approved, remark=remark, updated_at=at)

    async def seen(self, lesson: int, who: Person) -> list[tuple[object, object]]:
        answer = await self.call("GET", f"/lessons/{lesson}/notes", who)
        assert answer.status_code == 200, answer.text
        return [(each["name"], each["body"]) for each in answer.json()["items"]]


@pytest.fixture
async def branch(client: httpx.AsyncClient, service: Service, world: World) -> Branch:
    """Nothing published yet."""
    return Branch(
        client, service, world,
        member=await world.signed_in_member(100, name="张同志"),
        other=await world.signed_in_member(100, name="李同志"),
        neighbour=await world.signed_in_member(101, name="王同志"),
        leader=await world.staff(("leader", 10)),
        reviewer=await world.staff(("reviewer", 10)),
        author=await world.staff(("editor", 1)),
    )  # fmt: skip
