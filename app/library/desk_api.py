"""Routes of what stands around lessons and issues: history, comments, versions, corrections, reach."""

from fastapi import APIRouter

from app.access.deps import Db, DeskStaff, Editor, Now, ServiceDep
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.library import audience, comments, corrections, history, versions
from app.library.bodies import CORRECTION_BODY
from app.library.conditions import FirstAtDesk
from app.library.desk_schemas import (
    ChangeOut,
    Changes,
    CommentIn,
    CommentOut,
    Comments,
    CorrectionMove,
    CorrectionOut,
    Corrections,
    VersionOut,
    Versions,
)
from app.library.documents import removed_if_refused
from app.library.issue_schemas import Reach, ReachIn
from app.library.schemas import WarningOut
from app.library.subjects import Subject, issue_on_desk, lesson_on_desk
from app.library.uploads import SubmittedCorrection
from app.library.warnings import Flagged, find_warnings
from app.resources import Service
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["library"])


@router.get("/issues/{issue_id}/reach", operation_id="get_issue_reach")
async def get_issue_reach(issue_id: PathId, db: Db, staff: DeskStaff) -> Reach:
    """How many members the issue reaches, as it is now."""
    return await audience.get_issue_reach(db, staff, issue_id)


@router.post("/desk/reach", operation_id="get_reach")
async def get_reach(body: ReachIn, db: Db, staff: Editor) -> Reach:
    """How many members an issue with this audience would reach."""
    return await audience.get_reach(db, staff, body.organisation_id, body.audience)


async def _changes(db: Db, subject: Subject, cursor: int | None, limit: int) -> Changes:
    rows, following = page(await history.list_changes(db, subject, before=cursor, limit=limit), limit)
    return Changes(items=list(rows), next=following)


@router.get("/issues/{issue_id}/history", operation_id="list_issue_history")
async def list_issue_history(
    issue_id: PathId, db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50
) -> Changes:
    """Who did what to an issue, newest first."""
    return await _changes(db, await issue_on_desk(db, staff, issue_id), cursor, limit)


@router.get("/issues/{issue_id}/history/{change_id}", operation_id="get_issue_change")
async def get_issue_change(issue_id: PathId, change_id: PathId, db: Db, staff: DeskStaff) -> ChangeOut:
    """One change of an issue, with what was there before and after it."""
    return await history.get_change(db, await issue_on_desk(db, staff, issue_id), change_id)


@router.get("/lessons/{lesson_id}/history", operation_id="list_lesson_history")
async def list_lesson_history(
    lesson_id: PathId, db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50
) -> Changes:
    """Who did what to a lesson, newest first."""
    return await _changes(db, await lesson_on_desk(db, staff, lesson_id), cursor, limit)


@router.get("/lessons/{lesson_id}/history/{change_id}", operation_id="get_lesson_change")
async def get_lesson_change(lesson_id: PathId, change_id: PathId, db: Db, staff: DeskStaff) -> ChangeOut:
    """One change of a lesson, with its text before and after it."""
    return await history.get_change(db, await lesson_on_desk(db, staff, lesson_id), change_id)


async def _comments(db: Db, subject: Subject, cursor: int | None, limit: int) -> Comments:
    rows, following = page(await comments.list_comments(db, subject, after=cursor, limit=limit), limit)
    return Comments(items=list(rows), next=following)


@router.get("/issues/{issue_id}/comments", operation_id="list_issue_comments")
async def list_issue_comments(
    issue_id: PathId, db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50
) -> Comments:
    """What was remarked on an issue, oldest first."""
    return await _comments(db, await issue_on_desk(db, staff, issue_id), cursor, limit)


@router.post("/issues/{issue_id}/comments", operation_id="comment_issue", status_code=201)
async def comment_issue(
    issue_id: PathId, body: CommentIn, db: Db, staff: DeskStaff, now: Now, once: OnceDep
) -> CommentOut:
    """Remarks on an issue."""
    subject = await issue_on_desk(db, staff, issue_id)
    return once.keep(await comments.add_comment(db, staff, subject, body.body, now))


@router.get("/lessons/{lesson_id}/comments", operation_id="list_lesson_comments")
async def list_lesson_comments(
    lesson_id: PathId, db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50
) -> Comments:
    """What was remarked on a lesson, oldest first."""
    return await _comments(db, await lesson_on_desk(db, staff, lesson_id), cursor, limit)


