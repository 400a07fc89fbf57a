"""Routes of what a member reads, and how far."""

import re
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.access.deps import Db, Now, ServiceDep, TheMember
from app.library.assets.addresses import PATH, expiry_at
from app.library.lessons import shown, signed
from app.library.models import LessonVersion
from app.library.recordings import media_of
from app.library.schemas import Changed, LessonOut, reading_rule
from app.reading import queries, service
from app.reading.offline import Event, hand_in
from app.reading.resuming import list_begun
from app.reading.schemas import (
    BegunLessons,
    CurrentIssues,
    HandedIn,
    HandIn,
    IssueOut,
    IssueSummaries,
    ProgressIn,
    ProgressOut,
)
from app.reading.tickets import Ticket, TicketInvalid, open_ticket, sign_ticket
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["reading"])

TICKET: dict[str, object] = {
    "Reading-Ticket": {
        "schema": {"type": "string"},
        "description": "For what is read without network: `POST /me/reading`",
    }
}
_TAG = re.compile(r'(?:W/)?"([^"]*)"')


@router.get("/issues", operation_id="list_issues")
async def list_issues(db: Db, member: TheMember, now: Now, cursor: Cursor = None, limit: Limit = 50) -> IssueSummaries:
    """Published issues meant for the member, newest week first, with the member's completion."""
    rows, following = page(await queries.list_issues(db, member, now, after=cursor, limit=limit), limit)
    return IssueSummaries(items=list(rows), next=following)


@router.get("/issues/current", operation_id="list_current_issues")
async def list_current_issues(db: Db, member: TheMember, now: Now) -> CurrentIssues:
    """The issues of this week."""
    return CurrentIssues(items=await queries.list_current(db, member, now))


@router.get("/issues/{issue_id}", operation_id="get_issue")
async def get_issue(issue_id: PathId, db: Db, member: TheMember, now: Now) -> IssueOut:
    """A published issue with its lessons and the member's progress in each."""
    return await queries.get_issue(db, member, issue_id, now)


@cache
def _rule_tag(media: bool) -> str:
    """A version never changes, but the rule that is shown with it may."""
    rule = reading_rule(1 if media else None)
    return blake2b(rule.model_dump_json().encode(), digest_size=4).hexdigest()


def _tag(version: LessonVersion, changed: Changed | None, now: datetime) -> str:
    tag = f"{version.id}-{_rule_tag(version.media_seconds is not None)}{'-new' if changed else ''}"
    # What a client has kept must not be good for longer than the addresses in it.
    return f"{tag}-{expiry_at(now)}" if PATH in version.html or version.media_id else tag


def is_known(tag: str, if_none_match: str | None) -> bool:
    """Whether the client's `If-None-Match` names the version (RFC 9110, 13.1.2: compared weakly, `*` is any)."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or tag in _TAG.findall(if_none_match)


@router.get(
    "/lessons/{lesson_id}",
    operation_id="get_lesson",
    response_model=LessonOut,
    responses={
        200: {"headers": TICKET},
        304: {"description": "The version that the client has", "headers": TICKET},
    },
)
async def get_lesson(
    lesson_id: PathId,
    response: Response,
    svc: ServiceDep,
    db: Db,
    member: TheMember,
    now: Now,
    if_none_match: Annotated[str | None, Header(max_length=2000)] = None,
) -> LessonOut | Response:
    """The published version of a lesson, as HTML and as nodes of the mini-program."""
    version, changed = await queries.get_lesson(db, member, lesson_id)
    tag = _tag(version, changed, now)
    ticket = sign_ticket(svc.settings, member.member_id, Ticket(lesson_id, version.number, now))
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache", "Reading-Ticket": ticket}
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    media = await media_of(db, version)
    return signed(svc.settings, shown(lesson_id, version, version.number, media, changed), now)


@router.put("/lessons/{lesson_id}/progress", operation_id="record_progress")
async def record_progress(
    lesson_id: PathId, body: ProgressIn, svc: ServiceDep, db: Db, member: TheMember, now: Now
) -> ProgressOut:
    """Takes a heartbeat: what is credited is the time that the server saw pass.

    With a `ticket`, one of a phone that had no network: see `POST /me/reading`.
    """
    if body.ticket is None or body.read_at is None:
        return await service.record_progress(db, member, lesson_id, body.beat, now)
    ticket = open_ticket(svc.settings, member.member_id, body.ticket, now)
    if ticket.lesson_id != lesson_id:
        raise TicketInvalid
    event = Event(body.heartbeat_id, body.beat, body.read_at)
    return (await hand_in(db, member.member_id, ticket, [event], now)).progress


@router.get("/lessons/{lesson_id}/progress", operation_id="get_progress")
async def get_progress(lesson_id: PathId, db: Db, member: TheMember) -> ProgressOut:
    """How far the member is, on whatever device: where to go on from, and what is missing."""
    return await service.get_progress(db, member, lesson_id)


@router.get("/me/reading/current", operation_id="list_begun_lessons")
async def list_begun_lessons(db: Db, member: TheMember) -> BegunLessons:
    """The lessons that the member has begun and not completed, to go on with them on any device."""
    return BegunLessons(items=await list_begun(db, member))


@router.post("/me/reading", operation_id="hand_in_reading")
async def hand_in_reading(body: HandIn, svc: ServiceDep, db: Db, member: TheMember, now: Now) -> HandedIn:
    """Takes what was read of a lesson without network; sent again it changes nothing.

    Events of one ticket claim the time between them, at most a minute each, by the phone's clock. No more is credited
    than what is left of the member's time since the lesson was fetched, by the server's.
    """
    ticket = open_ticket(svc.settings, member.member_id, body.ticket, now)
    events = [Event(each.heartbeat_id, each.beat, each.read_at) for each in body.events]
    return await hand_in(db, member.member_id, ticket, events, now)
