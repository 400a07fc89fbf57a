"""Favourites of a member."""

import pytest
from sqlalchemy import update

from app.db.engine import transaction
from app.library.models import Issue
from app.notes import favourites
from tests.app.notes.conftest import Branch


async def test_a_favourite_is_found_again_until_it_is_taken_off(branch: Branch) -> None:
    lessons = [await branch.lesson() for _ in range(3)]
    for lesson in (*lessons, lessons[0]):
        assert (await branch.call("PUT", f"/lessons/{lesson}/favourite")).status_code == 204
    first = (await branch.call("GET", "/me/favourites?limit=2")).json()
    assert [each["lesson_id"] for each in first["items"]] == lessons[:0:-1]
    rest = (await branch.call("GET", f"/me/favourites?limit=2&cursor={first['next']}")).json()
    assert ([each["lesson_id"] for each in rest["items"]], rest["next"]) == (lessons[:1], None)
    for _ in range(2):
        assert (await branch.call("DELETE", f"/lessons/{lessons[1]}/favourite")).status_code == 204
    assert len((await branch.call("GET", "/me/favourites")).json()["items"]) == 2
    assert (await branch.call("GET", "/me/favourites", branch.other)).json()["items"] == []


async def test_what_was_withdrawn_is_not_shown_until_it_is_there_again(branch: Branch) -> None:
    lesson = await branch.lesson()
    await branch.call("PUT", f"/lessons/{lesson}/favourite")
    for state, shown in (("withdrawn", []), ("published", [lesson])):
        async with transaction(branch.service.sessions) as session:
            await session.execute(update(Issue).values(state=state))
        items = (await branch.call("GET", "/me/favourites")).json()["items"]
        assert [each["lesson_id"] for each in items] == shown
    assert (await branch.call("PUT", "/lessons/999/favourite")).status_code == 404


async def test_there_is_an_end_to_favourites(branch: Branch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favourites, "MOST", 1)
    one, two = await branch.lesson(), await branch.lesson()
    assert (await branch.call("PUT", f"/lessons/{one}/favourite")).status_code == 204
    refused = await branch.call("PUT", f"/lessons/{two}/favourite")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_favourites")
    assert (await branch.call("PUT", f"/lessons/{one}/favourite")).status_code == 204
