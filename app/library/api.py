"""Routes of lessons and weekly issues for editors and reviewers."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.access.deps import Db, DeskStaff, Editor, Now, ServiceDep
from app.access.idempotency import OnceDep
from app.db.engine import transaction
from app.library import issues, lessons, service
from app.library.models import Lesson
from app.library.rules import required_seconds
from app.library.schemas import (
    IssueDraft,
    IssueIn,
    IssuePatch,
    IssueRows,
    IssueState,
    LessonDraft,
    LessonOut,
    LessonPatch,
    LessonRows,
    TransitionIn,
)
from app.library.uploads import LESSON_BODY, KnownEditor, SubmittedLesson, compose, parse_lesson
from app.schemas import MAX_ID, Cursor, Limit, PathId, Week, page

router = APIRouter(tags=["library"])

OrganisationFilter = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Of this organisation only")]


def _draft(lesson: Lesson, published_version: int | None) -> LessonDraft:
    return LessonDraft(
        id=lesson.id,
        organisation_id=lesson.organisation_id,
        title=lesson.title,
        summary=lesson.summary,
        source=lesson.source,
        article=lesson.article,
        source_url=lesson.source_url,
        markdown=lesson.markdown,
        characters=lesson.characters,
        required_seconds=required_seconds(lesson.characters),
        published_version=published_version,
        updated_at=lesson.updated_at,
    )


@router.post(
    "/lessons",
    operation_id="create_lesson",
    status_code=201,
    openapi_extra=LESSON_BODY,
    responses={415: {"description": "Neither JSON nor multipart", "content": {"application/problem+json": {}}}},
)
async def create_lesson(submitted: SubmittedLesson, db: Db, staff: Editor, now: Now, once: OnceDep) -> LessonDraft:
    """Adds a lesson: as fields, or as a Markdown file with front matter."""
    lesson = await lessons.create_lesson(db, staff, submitted.organisation_id, submitted.document, now)
    return once.keep(_draft(lesson, None))


@router.get("/desk/lessons", operation_id="list_desk_lessons")
async def list_desk_lessons(
    db: Db, staff: DeskStaff, organisation_id: OrganisationFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> LessonRows:
    """Lessons in reach, newest first."""
    found = await lessons.list_lessons(db, staff, organisation_id, before=cursor, limit=limit)
    rows, following = page(found, limit)
    return LessonRows(items=list(rows), next=following)


@router.get("/lessons/{lesson_id}/draft", operation_id="get_lesson_draft")
async def get_lesson_draft(lesson_id: PathId, db: Db, staff: DeskStaff) -> LessonDraft:
    """A lesson as it is written."""
    lesson = await lessons.get_lesson(db, staff, lesson_id, "editor", "reviewer")
    return _draft(lesson, await lessons.version_number(db, lesson))


@router.patch("/lessons/{lesson_id}/draft", operation_id="change_lesson_draft")
async def change_lesson_draft(
    lesson_id: PathId, body: LessonPatch, svc: ServiceDep, editor: KnownEditor, now: Now
) -> LessonDraft:
    """Changes a lesson that no issue under review, scheduled or published rests on."""
    async with transaction(svc.sessions) as session:
        base = await lessons.get_lesson(session, editor, lesson_id, "editor")
        await lessons.check_unlocked(session, lesson_id)
    fields = {name: getattr(base, name) for name in lessons.FIELDS}
    document = await parse_lesson(compose(**fields | body.model_dump(exclude_none=True)))
    async with transaction(svc.sessions) as session:
        lesson = await lessons.change_lesson(session, editor, base, document, now)
        return _draft(lesson, await lessons.version_number(session, lesson))


@router.post("/lessons/{lesson_id}/preview", operation_id="preview_lesson")
async def preview_lesson(lesson_id: PathId, svc: ServiceDep, db: Db, staff: DeskStaff, now: Now) -> LessonOut:
    """The lesson exactly as members will get it, but for the number of the version."""
    draft = await lessons.get_lesson(db, staff, lesson_id, "editor", "reviewer")
    return lessons.signed(svc.settings, lessons.shown(lesson_id, draft, None), now)


@router.post("/issues", operation_id="create_issue", status_code=201)
async def create_issue(body: IssueIn, db: Db, staff: Editor, now: Now, once: OnceDep) -> IssueDraft:
    """Starts a weekly issue of an organisation."""
    issue = await issues.create_issue(db, staff, body, now)
    return once.keep(await issues.get_issue(db, staff, issue.id))


@router.get("/desk/issues", operation_id="list_desk_issues")
async def list_desk_issues(
    db: Db,
    staff: DeskStaff,
    organisation_id: OrganisationFilter = None,
    state: IssueState | None = None,
    week: Week | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> IssueRows:
    """Weekly issues in reach, newest first."""
    found = await issues.list_issues(
        db, staff, organisation_id=organisation_id, state=state, week=week, before=cursor, limit=limit
    )
    rows, following = page(found, limit)
    return IssueRows(items=list(rows), next=following)


@router.get("/desk/issues/{issue_id}", operation_id="get_desk_issue")
async def get_desk_issue(issue_id: PathId, db: Db, staff: DeskStaff) -> IssueDraft:
    """A weekly issue with its lessons, state, author and reviewer."""
    return await issues.get_issue(db, staff, issue_id)


@router.patch("/issues/{issue_id}", operation_id="change_issue")
async def change_issue(issue_id: PathId, body: IssuePatch, db: Db, staff: Editor, now: Now) -> IssueDraft:
    """Changes a draft."""
    issue = await issues.change_issue(db, staff, issue_id, body, now)
    return await issues.get_issue(db, staff, issue.id)


@router.post("/issues/{issue_id}/transitions", operation_id="move_issue")
async def move_issue(issue_id: PathId, body: TransitionIn, db: Db, staff: DeskStaff, now: Now) -> IssueDraft:
    """Moves a weekly issue along draft, in_review, scheduled, published, withdrawn, or back to draft."""
    await service.transition(db, staff, issue_id, body.to, body.publish_at, now)
    return await issues.get_issue(db, staff, issue_id)
