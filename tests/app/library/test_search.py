"""Search finds exactly the lessons whose title or text holds what is asked, of those that the asker may read."""

import time

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from app.access.principals import CurrentMember, CurrentStaff, HeldPost
from app.db.engine import transaction
from app.library.desk_models import LessonText
from app.library.lessons import add_lesson
from app.library.models import Lesson
from app.library.search import search_desk, search_read
from app.library.texts import searchable
from app.resources import Service
from content.documents.markdown import lesson_from_fields
from tests.app.library.desk import fields, make_issue, make_lesson
from tests.study import Study
from tests.world import World

EDITOR = CurrentStaff(1, 1, "", (HeldPost("editor", 10, "/1/10/"),))
# Few characters, so that pairs come again in another order.
words = st.text(st.sampled_from("党支部会aB"), min_size=1, max_size=6)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# It has each pair of neighbours of what is asked, and not in this order.
@example(lessons=[("会", "党支会党")], query="会党支")
@given(lessons=st.lists(st.tuples(words, words), min_size=1, max_size=5), query=words)
async def test_search_finds_exactly_what_holds_the_query(
    world: World, service: Service, lessons: list[tuple[str, str]], query: str
) -> None:
    async with transaction(service.sessions) as session:
        await session.execute(text("TRUNCATE lessons CASCADE"))
    author = (await world.staff(("editor", 10))).id
    made: dict[int, tuple[str, str]] = {}
    for title, body in lessons:
        async with transaction(service.sessions) as session:
            document = lesson_from_fields(title, "", "来源", "", "", body)
            lesson = add_lesson(session, author, 10, document, service.clock())
            await session.flush()
            made[lesson.id] = (title.casefold(), body.casefold())
    wanted = query.casefold()
    expected = {id_: wanted in title for id_, (title, body) in made.items() if wanted in title or wanted in body}
    async with service.sessions() as session:
        found = await search_desk(session, EDITOR, query, after=None, limit=50)
        pages, after = [], None
        while page := await search_desk(session, EDITOR, query, after=after, limit=1):
            pages.append(page[0])
            after = page[0].id
    assert [each.id for each in found] == sorted(expected, key=lambda id_: (expected[id_], id_), reverse=True)
    assert pages == found
    for each in found:
        body = made[each.id][1]
        snippet = each.snippet.before + each.snippet.match + each.snippet.after
        assert (snippet.casefold(), each.snippet.match.casefold()) == (body, wanted if wanted in body else "")


async def ids(client: httpx.AsyncClient, url: str, who: dict[str, str], query: str) -> list[int]:
    answer = await client.get(url, params={"q": query}, headers=who)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_members_find_what_is_published_for_them_until_it_is_withdrawn(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 1))
    near, far = await world.signed_in_member(100), await world.signed_in_member(110)
    lesson = await make_lesson(service, 10, editor.id, "坚持 **三会一课** 制度")
    assert await ids(client, "/search", near.auth, "三会一课") == []
    assert await ids(client, "/desk/search", editor.auth, "会一") == [lesson]
    issue = await make_issue(service, 10, editor.id, [lesson], state="published")
    for query, found in (("三会一课", [lesson]), ("坚持三会", [lesson]), ("课一", []), ("会", [lesson]), ("  ", None)):
        if found is None:
            assert (await client.get("/search", params={"q": query}, headers=near.auth)).status_code == 422
        else:
            assert await ids(client, "/search", near.auth, query) == found, query
    assert await ids(client, "/search", far.auth, "三会一课") == []
    await client.post(f"/issues/{issue}/transitions", headers=editor.auth, json={"to": "withdrawn"})
    assert await ids(client, "/search", near.auth, "三会一课") == []


