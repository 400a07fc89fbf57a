"""The notebook of wrong answers (错题本): a member's own, counted in no figure and shown to nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.quizzes.models import NotebookEntry

# A question leaves the notebook once it was right on two days: right the second time on one day may only repeat what
# was just read, and a repeated request counts nothing. A wrong answer begins anew.
RIGHT_DAYS = 2


@dataclass(frozen=True)
class Wrong:
    """A question that a member answered wrong in an attempt that ended at `at`."""

    member_id: int
    question_id: int
    attempt_id: int
    at: datetime


async def note_wrong(session: AsyncSession, wrongs: Sequence[Wrong]) -> None:
    """Puts questions into their members' notebooks, or back into them."""
    # The latest of a question, and in one order everywhere: two that close attempts of a member never wait in a circle.
    latest = {(each.member_id, each.question_id): each for each in sorted(wrongs, key=lambda each: each.at)}
    if not latest:
        return
    rows = [
        {"member_id": member_id, "question_id": question_id, "attempt_id": each.attempt_id, "wrong_at": each.at}
        for (member_id, question_id), each in sorted(latest.items())
    ]
    again = insert(NotebookEntry).values(rows)
    await session.execute(
        again.on_conflict_do_update(
            index_elements=["member_id", "question_id"],
            set_={
                "attempt_id": again.excluded.attempt_id,
                "wrong_at": again.excluded.wrong_at,
                "right_days": 0,
                "right_on": None,
                "left_at": None,
            },
        )
    )


async def note_practice(
    session: AsyncSession, member_id: int, results: dict[int, bool], today: date, now: datetime
) -> set[int]:
    """Counts practised questions (right or not, by id) that are in the notebook; gives those that have left it."""
    found = await session.scalars(
        select(NotebookEntry)
        .where(
            NotebookEntry.member_id == member_id,
            NotebookEntry.question_id.in_(results),
            NotebookEntry.left_at.is_(None),
        )
        .order_by(NotebookEntry.question_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    left: set[int] = set()
    for entry in found:
        if not results[entry.question_id]:
            entry.right_days, entry.right_on = 0, None
        elif entry.right_on is None or entry.right_on < today:
            entry.right_days, entry.right_on = entry.right_days + 1, today
        if entry.right_days >= RIGHT_DAYS:
            entry.left_at = now
            left.add(entry.question_id)
    return left
