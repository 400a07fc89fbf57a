"""The history of issues and lessons: who did what and when, with what was there before."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Account
from app.errors import NotFound
from app.library.desk_models import DeskChange
from app.library.desk_schemas import ChangeOut, ChangeRow
from app.library.issue_schemas import Person
from app.library.subjects import Subject


def _by(account: Account | None) -> Person | None:
    return Person(id=account.id, name=account.name) if account else None


async def list_changes(session: AsyncSession, subject: Subject, *, before: int | None, limit: int) -> list[ChangeRow]:
    """What happened, newest first, one more than `limit` where there are more."""
    statement = (
        select(DeskChange, Account)
        .outerjoin(Account, Account.id == DeskChange.account_id)
        .where(subject.owns(DeskChange))
        .order_by(DeskChange.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(DeskChange.id < before)
    found = await session.execute(statement)
    return [
        ChangeRow(
            id=change.id,
            at=change.at,
            by=_by(account),
            action=change.action,
            fields=sorted({*change.before, *change.after}),
        )
        for change, account in found
    ]


async def get_change(session: AsyncSession, subject: Subject, change_id: int) -> ChangeOut:
    """One change with what was there before and after it; raises `NotFound`."""
    found = await session.execute(
        select(DeskChange, Account)
        .outerjoin(Account, Account.id == DeskChange.account_id)
        .where(subject.owns(DeskChange), DeskChange.id == change_id)
    )
    row = found.first()
    if row is None:
        raise NotFound
    change, account = row
    return ChangeOut(
        id=change.id,
        at=change.at,
        by=_by(account),
        action=change.action,
        fields=sorted({*change.before, *change.after}),
        before=change.before,
        after=change.after,
    )
