"""Corrections: a published lesson gets a new version while its issue stays published, once others have approved it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Account, Organisation
from app.errors import Conflict, Forbidden, NotFound
from app.library.assets.completing import adopt_files
from app.library.desk_models import LessonCorrection
from app.library.desk_schemas import CorrectionOut, CorrectionRow
from app.library.issue_schemas import Person
from app.library.lessons import DESK, LessonChanged, get_lesson, lock_lesson
from app.library.models import Issue, IssueLesson, Lesson
from app.library.recording import record_change
from app.library.recordings import check_shown
from app.library.reviews import OwnIssue, approve, list_reviews, reviews_required
from app.library.schemas import WarningOut
from app.library.service import check_permission, check_pictures
from app.library.texts import index_lesson
from app.library.versions import freeze
from app.library.warnings import Flagged, check_confirmed, load_words
from app.library.written import (
    BYLINE,
    FIELDS,
    RENDERED,
    Byline,
    Written,
    byline_of,
    kept_text,
    read_text,
    write_lesson,
)
from content.words import Word

TEXT = (*FIELDS, *BYLINE)
# Whose it is to have a correction go there.
MOVER = {"published": "reviewer", "returned": "reviewer", "withdrawn": "editor"}


class LessonNotPublished(Conflict):
    """Nobody reads the lesson now: its draft can be changed as it is."""

    code = "lesson_not_published"
    detail = "这篇资料目前没有发布，不需要更正，请直接修改草稿。"


class CorrectionOpen(Conflict):
    """One at a time: the second would undo the first."""

    code = "correction_open"
    detail = "这篇资料已有一份更正正在审核，请等它审核结束，或先撤回它。"


class NothingCorrected(Conflict):
    """The text would be what it is."""

    code = "nothing_corrected"
    detail = "更正后的内容与已发布的相同，请修改后再提交。"


class CorrectionClosed(Conflict):
    """It has been published, returned or withdrawn."""

    code = "correction_closed"
    detail = "这份更正已经处理完毕，请刷新查看结果；如还需修改，请提交新的更正。"


async def check_published(session: AsyncSession, lesson: Lesson) -> int:
    """The version that members read now; raises `LessonNotPublished`."""
    issue = (
        select(Issue.id)
        .join(IssueLesson, IssueLesson.issue_id == Issue.id)
        .where(IssueLesson.lesson_id == lesson.id, Issue.state == "published")
    )
    if lesson.current_version_id is None or await session.scalar(issue.limit(1)) is None:
        raise LessonNotPublished
    return lesson.current_version_id


async def create_correction(
    session: AsyncSession,
    staff: CurrentStaff,
    base: Lesson,
    written: Written,
    byline: Byline,
    note: str,
    substantive: bool,
    now: datetime,
) -> LessonCorrection:
    """A correction of the published lesson `base`, to be reviewed.

    Raises what this module and `check_shown` define, or `NotFound`.
    """
    await get_lesson(session, staff, base.id, "editor")
    lesson = await lock_lesson(session, base.id)
    version_id = await check_published(session, lesson)
    if lesson.revision != base.revision:
        raise LessonChanged
    await check_shown(session, staff, written, lesson.html)
    correction = LessonCorrection(
        lesson_id=lesson.id,
        base_version_id=version_id,
        state="in_review",
        author_id=staff.account_id,
        note=note,
        substantive=substantive,
        created_at=now,
        **vars(byline),
        **{name: getattr(written, name) for name in (*FIELDS, *RENDERED)},
    )
    if all(getattr(correction, name) == getattr(lesson, name) for name in (*TEXT, "html")):
        raise NothingCorrected
    check_permission([correction])
    check_pictures([correction])
    session.add(correction)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_lesson_corrections_open" in str(error.orig):
            raise CorrectionOpen from None
        raise
    await adopt_files(session, written.files, lesson.organisation_id, staff.account_id, staff.actor, now)
    _record(session, staff, correction, lesson.organisation_id, "created", now)
    return correction


def _record(
    session: AsyncSession,
    staff: CurrentStaff,
    correction: LessonCorrection,
    organisation_id: int,
    what: str,
    now: datetime,
    **more: int,
) -> None:
    audit.record(
        session, staff.actor, f"correction.{what}", "lesson", correction.lesson_id, now=now,
        organisation_id=organisation_id, correction=correction.id, substantive=correction.substantive, **more,
    )  # fmt: skip


def _reachable(staff: CurrentStaff) -> Select[LessonCorrection, Lesson, str]:
    return (
        select(LessonCorrection, Lesson, Organisation.path)
        .join(Lesson, Lesson.id == LessonCorrection.lesson_id)
        .join(Organisation, Organisation.id == Lesson.organisation_id)
        .where(within(Organisation.path, staff.paths(*DESK)))
    )


async def move_correction(
    session: AsyncSession,
    staff: CurrentStaff,
    correction_id: int,
    to: str,
    remark: str,
    now: datetime,
    warnings: Sequence[Flagged] = (),
    confirmed: bool = False,
) -> None:
    """Publishes, returns or withdraws a correction; `warnings` are what was found in it.

    Raises `Forbidden`, `CorrectionClosed`, `OwnIssue`, `ReviewedAlready`, `LessonNotPublished`, `LessonChanged`,
    `WarningsUnconfirmed` or `NotFound`. It is published with the last approval that it needs, and stays under review
    until then.
    """
    row = (await session.execute(_reachable(staff).where(LessonCorrection.id == correction_id))).first()
    if row is None:
        raise NotFound
    found, _, path = row
    lesson = await lock_lesson(session, found.lesson_id)
    correction = await session.get_one(LessonCorrection, correction_id, with_for_update=True, populate_existing=True)
    if not any(path.startswith(held) for held in staff.paths(MOVER[to])):
        raise Forbidden
    if correction.state != "in_review":
        raise CorrectionClosed
    if to == "published":
        if correction.author_id == staff.account_id:
            raise OwnIssue
        if await check_published(session, lesson) != correction.base_version_id:
            raise LessonChanged
        check_confirmed(warnings, confirmed)
        enough = await approve(session, staff.account_id, lesson.organisation_id, now, correction_id=correction.id)
        _record(session, staff, correction, lesson.organisation_id, "approved", now, confirmed_warnings=len(warnings))
        if not enough:
            return
        await _publish(session, lesson, correction, now)
    correction.state, correction.remark = to, remark
    correction.closed_at, correction.closed_by = now, staff.account_id
    _record(session, staff, correction, lesson.organisation_id, to, now)


async def _publish(session: AsyncSession, lesson: Lesson, correction: LessonCorrection, now: datetime) -> None:
    before = kept_text(lesson, byline_of(lesson))
    write_lesson(lesson, correction.author_id, correction, byline_of(correction), now)
    await index_lesson(session, lesson, published=False)
    await freeze(session, lesson, now, note=correction.note, substantive=correction.substantive)
    record_change(
        session, correction.author_id, "corrected", lesson_id=lesson.id,
        before=before, after=kept_text(lesson, byline_of(lesson)), now=now,
    )  # fmt: skip


def _row(correction: LessonCorrection, author: Account) -> CorrectionRow:
    return CorrectionRow.model_validate(
        {
            **{name: getattr(correction, name) for name in CorrectionRow.model_fields if name != "author"},
            "author": Person(id=author.id, name=author.name),
        }
    )


async def list_corrections(
    session: AsyncSession, staff: CurrentStaff, lesson_id: int, *, before: int | None, limit: int
) -> list[CorrectionRow]:
    """The corrections of a lesson in reach, newest first, one more than `limit` where there are more; or `NotFound`."""
    await get_lesson(session, staff, lesson_id, *DESK)
    statement = (
        select(LessonCorrection, Account)
        .join(Account, Account.id == LessonCorrection.author_id)
        .where(LessonCorrection.lesson_id == lesson_id)
        .order_by(LessonCorrection.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(LessonCorrection.id < before)
    return [_row(*row) for row in await session.execute(statement)]


async def load_for_warnings(
    session: AsyncSession, staff: CurrentStaff, correction_id: int
) -> tuple[LessonCorrection, list[Word]]:
    """A correction of a lesson in reach, and the words to look for in it; raises `NotFound`."""
    row = (await session.execute(_reachable(staff).where(LessonCorrection.id == correction_id))).first()
    if row is None:
        raise NotFound
    return row[0], await load_words(session, row[1].organisation_id)


async def get_correction(
    session: AsyncSession, staff: CurrentStaff, correction_id: int, warnings: Sequence[WarningOut]
) -> CorrectionOut:
    """A correction of a lesson in reach with its text, and with what was found in it; raises `NotFound`."""
    row = (await session.execute(_reachable(staff).where(LessonCorrection.id == correction_id))).first()
    if row is None:
        raise NotFound
    correction, lesson, _ = row
    author = await session.get_one(Account, correction.author_id)
    return CorrectionOut.model_validate(
        {
            **_row(correction, author).model_dump(),
            **{name: getattr(correction, name) for name in (*TEXT, "html", "characters")},
            "text": read_text(correction),
            "warnings": list(warnings),
            "reviews": await list_reviews(session, correction_id=correction.id),
            "reviews_required": await reviews_required(session, lesson.organisation_id),
        }
    )
