"""An issue may mean some of its subtree only: by stage, roster and tags."""

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from app.access.principals import CurrentMember, CurrentStaff, HeldPost
from app.db.engine import transaction
from app.directory.models import ROSTERS, STAGES, Member, Organisation
from app.library.audience import get_reach
from app.library.issue_schemas import AudienceIn
from app.library.issues import set_audience
from app.library.models import Issue
from app.library.service import publish_issue
from app.reading.queries import list_issues
from app.reports import queries
from app.reports.service import get_completion
from app.resources import Service
from tests.app.library.desk import make_issue, make_lesson
from tests.study import WEEK, Study, monday
from tests.world import Person, World

TAGS = ("农业", "教育", "a|b")
people = st.fixed_dictionaries(
    {
        "stage": st.sampled_from(STAGES[:3]),
        "roster": st.sampled_from(ROSTERS),
        "tags": st.lists(st.sampled_from(TAGS), unique=True),
        "exempt_reason": st.sampled_from([None, None, "病"]),
    }
)
audiences = st.builds(
    AudienceIn,
    stages=st.lists(st.sampled_from(STAGES[:3]), max_size=2, unique=True),
    rosters=st.lists(st.sampled_from(ROSTERS), max_size=2, unique=True),
    tags=st.lists(st.sampled_from(TAGS), max_size=2, unique=True),
)


def means(audience: AudienceIn, person: dict[str, object]) -> bool:
    """The rule, as the issue has it: each list narrows, an empty one does not."""
    tags = person["tags"]
    assert isinstance(tags, list)
    return (
        (not audience.stages or person["stage"] in audience.stages)
        and (not audience.rosters or person["roster"] in audience.rosters)
        and (not audience.tags or bool(set(tags) & set(audience.tags)))
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(everybody=st.lists(people, max_size=6), wishes=st.lists(audiences, min_size=1, max_size=2))
async def test_lists_figures_reminders_and_reach_mean_the_same_members(
    world: World, service: Service, everybody: list[dict[str, object]], wishes: list[AudienceIn]
) -> None:
    async with transaction(service.sessions) as session:
        await session.execute(text("TRUNCATE members, issues, lessons CASCADE"))
    study = await Study.build(world)
    for place, audience in zip((10, 100), wishes, strict=False):
        issue = await study.issue(place)
        async with transaction(service.sessions) as session:
            set_audience(await session.get_one(Issue, issue.id), audience)
    ids = [await world.member(100, **person) for person in everybody]
    expected = [sum(means(audience, person) for audience in wishes) for person in everybody]
    due = [bool(count) and not person["exempt_reason"] for count, person in zip(expected, everybody, strict=True)]
    staff = CurrentStaff(1, 1, "", (HeldPost("leader", 10, "/1/10/"), HeldPost("editor", 10, "/1/10/")))
    now = service.clock()
    async with service.sessions() as session:
        listed = [len(await list_issues(session, _member(id_), now, after=None, limit=9)) for id_ in ids]
        figures = await get_completion(session, staff, 10, WEEK, by_member=False, after=None, limit=1, now=now)
        left = await session.scalars(select(Member.id).where(queries.unfinished(monday(), now)).order_by(Member.id))
        reach = await get_reach(session, staff, 10, wishes[0])
    assert listed == expected
    assert figures.totals.due == sum(due)
    assert left.all() == [id_ for id_, each in zip(ids, due, strict=True) if each]
    meant = [person for person in everybody if means(wishes[0], person)]
    assert reach.members == len(meant)
    few = len(meant) < 5
    assert reach.exempt == (None if few else sum(person["exempt_reason"] is not None for person in meant))
    assert reach.floating == (None if few else sum(person["roster"] == "floating" for person in meant))


async def test_reach_counts_neither_who_has_left_nor_those_of_a_practice_organisation(
    client: httpx.AsyncClient, world: World, service: Service
) -> None:
    editor = await world.staff(("editor", 1))
    await world.member(100)
    await world.member(100, archived_at=service.clock())
    await world.member(101)
    async with transaction(service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 101).values(practice=True))
    for place, members in ((10, 1), (101, 1)):
        asked = {"organisation_id": place, "audience": {}}
        assert (await client.post("/desk/reach", headers=editor.auth, json=asked)).json()["members"] == members


def _member(member_id: int) -> CurrentMember:
    return CurrentMember(1, 1, "", member_id, 100, "/1/10/100/", "Asia/Shanghai", False)


@pytest.fixture
async def readers(world: World) -> tuple[Person, Person]:
    """An activist and a full member of the branch 100."""
    return await world.signed_in_member(100, stage="activist"), await world.signed_in_member(100)


async def test_who_is_not_meant_finds_neither_the_issue_nor_its_lesson_nor_its_progress(
    client: httpx.AsyncClient, world: World, service: Service, readers: tuple[Person, Person]
) -> None:
    editor = await world.staff(("editor", 10))
    lesson = await make_lesson(service, 10, editor.id)
    issue = await make_issue(service, 10, editor.id, [lesson])
    body = {"audience": {"stages": ["activist"], "rosters": [], "tags": []}}
    changed = await client.patch(f"/issues/{issue}", headers=editor.auth, json=body)
    assert changed.json()["audience"] == body["audience"]
    reach = await client.get(f"/issues/{issue}/reach", headers=editor.auth)
    assert reach.json() == {"members": 1, "exempt": None, "floating": None}
    asked = {"organisation_id": 10, "audience": {"stages": ["full_member", "activist"]}}
    assert (await client.post("/desk/reach", headers=editor.auth, json=asked)).json()["members"] == 2
    async with transaction(service.sessions) as session:
        (await session.get_one(Issue, issue)).state = "scheduled"
    async with transaction(service.sessions) as session:
        assert await publish_issue(session, issue, service.clock())
    meant, other = readers
    beat = {"position": 0.1, "heartbeat_id": "1"}
    for who, status in ((meant, 200), (other, 404)):
        answers = [
            await client.get(f"/issues/{issue}", headers=who.auth),
            await client.get(f"/lessons/{lesson}", headers=who.auth),
            await client.put(f"/lessons/{lesson}/progress", headers=who.auth, json=beat),
        ]
        assert [answer.status_code for answer in answers] == [status] * 3
        assert bool((await client.get("/issues", headers=who.auth)).json()["items"]) == (status == 200)
