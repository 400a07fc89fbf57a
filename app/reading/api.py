"""Routes of what a member reads, and how far."""

import re
from datetime import datetime
from hashlib import blake2b
from typing import Annotated

from fastapi import APIRouter, Header, Response

from app.access.deps import Db, Now, ServiceDep, TheMember
from app.library.assets.addresses import PATH, expiry_at
from app.library.lessons import shown, signed
from app.library.models import LessonVersion
from app.library.recordings import media_of
from app.library.schemas import Changed, LessonOut, ReadingRule
from app.reading import queries, service
from app.reading.schemas import CurrentIssues, IssueOut, IssueSummaries, ProgressIn, ProgressOut
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["reading"])

# A version never changes, but the rule that is shown with it may.
_RULE = blake2b(ReadingRule().model_dump_json().encode(), digest_size=4).hexdigest()
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


def _tag(version: LessonVersion, changed: Changed | None, now: datetime) -> str:
    tag = f"{version.id}-{_RULE}{'-new' if changed else ''}"
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
    responses={304: {"description": "The version that the client has"}},
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
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    if is_known(tag, if_none_match):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    media = await media_of(db, version)
    return signed(svc.settings, shown(lesson_id, version, version.number, media, changed), now)


@router.put("/lessons/{lesson_id}/progress", operation_id="record_progress")
async def record_progress(lesson_id: PathId, body: ProgressIn, db: Db, member: TheMember, now: Now) -> ProgressOut:
    """Takes a heartbeat: what is credited is the time that the server saw pass."""
    return await service.record_progress(db, member, lesson_id, body.position, body.heartbeat_id, now)
