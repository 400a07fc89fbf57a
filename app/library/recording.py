"""One row for every change of an issue or a lesson, written in the transaction of the change."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.library.desk_models import DeskChange

# Actions whose doer has a hand in what is written, and so does not review it.
WRITING = ("created", "changed", "corrected")


def differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The names of what is not as it was."""
    nothing = object()
    return sorted(name for name in {*before, *after} if before.get(name, nothing) != after.get(name, nothing))


def record_change(
    session: AsyncSession,
    account_id: int | None,
    action: str,
    *,
    issue_id: int | None = None,
    lesson_id: int | None = None,
    before: Mapping[str, object],
    after: Mapping[str, object],
    now: datetime,
) -> None:
    """Adds what an account did, or the program where there is none; `before` and `after` hold what differs."""
    names = differing(before, after)
    session.add(
        DeskChange(
            issue_id=issue_id,
            lesson_id=lesson_id,
            account_id=account_id,
            action=action,
            before={name: before[name] for name in names if name in before},
            after={name: after[name] for name in names if name in after},
            at=now,
        )
    )
