"""Routes of lessons and weekly issues for editors and reviewers."""

from datetime import datetime
from typing import Annotated, TypeVar, cast

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from app.access.deps import Db, DeskStaff, Editor, Now, ServiceDep, checked_first
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.library import issue_views, issues, lessons, service
from app.library.issue_schemas import IssueDraft, IssueIn, IssuePatch, IssueRows, IssueState, TransitionIn
from app.library.models import Lesson
from app.library.revisions import Expected, check_revision, read_if_match, tag_of
from app.library.rules import required_seconds
from app.library.schemas import LessonDraft, LessonOut, LessonPatch, LessonRows, Permission, WarningOut
from app.library.uploads import (
    DOCUMENT_BODY,
    LESSON_BODY,
    KnownEditor,
    SubmittedLesson,
    read_replacement,
    rewrite,
)
from app.library.versions import version_number
from app.library.warnings import find_warnings, load_words
from app.library.written import Byline, Written
from app.resources import Service
from app.schemas import MAX_ID, Cursor, Limit, PathId, Week, page
from content.documents.result import open_placeholders

router = APIRouter(tags=["library"])

OrganisationFilter = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Of this organisation only")]


async def _if_match(if_match: Annotated[str | None, Header(max_length=2000)] = None) -> Expected:
    """What the client expects to change; without the header the change is made as it is (412 else `stale_revision`)."""
    return read_if_match(if_match)


# Looked up before, in a transaction that is over: a long text is looked through with none open.
FirstAtDesk = Annotated[CurrentStaff, Depends(checked_first(*lessons.DESK))]
IfMatch = Annotated[Expected, Depends(_if_match)]
Draft = TypeVar("Draft", LessonDraft, IssueDraft)


def _tagged(response: Response, draft: Draft) -> Draft:
    response.headers["ETag"] = tag_of(draft.revision)
    return draft


def _draft(lesson: Lesson, published_version: int | None, warnings: list[WarningOut]) -> LessonDraft:
    return LessonDraft(
        id=lesson.id,
        organisation_id=lesson.organisation_id,
        title=lesson.title,
        summary=lesson.summary,
        source=lesson.source,
        article=lesson.article,
        source_url=lesson.source_url,
        author_line=lesson.author_line,
        reprint_permission=cast("Permission", lesson.reprint_permission),
        markdown=lesson.markdown,
        characters=lesson.characters,
        required_seconds=required_seconds(lesson.characters),
        published_version=published_version,
        open_pictures=open_placeholders(lesson.html),
        warnings=warnings,
        revision=lesson.revision,
        updated_at=lesson.updated_at,
    )


@router.post(
    "/lessons",
    operation_id="create_lesson",
    status_code=201,
    openapi_extra=LESSON_BODY,
    responses={415: {"description": "Neither JSON nor multipart", "content": {"application/problem+json": {}}}},
)
async def create_lesson(
    submitted: SubmittedLesson, response: Response, db: Db, staff: Editor, now: Now, once: OnceDep
) -> LessonDraft:
    """Adds a lesson: as fields, or as a file: a document, a picture, or Markdown with front matter."""
    lesson = await lessons.create_lesson(db, staff, submitted.organisation_id, submitted.written, submitted.byline, now)
    return _tagged(response, once.keep(_draft(lesson, None, submitted.warnings)))


