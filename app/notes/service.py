"""A member's own notes: nobody else sees them, unless the member shares one and it is approved."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import ColumnElement, Select, case, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.content_errors import invalid
from app.directory.models import Member
from app.errors import Conflict, NotFound
from app.library.audience import holds_for
from app.library.models import Lesson, LessonVersion
from app.notes.models import Note
from app.notes.schemas import NoteOut, State
from content.errors import ContentError
from content.secrecy import check_not_classified

MOST_A_LESSON = 20


class TooManyNotes(Conflict):
    """More notes on one lesson than are kept."""

    code = "too_many_notes"
    detail = f"一篇资料最多写 {MOST_A_LESSON} 条心得。请修改或删除以前写的，再写新的。"


async def check_readable(session: AsyncSession, member: CurrentMember, lesson_id: int) -> None:
    """Raises `NotFound` where the member may not read the lesson now."""
    readable = select(Lesson.id).where(
        Lesson.id == lesson_id, Lesson.current_version_id.is_not(None), holds_for(member, Lesson.id)
    )
    if await session.scalar(readable) is None:
        raise NotFound


def check_open(body: str) -> None:
    """Raises `Invalid` where the text bears the form of a secrecy marking."""
    try:
        check_not_classified(body.split("\n"))
    except ContentError as error:
        raise invalid(error) from None


async def add_note(session: AsyncSession, member: CurrentMember, lesson_id: int, body: str, now: datetime) -> NoteOut:
    """A new private note; the same text again is the same note, so that a retry is harmless.

    Raises `NotFound`, `Invalid` or `TooManyNotes`.
    """
    check_open(body)
    await check_readable(session, member, lesson_id)
    # One after the other, or two at once would both be the last that there is room for.
    await session.execute(select(Member.id).where(Member.id == member.member_id).with_for_update(key_share=True))
    mine = (Note.member_id == member.member_id, Note.lesson_id == lesson_id)
    note = await session.scalar(select(Note).where(*mine, Note.body == body))
    if note is None:
        if (await session.scalar(select(func.count()).where(*mine)) or 0) >= MOST_A_LESSON:
            raise TooManyNotes
        note = Note(
            member_id=member.member_id, lesson_id=lesson_id, body=body, state="private", created_at=now, updated_at=now
        )
        session.add(note)
        await session.flush()
    return await get_note(session, member, note.id)


async def change_note(session: AsyncSession, member: CurrentMember, note_id: int, body: str, now: datetime) -> NoteOut:
    """Another text, which nobody has approved: it is private again, hidden at once. Raises `NotFound`, `Invalid`."""
    check_open(body)
    note = await hold_note(session, member, note_id)
    if note.body != body:
        note.body, note.updated_at = body, now
        make_private(note)
    await session.flush()
    return await get_note(session, member, note_id)


async def share_note(
    session: AsyncSession, member: CurrentMember, note_id: int, shared: bool, now: datetime
) -> NoteOut:
    """Asks the member's branch for a review, or takes the note back; again changes nothing. Raises `NotFound`."""
    note = await hold_note(session, member, note_id)
    if not shared:
        make_private(note)
    elif note.state in ("private", "returned") or note.organisation_id != member.organisation_id:
        note.state, note.organisation_id, note.updated_at, note.remark = "awaiting", member.organisation_id, now, ""
    await session.flush()
    return await get_note(session, member, note_id)


async def delete_note(session: AsyncSession, member: CurrentMember, note_id: int) -> None:
    """Forgets a note for good; again changes nothing."""
    await session.execute(delete(Note).where(Note.id == note_id, Note.member_id == member.member_id))


async def hold_note(session: AsyncSession, member: CurrentMember, note_id: int) -> Note:
    """A note of the member's own, held until the end of the transaction; raises `NotFound`."""
    note = await session.scalar(
        select(Note).where(Note.id == note_id, Note.member_id == member.member_id).with_for_update()
    )
    if note is None:
        raise NotFound
    return note


def make_private(note: Note) -> None:
    """Nobody but its member sees the note."""
    note.state, note.organisation_id, note.remark = "private", None, ""


def _notes(member: CurrentMember, *conditions: ColumnElement[bool]) -> Select[Note, str | None, str]:
    title = (
        select(LessonVersion.title)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .where(Lesson.id == Note.lesson_id, holds_for(member, Lesson.id))
        .correlate(Note)
        .scalar_subquery()
    )
    # Nobody else sees what was shared with a branch that the member has left.
    left = Note.organisation_id != member.organisation_id
    state = case((left, "private"), else_=Note.state)
    return select(Note, title, state).where(Note.member_id == member.member_id, *conditions)


def _shown(note: Note, title: str | None, state: str) -> NoteOut:
    return NoteOut(
        id=note.id,
        lesson_id=note.lesson_id,
        title=title,
        body=note.body,
        state=cast("State", state),
        remark=note.remark,
        created_at=note.created_at,
        updated_at=note.updated_at,
    )


async def get_note(session: AsyncSession, member: CurrentMember, note_id: int) -> NoteOut:
    """A note of the member's own; raises `NotFound`."""
    found = (await session.execute(_notes(member, Note.id == note_id))).first()
    if found is None:
        raise NotFound
    return _shown(*found)


async def list_notes(
    session: AsyncSession, member: CurrentMember, lesson_id: int | None, *, before: int | None, limit: int
) -> Sequence[NoteOut]:
    """The member's own, of one lesson or of all, newest first, one more than `limit` where there are more."""
    conditions = [Note.lesson_id == lesson_id] if lesson_id is not None else []
    if before is not None:
        conditions.append(Note.id < before)
    found = await session.execute(_notes(member, *conditions).order_by(Note.id.desc()).limit(limit + 1))
    return [_shown(*row) for row in found]