@router.post("/lessons/{lesson_id}/comments", operation_id="comment_lesson", status_code=201)
async def comment_lesson(
    lesson_id: PathId, body: CommentIn, db: Db, staff: DeskStaff, now: Now, once: OnceDep
) -> CommentOut:
    """Remarks on a lesson."""
    subject = await lesson_on_desk(db, staff, lesson_id)
    return once.keep(await comments.add_comment(db, staff, subject, body.body, now))


@router.put("/comments/{comment_id}/resolution", operation_id="resolve_comment")
async def resolve_comment(comment_id: PathId, db: Db, staff: DeskStaff, now: Now) -> CommentOut:
    """Says that a remark is done with."""
    return await comments.resolve_comment(db, staff, comment_id, now)


@router.get("/lessons/{lesson_id}/versions", operation_id="list_lesson_versions")
async def list_lesson_versions(
    lesson_id: PathId, db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50
) -> Versions:
    """The publications of a lesson, newest first."""
    found = await versions.list_versions(db, staff, lesson_id, before=cursor, limit=limit)
    shown = found[:limit]
    return Versions(items=shown, next=str(shown[-1].number) if len(found) > limit else None)


@router.get("/lessons/{lesson_id}/versions/{number}", operation_id="get_lesson_version")
async def get_lesson_version(lesson_id: PathId, number: PathId, db: Db, staff: DeskStaff) -> VersionOut:
    """A publication of a lesson, to be compared with another."""
    return await versions.get_version(db, staff, lesson_id, number)


@router.post(
    "/lessons/{lesson_id}/corrections",
    operation_id="create_correction",
    status_code=201,
    openapi_extra=CORRECTION_BODY,
    responses={415: {"description": "Neither JSON nor multipart", "content": {"application/problem+json": {}}}},
)
async def create_correction(
    lesson_id: PathId, submitted: SubmittedCorrection, svc: ServiceDep, db: Db, staff: Editor, now: Now, once: OnceDep
) -> CorrectionOut:
    """Proposes a new text of a published lesson, whose issue stays published; somebody else reviews it."""
    async with removed_if_refused(svc, submitted.written):
        correction = await corrections.create_correction(
            db,
            staff,
            submitted.base,
            submitted.written,
            submitted.byline,
            submitted.note,
            submitted.substantive,
            now,
        )
    return once.keep(await corrections.get_correction(db, staff, correction.id, submitted.warnings))


@router.get("/lessons/{lesson_id}/corrections", operation_id="list_corrections")
async def list_corrections(
    lesson_id: PathId, db: Db, staff: DeskStaff, cursor: Cursor = None, limit: Limit = 50
) -> Corrections:
    """The corrections of a lesson, newest first."""
    found = await corrections.list_corrections(db, staff, lesson_id, before=cursor, limit=limit)
    rows, following = page(found, limit)
    return Corrections(items=list(rows), next=following)


async def _looked_through(svc: Service, staff: CurrentStaff, correction_id: int) -> tuple[str, list[WarningOut]]:
    """The title of a correction and what is found in it, with no transaction open."""
    async with transaction(svc.sessions) as session:
        correction, words = await corrections.load_for_warnings(session, staff, correction_id)
    return correction.title, await find_warnings(words, correction)


@router.get("/corrections/{correction_id}", operation_id="get_correction")
async def get_correction(correction_id: PathId, svc: ServiceDep, staff: FirstAtDesk) -> CorrectionOut:
    """A correction as it would be published, and its approvals."""
    _, warnings = await _looked_through(svc, staff, correction_id)
    async with transaction(svc.sessions) as session:
        return await corrections.get_correction(session, staff, correction_id, warnings)


@router.post("/corrections/{correction_id}/transitions", operation_id="move_correction")
async def move_correction(
    correction_id: PathId, body: CorrectionMove, svc: ServiceDep, staff: FirstAtDesk, now: Now
) -> CorrectionOut:
    """Publishes or returns a correction (a reviewer who did not write it), or withdraws it (an editor)."""
    title, warnings = await _looked_through(svc, staff, correction_id)
    flagged = [Flagged(title, each.code, each.detail) for each in warnings if each.to_confirm]
    async with transaction(svc.sessions) as session:
        await corrections.move_correction(
            session, staff, correction_id, body.to, body.remark, now, flagged, body.confirm_warnings
        )
        return await corrections.get_correction(session, staff, correction_id, warnings)
