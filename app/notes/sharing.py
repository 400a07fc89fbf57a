"""Notes that are shared: reviewed by a leader or a reviewer, then seen by the member's branch, and by nobody else."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, case, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember, CurrentStaff, within
from app.directory.models import Member, Organisation
from app.errors import Conflict, Invalid, NotFound
from app.library.models import Lesson, LessonVersion
from app.notes.models import Note
from app.notes.schemas import AwaitingNote, ReviewedNote, ReviewIn, SharedNote, State
from app.notes.service import check_readable
from content.secrecy import secrecy_words
from content.text import compact

ROLES = ("leader", "reviewer")

# Nothing is shown, nor decided, of who has left the branch, was archived, or has taken back their consent.
AUTHOR = and_(
    Member.id == Note.member_id,
    Member.organisation_id == Note.organisation_id,
    Member.archived_at.is_(None),
    Member.consent_version.is_not(None),
)


class NoteNotAwaiting(Conflict):
    """The member has taken the note back or changed it, or somebody else has decided."""

    code = "note_not_awaiting"
    detail = "这条心得已不在待审核状态：本人可能已撤回或修改，或者已有人审核。请刷新列表。"


class OwnNote(Conflict):
    """Nobody reviews their own."""

    code = "own_note"
    detail = "不能审核自己写的心得，请由其他书记或审核人审核。"


class ReasonNeeded(Invalid):
    """A note is returned with a reason."""

    code = "remark_needed"
    detail = "退回心得时请写明原因，让本人知道怎样修改。"


async def list_shared(
    session: AsyncSession, member: CurrentMember, lesson_id: int, *, before: int | None, limit: int
) -> Sequence[SharedNote]:
    """What members of the same branch share on a lesson, newest first, one more than `limit`; raises `NotFound`."""
    await check_readable(session, member, lesson_id)
    statement = (
        select(Note.id, Member.name, Note.body, Note.member_id)
        .join(Member, AUTHOR)
        .where(
            Note.lesson_id == lesson_id,
            Note.state == "shared",
            Note.organisation_id == member.organisation_id,
        )
        .order_by(Note.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Note.id < before)
    return [
        SharedNote(id=id_, name=name, body=body, mine=author == member.member_id)
        for id_, name, body, author in await session.execute(statement)
    ]


async def list_awaiting(
    session: AsyncSession, staff: CurrentStaff, *, after: int | None, limit: int
) -> Sequence[AwaitingNote]:
    """What awaits a review in the reach of a leader or reviewer, oldest first, one more than `limit`."""
    # A reviewer sees no person (`app.access.sights`).
    name = case((within(Organisation.path, staff.paths("leader")), Member.name), else_=null())
    found = await session.execute(
        select(Note, LessonVersion.title, Organisation.name, name)
        .join(Member, AUTHOR)
        .join(Organisation, Organisation.id == Note.organisation_id)
        .join(Lesson, Lesson.id == Note.lesson_id)
        .join(LessonVersion, LessonVersion.id == Lesson.current_version_id)
        .where(
            Note.state == "awaiting",
            Note.id > (after or 0),
            within(Organisation.path, staff.paths(*ROLES)),
        )
        .order_by(Note.id)
        .limit(limit + 1)
    )
    return [
        AwaitingNote(
            id=note.id, lesson_id=note.lesson_id, title=title, organisation=organisation, name=author, body=note.body,
            secrecy_words=secrecy_words(note.body), updated_at=note.updated_at,
        )
        for note, title, organisation, author in found
    ]  # fmt: skip


async def review_note(
    session: AsyncSession, staff: CurrentStaff, note_id: int, review: ReviewIn, now: datetime
) -> ReviewedNote:
    """Approves a note, or returns it to its member with a remark.

    Raises `NotFound`, `NoteNotAwaiting`, `OwnNote` or `ReasonNeeded`.
    """
    found = await session.execute(
        select(Note, Member.name)
        .join(Member, AUTHOR)
        .join(Organisation, Organisation.id == Note.organisation_id)
        .where(Note.id == note_id, within(Organisation.path, staff.paths(*ROLES)))
        .with_for_update(of=Note)
    )
    row = found.first()
    if row is None:
        raise NotFound
    note, author = row
    if note.state != "awaiting" or note.updated_at != review.updated_at:
        raise NoteNotAwaiting
    # Accounts and members are not tied to each other: their name is what there is to know one by.
    if compact(author) == compact(staff.name):
        raise OwnNote
    if not review.approved and not review.remark:
        raise ReasonNeeded
    state: State = "shared" if review.approved else "returned"
    note.state, note.remark = state, "" if review.approved else review.remark
    note.reviewed_by, note.reviewed_at = staff.account_id, now
    action = "note.approved" if review.approved else "note.returned"
    audit.record(session, staff.actor, action, "note", note.id, now=now, organisation_id=note.organisation_id)
    return ReviewedNote(id=note.id, state=state)
