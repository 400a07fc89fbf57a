"""Accounts, posts and settings as their keepers write them over the API."""

from datetime import datetime

import httpx
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import OrganisationSetting, Post
from tests.world import Person, World

PASSWORD = "correct horse battery"


async def open_account(client: httpx.AsyncClient, admin: Person, **more: object) -> httpx.Response:
    body = {"organisation_id": 10, "login": "wang.min", "name": "王敏", "password": PASSWORD, **more}
    return await client.post("/accounts", json=body, headers=admin.auth)


async def appoint(client: httpx.AsyncClient, keeper: Person, account: int, **more: object) -> httpx.Response:
    body = {"account_id": account, "organisation_id": 100, "role": "leader", **more}
    return await client.post("/posts", json=body, headers=keeper.auth)


async def posts_of(client: httpx.AsyncClient, keeper: Person, organisation: int) -> list[int]:
    answer = await client.get(f"/posts?organisation_id={organisation}", headers=keeper.auth)
    return [post["id"] for post in answer.json()["items"]]


async def post_of(world: World, person: Person, role: str) -> int:
    """The id of the post that somebody holds in this role."""
    async with transaction(world.service.sessions) as session:
        held = select(Post.id).where(Post.account_id == person.id, Post.role == role)
        return (await session.scalars(held)).one()


async def put_setting(
    client: httpx.AsyncClient, admin: Person, organisation: int, key: str, value: object
) -> httpx.Response:
    return await client.put(f"/organisations/{organisation}/settings/{key}", json={"value": value}, headers=admin.auth)


async def separate(world: World, organisation: int, value: bool = True) -> None:
    """Switches 三员分立 on without a look at who is there."""
    async with transaction(world.service.sessions) as session:
        session.add(
            OrganisationSetting(
                organisation_id=organisation, key="separate_duties", value=value, changed_at=world.service.clock()
            )
        )


async def set_period(world: World, post_id: int, from_at: datetime, until_at: datetime | None) -> None:
    """Has a post run from and until these times."""
    async with transaction(world.service.sessions) as session:
        post = await session.get_one(Post, post_id)
        post.from_at, post.until_at = from_at, until_at
