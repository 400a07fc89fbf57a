"""Favourites: lessons that a member wants to find again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.errors import Conflict
from app.library.audience import holds_for
from app.library.models import Lesson, LessonVersion
from app.notes.models import Favourite
from app.notes.schemas import FavouriteOut
from app.notes.service import check_readable

MOST = 500


class TooManyFavourites(Conflict):
    """More than anybody finds anything in."""

    code = "too_many_favourites"
    detail = f"最多收藏 {MOST} 篇资料。请先在“我的收藏”里取消一些，再收藏新的。"


async def add_favourite(session: AsyncSession, member: CurrentMember, lesson_id: int, now: datetime) -> None:
    """Keeps a lesson that the member may read; again changes nothing. Raises `NotFound` or `TooManyFavourites`."""
    await check_readable(session, member, lesson_id)
    mine = select(func.count()).where(Favourite.member_id == member.member_id, Favourite.lesson_id != lesson_id)
    if (await session.scalar(mine) or 0) >= MOST:
        raise TooManyFavourites
    row = insert(Favourite).values(member_id=member.member_id, lesson_id=lesson_id, created_at=now)
    await session.execute(row.on_conflict_do_nothing())


async def remove_favourite(session: AsyncSession, member: CurrentMember, lesson_id: int) -> None:
    """Forgets a lesson; it may have been withdrawn since, or never have been kept."""
    await session.execute(
        delete(Favourite).where(Favourite.member_id == member.member_id, Favourite.lesson_id == lesson_id)
    )


async def list_favourites(
    session: AsyncSession, member: CurrentMember, *, before: int | None, limit: int
) -> Sequence[FavouriteOut]:
    """Those that the member may read now, newest lesson first, one more than `limit` where there are more."""
    statement = (
        select(Lesson.id, LessonVersion.title, LessonVersion.summary, Favourite.created_at)
        .join(LessonVersion, LessonVersion.id == Lesson.current_version_id)
        .join(Favourite, Favourite.lesson_id == Lesson.id)
        .where(Favourite.member_id == member.member_id, holds_for(member, Lesson.id))
        .order_by(Lesson.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Lesson.id < before)
    return [
        FavouriteOut(id=lesson_id, lesson_id=lesson_id, title=title, summary=summary, created_at=created_at)
        for lesson_id, title, summary, created_at in await session.execute(statement)
    ]