async def test_words_with_a_space_between_may_stand_anywhere(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    texts = {"党费缴纳规定": "每月缴纳一次。", "组织生活": "党员每月交党费，缴纳标准见附表。", "其他": "只说党费。"}
    made = {
        title: (await client.post("/lessons", headers=editor.auth, json=fields(10, title=title, markdown=body))).json()
        for title, body in texts.items()
    }
    both = [made["党费缴纳规定"]["id"], made["组织生活"]["id"]]
    for query in ("党费 缴纳", "缴纳　党费", " 缴  费 "):
        assert await ids(client, "/desk/search", editor.auth, query) == both, query
    assert await ids(client, "/desk/search", editor.auth, "党费 附表") == both[1:]
    assert await ids(client, "/desk/search", editor.auth, "党费 没有") == []
    found = (await client.get("/desk/search", params={"q": "没 党费 附表"}, headers=editor.auth)).json()["items"]
    assert found == []
    (item,) = (await client.get("/desk/search", params={"q": "组织 附表"}, headers=editor.auth)).json()["items"]
    assert item["snippet"] == {"before": "多久开一次 党员每月交党费，缴纳标准见", "match": "附表", "after": "。"}


async def test_the_page_after_a_lesson_out_of_reach_does_not_tell_what_it_holds(
    client: httpx.AsyncClient, world: World
) -> None:
    near, far = await world.staff(("editor", 10)), await world.staff(("editor", 11))
    mine = (await client.post("/lessons", headers=near.auth, json=fields(10, title="我的预备党员"))).json()["id"]
    for title in ("别人的预备党员", "别人的入党积极分子"):
        other = (await client.post("/lessons", headers=far.auth, json=fields(11, title=title))).json()["id"]
        query = {"q": "预备党员", "cursor": other}
        found = (await client.get("/desk/search", params=query, headers=near.auth)).json()
        assert found == {"items": [], "next": None}, title
    assert await ids(client, "/desk/search", near.auth, "预备党员") == [mine]


async def test_a_draft_is_found_by_its_new_words_at_once(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    lesson = (await client.post("/lessons", headers=editor.auth, json=fields(10, title="旧的题目"))).json()["id"]
    await client.patch(f"/lessons/{lesson}/draft", headers=editor.auth, json={"title": "主题党日"})
    assert await ids(client, "/desk/search", editor.auth, "主题党日") == [lesson]
    assert await ids(client, "/desk/search", editor.auth, "旧的题目") == []
    found = (await client.get("/desk/search", params={"q": "每月召开"}, headers=editor.auth)).json()["items"][0]
    assert found["snippet"]["before"].endswith("党的支部委员会会议一般")
    assert (found["snippet"]["match"], found["snippet"]["after"][:3]) == ("每月召开", "一次。")


@pytest.mark.timeout(120)
async def test_a_few_thousand_lessons_stay_fast(world: World, service: Service) -> None:
    study = await Study.build(world)
    issue = await study.issue(1)
    body = "党的支部委员会会议一般每月召开一次，根据需要可以随时召开。" * 40
    async with transaction(service.sessions) as session:
        first = await session.get_one(Lesson, issue.required[0])
        values = {column.name: getattr(first, column.name) for column in Lesson.__table__.columns}
        rows = [{**values, "id": 10_000 + number} for number in range(3000)]
        await session.execute(insert(Lesson), rows)
        nodes = [{"type": "text", "text": body}]
        texts = [
            {"lesson_id": row["id"], "published": True, **searchable(f"第{row['id']}篇", "", nodes)} for row in rows
        ]
        await session.execute(insert(LessonText), texts)
        await session.execute(
            text("INSERT INTO issue_lessons SELECT :issue, id, id, true FROM lessons WHERE id >= 10000"),
            {"issue": issue.id},
        )
    member = CurrentMember(1, 1, "", await world.member(100), 100, "/1/10/100/", "Asia/Shanghai", False)
    for query, count in (("随时召开", 21), ("第12345篇", 1), ("党", 21), ("召随", 0)):
        begun = time.perf_counter()
        async with service.sessions() as session:
            found = await search_read(session, member, query, after=None, limit=20)
        assert len(found) == count
        assert time.perf_counter() - begun < 2, query