@router.get("/desk/lessons", operation_id="list_desk_lessons")
async def list_desk_lessons(
    db: Db, staff: DeskStaff, organisation_id: OrganisationFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> LessonRows:
    """Lessons in reach, newest first."""
    found = await lessons.list_lessons(db, staff, organisation_id, before=cursor, limit=limit)
    rows, following = page(found, limit)
    return LessonRows(items=list(rows), next=following)


@router.get("/lessons/{lesson_id}/draft", operation_id="get_lesson_draft")
async def get_lesson_draft(lesson_id: PathId, response: Response, svc: ServiceDep, staff: FirstAtDesk) -> LessonDraft:
    """A lesson as it is written; its ETag goes into the `If-Match` of a change."""
    async with transaction(svc.sessions) as session:
        lesson = await lessons.get_lesson(session, staff, lesson_id, *lessons.DESK)
        number = await version_number(session, lesson)
        words = await load_words(session, lesson.organisation_id)
    return _tagged(response, _draft(lesson, number, await find_warnings(words, lesson)))


async def _base(svc: Service, editor: CurrentStaff, lesson_id: int, expected: Expected) -> Lesson:
    """The draft that is about to be changed, if it may be: looked at again when the change is made."""
    async with transaction(svc.sessions) as session:
        base = await lessons.get_lesson(session, editor, lesson_id, "editor")
        check_revision(base.revision, expected)
        await lessons.check_unlocked(session, lesson_id)
        return base


async def _change(
    svc: Service,
    editor: CurrentStaff,
    base: Lesson,
    written: Written,
    byline: Byline | None,
    expected: Expected,
    now: datetime,
) -> LessonDraft:
    async with transaction(svc.sessions) as session:
        lesson = await lessons.change_lesson(session, editor, base, written, now, byline, expected)
        number = await version_number(session, lesson)
        words = await load_words(session, lesson.organisation_id)
    return _draft(lesson, number, await find_warnings(words, lesson))


@router.patch("/lessons/{lesson_id}/draft", operation_id="change_lesson_draft")
async def change_lesson_draft(
    lesson_id: PathId,
    body: LessonPatch,
    response: Response,
    svc: ServiceDep,
    editor: KnownEditor,
    expected: IfMatch,
    now: Now,
) -> LessonDraft:
    """Changes a lesson that no issue under review, scheduled or published rests on.

    `markdown` takes the place of a document.
    """
    base = await _base(svc, editor, lesson_id, expected)
    written, byline = await rewrite(base, body)
    return _tagged(response, await _change(svc, editor, base, written, byline, expected, now))


@router.put(
    "/lessons/{lesson_id}/draft/document",
    operation_id="replace_lesson_document",
    openapi_extra=DOCUMENT_BODY,
    responses={415: {"description": "Not multipart", "content": {"application/problem+json": {}}}},
)
async def replace_lesson_document(
    lesson_id: PathId,
    request: Request,
    response: Response,
    svc: ServiceDep,
    editor: KnownEditor,
    expected: IfMatch,
    now: Now,
) -> LessonDraft:
    """Puts another file in the place of what a draft shows; a Markdown file brings its fields as well."""
    base = await _base(svc, editor, lesson_id, expected)
    written = await read_replacement(request, base, svc, now)
    return _tagged(response, await _change(svc, editor, base, written, None, expected, now))


@router.post("/lessons/{lesson_id}/preview", operation_id="preview_lesson")
async def preview_lesson(lesson_id: PathId, svc: ServiceDep, db: Db, staff: DeskStaff, now: Now) -> LessonOut:
    """The lesson exactly as members will get it, but for the number of the version."""
    draft = await lessons.get_lesson(db, staff, lesson_id, *lessons.DESK)
    return lessons.signed(svc.settings, lessons.shown(lesson_id, draft, None), now)


@router.post("/issues", operation_id="create_issue", status_code=201)
async def create_issue(body: IssueIn, response: Response, db: Db, staff: Editor, now: Now, once: OnceDep) -> IssueDraft:
    """Starts a weekly issue of an organisation."""
    issue = await issues.create_issue(db, staff, body, now)
    return _tagged(response, once.keep(await issue_views.get_issue(db, staff, issue.id)))


@router.get("/desk/issues", operation_id="list_desk_issues")
async def list_desk_issues(
    db: Db,
    staff: DeskStaff,
    organisation_id: OrganisationFilter = None,
    state: IssueState | None = None,
    week: Week | None = None,
    planned: Annotated[bool | None, Query(description="Made ahead by a plan, or not")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> IssueRows:
    """Weekly issues in reach, newest first."""
    found = await issue_views.list_issues(
        db, staff, organisation_id=organisation_id, state=state, week=week, planned=planned, before=cursor, limit=limit
    )
    rows, following = page(found, limit)
    return IssueRows(items=list(rows), next=following)


@router.get("/desk/issues/{issue_id}", operation_id="get_desk_issue")
async def get_desk_issue(issue_id: PathId, response: Response, db: Db, staff: DeskStaff) -> IssueDraft:
    """A weekly issue with its lessons, state, author and reviewers; its ETag goes into the `If-Match` of a change."""
    return _tagged(response, await issue_views.get_issue(db, staff, issue_id))


@router.patch("/issues/{issue_id}", operation_id="change_issue")
async def change_issue(
    issue_id: PathId, body: IssuePatch, response: Response, db: Db, staff: Editor, expected: IfMatch, now: Now
) -> IssueDraft:
    """Changes a draft."""
    issue = await issues.change_issue(db, staff, issue_id, body, now, expected)
    return _tagged(response, await issue_views.get_issue(db, staff, issue.id))


@router.post("/issues/{issue_id}/transitions", operation_id="move_issue")
async def move_issue(
    issue_id: PathId, body: TransitionIn, response: Response, db: Db, staff: DeskStaff, expected: IfMatch, now: Now
) -> IssueDraft:
    """Moves a weekly issue along draft, in_review, scheduled, published, withdrawn, or back to draft.

    Where several reviews are required it is scheduled with the last approval, and is in_review until then.
    """
    await service.transition(db, staff, issue_id, body.to, body.publish_at, now, expected)
    return _tagged(response, await issue_views.get_issue(db, staff, issue_id))
