"""Routes of lessons for editors and reviewers."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.deps import Db, DeskStaff, Editor, Now, ServiceDep
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.library import lessons
from app.library.bodies import DOCUMENT_BODY, LESSON_BODY
from app.library.conditions import FirstAtDesk, IfMatch, OrganisationFilter, tagged
from app.library.documents import removed_if_refused
from app.library.models import Lesson
from app.library.recordings import find_picture, media_of, with_picture
from app.library.revisions import Expected, check_revision
from app.library.rules import required_seconds
from app.library.schemas import (
    DraftPatch,
    LessonDraft,
    LessonOut,
    LessonRows,
    MediaOut,
    Permission,
    PictureIn,
    WarningOut,
)
from app.library.uploads import (
    KnownEditor,
    Placed,
    SubmittedLesson,
    read_file,
    replaced,
    rewrite,
    with_recording,
)
from app.library.versions import version_number
from app.library.warnings import find_warnings, load_words
from app.library.written import Byline, Written
from app.resources import Service
from app.schemas import Cursor, Limit, PathId, page
from content.documents.result import MAX_PICTURES, open_placeholders
from content.words import Word

router = APIRouter(tags=["library"])


def _draft(
    lesson: Lesson, published_version: int | None, media: MediaOut | None, warnings: list[WarningOut]
) -> LessonDraft:
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
        required_seconds=required_seconds(lesson.characters, lesson.media_seconds),
        published_version=published_version,
        media=media,
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
    submitted: SubmittedLesson,
    response: Response,
    svc: ServiceDep,
    db: Db,
    staff: Editor,
    now: Now,
    once: OnceDep,
) -> LessonDraft:
    """Adds a lesson: as fields, with a recording or not, or as a file: a document, a picture, Markdown."""
    async with removed_if_refused(svc, submitted.written):
        lesson = await lessons.create_lesson(
            db, staff, submitted.organisation_id, submitted.written, submitted.byline, now
        )
    media = lessons.signed_media(svc.settings, await media_of(db, lesson), now)
    return tagged(response, once.keep(_draft(lesson, None, media, submitted.warnings)))


@router.get("/desk/lessons", operation_id="list_desk_lessons")
async def list_desk_lessons(
    db: Db, staff: DeskStaff, organisation_id: OrganisationFilter = None, cursor: Cursor = None, limit: Limit = 50
) -> LessonRows:
    """Lessons in reach, newest first."""
    found = await lessons.list_lessons(db, staff, organisation_id, before=cursor, limit=limit)
    rows, following = page(found, limit)
    return LessonRows(items=list(rows), next=following)


@router.get("/lessons/{lesson_id}/draft", operation_id="get_lesson_draft")
async def get_lesson_draft(
    lesson_id: PathId, response: Response, svc: ServiceDep, staff: FirstAtDesk, now: Now
) -> LessonDraft:
    """A lesson as it is written; its ETag goes into the `If-Match` of a change."""
    async with transaction(svc.sessions) as session:
        lesson = await lessons.get_lesson(session, staff, lesson_id, *lessons.DESK)
        around = await _around(svc, session, lesson, now)
    return tagged(response, await _looked_at(lesson, around))


@dataclass(frozen=True)
class Around:
    """What a draft is shown with: the version that members read, its recording, the words to look for."""

    version: int | None
    media: MediaOut | None
    words: list[Word]


async def _around(svc: Service, session: AsyncSession, lesson: Lesson, now: datetime) -> Around:
    media = lessons.signed_media(svc.settings, await media_of(session, lesson), now)
    return Around(await version_number(session, lesson), media, await load_words(session, lesson.organisation_id))


async def _looked_at(lesson: Lesson, around: Around) -> LessonDraft:
    """The draft with its warnings, which are looked for with no transaction open."""
    return _draft(lesson, around.version, around.media, await find_warnings(around.words, lesson))


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
    async with removed_if_refused(svc, written), transaction(svc.sessions) as session:
        lesson = await lessons.change_lesson(session, editor, base, written, now, byline, expected)
        around = await _around(svc, session, lesson, now)
    return await _looked_at(lesson, around)


@router.patch("/lessons/{lesson_id}/draft", operation_id="change_lesson_draft")
async def change_lesson_draft(
    lesson_id: PathId,
    body: DraftPatch,
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
    if "media_id" in body.model_fields_set:
        written = await with_recording(svc, editor, written, body.media_id)
    return tagged(response, await _change(svc, editor, base, written, byline, expected, now))


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
    _: Placed,
    expected: IfMatch,
    now: Now,
) -> LessonDraft:
    """Puts another file in the place of what a draft shows; a Markdown file brings its fields as well."""
    data, file_name = await read_file(request)
    base = await _base(svc, editor, lesson_id, expected)
    written = await replaced(base, data, file_name, svc, now)
    return tagged(response, await _change(svc, editor, base, written, None, expected, now))


@router.put("/lessons/{lesson_id}/draft/pictures/{number}", operation_id="put_lesson_picture")
async def put_lesson_picture(
    lesson_id: PathId,
    number: Annotated[int, Path(ge=1, le=MAX_PICTURES, description="The number of the place, as it is in the text")],
    body: PictureIn,
    response: Response,
    svc: ServiceDep,
    editor: KnownEditor,
    expected: IfMatch,
    now: Now,
) -> LessonDraft:
    """Puts a picture into the place in a draft that waits for it."""
    base = await _base(svc, editor, lesson_id, expected)
    async with transaction(svc.sessions) as session:
        address = await find_picture(session, editor, body.asset_id)
    written = await with_picture(base, number, address)
    return tagged(response, await _change(svc, editor, base, written, None, expected, now))


@router.post("/lessons/{lesson_id}/preview", operation_id="preview_lesson")
async def preview_lesson(lesson_id: PathId, svc: ServiceDep, db: Db, staff: DeskStaff, now: Now) -> LessonOut:
    """The lesson exactly as members will get it, but for the number of the version."""
    draft = await lessons.get_lesson(db, staff, lesson_id, *lessons.DESK)
    return lessons.signed(svc.settings, lessons.shown(lesson_id, draft, None, await media_of(db, draft)), now)
