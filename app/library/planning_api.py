"""Routes of search, calendar, plans and topics."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.access.deps import Db, DeskStaff, Editor, Now, TheMember, holding
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.library import calendar, plans, search, topics
from app.library.conditions import IfMatch
from app.library.planning_schemas import (
    CalendarOut,
    PlanIn,
    PlanOut,
    PlanPatch,
    Plans,
    PublicationIn,
    SearchOut,
    TopicDraft,
    TopicIn,
    TopicOut,
    TopicPatch,
    TopicRows,
    Topics,
)
from app.library.revisions import tag_of
from app.schemas import MAX_ID, Cursor, Limit, Line, PathId, Week, page

router = APIRouter(tags=["library"])

Wanted = Annotated[
    Line, Query(alias="q", max_length=60, description="Words that title or text hold, with spaces between")
]
Reviewer = Annotated[CurrentStaff, Depends(holding("reviewer"))]


@router.get("/search", operation_id="search_lessons")
async def search_lessons(
    wanted: Wanted, db: Db, member: TheMember, cursor: Cursor = None, limit: Limit = 20
) -> SearchOut:
    """Published lessons meant for the member that hold the text: those with it in the title first, then the newest."""
    rows, following = page(await search.search_read(db, member, wanted, after=cursor, limit=limit), limit)
    return SearchOut(items=list(rows), next=following)


@router.get("/desk/search", operation_id="search_desk")
async def search_desk(wanted: Wanted, db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 20) -> SearchOut:
    """Lessons in reach, as they are written, that hold the text: see `GET /search`."""
    rows, following = page(await search.search_desk(db, staff, wanted, after=cursor, limit=limit), limit)
    return SearchOut(items=list(rows), next=following)


@router.get("/desk/calendar", operation_id="get_calendar")
async def get_calendar(
    organisation_id: Annotated[int, Query(ge=1, le=MAX_ID)],
    db: Db,
    staff: DeskStaff,
    now: Now,
    first: Annotated[Week | None, Query(alias="from", description="By default four weeks ago")] = None,
    last: Annotated[Week | None, Query(alias="to", description="By default a quarter ahead")] = None,
) -> CalendarOut:
    """The weeks of an organisation with the issues that reach it, and the gaps."""
    return await calendar.get_calendar(db, staff, organisation_id, first, last, now)


@router.get("/plans", operation_id="list_plans")
async def list_plans(db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50) -> Plans:
    """The plans in reach."""
    rows, following = page(await plans.list_plans(db, staff, after=cursor, limit=limit), limit)
    return Plans(items=[plans.shown(row) for row in rows], next=following)


@router.post("/plans", operation_id="create_plan", status_code=201)
async def create_plan(body: PlanIn, db: Db, staff: Editor, now: Now, once: OnceDep) -> PlanOut:
    """Sets up the recurring columns of an organisation, from which drafts are made ahead."""
    return once.keep(plans.shown(await plans.create_plan(db, staff, body, now)))


@router.patch("/plans/{plan_id}", operation_id="change_plan")
async def change_plan(plan_id: PathId, body: PlanPatch, db: Db, staff: Editor, now: Now) -> PlanOut:
    """Changes a plan; drafts that it has made stay as they are."""
    return plans.shown(await plans.change_plan(db, staff, plan_id, body, now))


@router.get("/topics", operation_id="list_topics")
async def list_topics(db: Db, member: TheMember, cursor: Cursor = None, limit: Limit = 50) -> Topics:
    """Topics that hold something for the member, newest first."""
    rows, following = page(await topics.list_topics(db, member, before=cursor, limit=limit), limit)
    return Topics(items=list(rows), next=following)


@router.get("/topics/{topic_id}", operation_id="get_topic")
async def get_topic(topic_id: PathId, db: Db, member: TheMember) -> TopicOut:
    """A topic with the lessons that the member can read, in their order."""
    return await topics.get_topic(db, member, topic_id)


@router.post("/topics", operation_id="create_topic", status_code=201)
async def create_topic(body: TopicIn, db: Db, staff: Editor, now: Now, once: OnceDep) -> TopicDraft:
    """Starts a topic; members see it once a reviewer has published it."""
    topic = await topics.create_topic(db, staff, body, now)
    return once.keep(await topics.get_desk_topic(db, staff, topic.id))


@router.get("/desk/topics", operation_id="list_desk_topics")
async def list_desk_topics(db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50) -> TopicRows:
    """Topics in reach, newest first."""
    rows, following = page(await topics.list_desk_topics(db, staff, before=cursor, limit=limit), limit)
    return TopicRows(items=[topics.row_of(row) for row in rows], next=following)


def _tagged(response: Response, topic: TopicDraft) -> TopicDraft:
    response.headers["ETag"] = tag_of(topic.revision)
    return topic


@router.get("/desk/topics/{topic_id}", operation_id="get_desk_topic")
async def get_desk_topic(topic_id: PathId, response: Response, db: Db, staff: DeskStaff) -> TopicDraft:
    """A topic with all its lessons; its ETag goes into the `If-Match` of a change."""
    return _tagged(response, await topics.get_desk_topic(db, staff, topic_id))


@router.patch("/topics/{topic_id}", operation_id="change_topic")
async def change_topic(
    topic_id: PathId, body: TopicPatch, response: Response, db: Db, staff: Editor, expected: IfMatch, now: Now
) -> TopicDraft:
    """Changes a topic; with another title or summary it is to be published again."""
    await topics.change_topic(db, staff, topic_id, body, expected, now)
    return _tagged(response, await topics.get_desk_topic(db, staff, topic_id))


@router.put("/topics/{topic_id}/publication", operation_id="publish_topic")
async def publish_topic(
    topic_id: PathId, body: PublicationIn, response: Response, db: Db, staff: Reviewer, expected: IfMatch, now: Now
) -> TopicDraft:
    """Shows a topic to members, or hides it: a reviewer who did not write its words."""
    await topics.publish_topic(db, staff, topic_id, body.published, expected, now)
    return _tagged(response, await topics.get_desk_topic(db, staff, topic_id))
