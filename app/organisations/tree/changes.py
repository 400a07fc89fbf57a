"""What happened to organisations, and how the tree was before.

A row of `moved` is written for every organisation of a subtree, so that the path of each at any time is its own affair.
The sides of a change hold what people read (names of the time) and `path`, which is for the program.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import ROLES, Organisation, OrganisationChange
from app.errors import NotFound
from app.organisations.placing import after_creation, not_before

SUPERIORS = """(
    SELECT coalesce(string_agg(above.name, ' / ' ORDER BY step.depth), '')
    FROM unnest(CAST(string_to_array(btrim({path}, '/'), '/') AS bigint[])) WITH ORDINALITY step (id, depth)
    JOIN organisations above ON above.id = step.id WHERE above.id <> organisation.id
)"""
# What stands below `old`, and the organisation at `old` itself where `itself`, is about to stand below `new`.
RECORD_MOVES = text(f"""
INSERT INTO organisation_changes (organisation_id, kind, effective_at, recorded_at, actor, before, after)
SELECT organisation.id, 'moved', :at, :now, :actor,
    jsonb_build_object('path', organisation.path, 'superiors', {SUPERIORS.format(path="organisation.path")}),
    jsonb_build_object('path', moved.path, 'superiors', {SUPERIORS.format(path="moved.path")})
FROM organisations organisation
CROSS JOIN LATERAL (SELECT CAST(:new AS text) || substr(organisation.path, length(:old) + 1) AS path) moved
WHERE starts_with(organisation.path, :old) AND (:itself OR organisation.path <> :old)
ORDER BY organisation.path
""")  # noqa: S608 - put together from the constants above
MOVE = text("""
UPDATE organisations SET path = CAST(:new AS text) || substr(path, length(:old) + 1)
WHERE starts_with(path, :old) AND (:itself OR path <> :old)
""")
LATEST_MOVE = text("""
SELECT max(change.effective_at)
FROM organisation_changes change JOIN organisations organisation ON organisation.id = change.organisation_id
WHERE change.kind = 'moved' AND (starts_with(organisation.path, :path) OR organisation.id = :other_id)
""")
MOVED_SINCE = "日期早于该党组织或新上级上一次变更上级的日期，请改为更晚的日期。"


def record_change(
    session: AsyncSession,
    actor: str,
    organisation: Organisation,
    kind: str,
    *,
    at: datetime,
    now: datetime,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    **detail: object,
) -> None:
    """Adds a row to the organisation's history and an entry to the audit log; `detail` is for the latter."""
    session.add(
        OrganisationChange(
            organisation_id=organisation.id,
            kind=kind,
            effective_at=at,
            recorded_at=now,
            actor=actor,
            before=before or {},
            after=after or {},
        )
    )
    audit.record(
        session, actor, f"organisation.{kind}", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, effective_at=at.isoformat(), **detail,
    )  # fmt: skip


def record_handing_over(
    session: AsyncSession,
    actor: str,
    kind: str,
    giver: Organisation,
    taker: Organisation,
    members: int,
    *,
    at: datetime,
    now: datetime,
) -> None:
    """Has the histories of both organisations of a merger or a split name the other one."""
    gone: dict[str, object] = {"organisation_id": taker.id, "organisation": taker.name, "members": members}
    come: dict[str, object] = {"organisation_id": giver.id, "organisation": giver.name, "members": members}
    record_change(session, actor, giver, kind, at=at, now=now, after=gone, into_id=taker.id, members=members)
    record_change(session, actor, taker, kind, at=at, now=now, before=come, from_id=giver.id, members=members)


async def after_moves(session: AsyncSession, path: str, other_id: int, at: datetime) -> datetime:
    """`at`; raises `TooEarly` if the subtree at `path` or the other organisation has moved later, or was not there."""
    at = await after_creation(session, [int(path.rstrip("/").rsplit("/", 1)[1]), other_id], at)
    latest = await session.scalar(LATEST_MOVE, {"path": path, "other_id": other_id})
    return not_before(latest, at, MOVED_SINCE)


async def move_paths(
    session: AsyncSession, actor: str, old: str, new: str, *, itself: bool, at: datetime, now: datetime
) -> None:
    """Has all below `old`, and with `itself` what is there, stand below `new`; each has it in its history."""
    values = {"old": old, "new": new, "itself": itself}
    await session.execute(RECORD_MOVES, {**values, "at": at, "now": now, "actor": actor})
    await session.execute(MOVE, values)


def path_as_of(at: datetime) -> ColumnElement[str]:
    """The SQL of the path that an `Organisation` of the query had at `at`."""
    later = (
        select(OrganisationChange.before["path"].astext)
        .where(
            OrganisationChange.organisation_id == Organisation.id,
            OrganisationChange.kind == "moved",
            OrganisationChange.effective_at > at,
        )
        .order_by(OrganisationChange.effective_at, OrganisationChange.id)
        .limit(1)
        .correlate(Organisation)
        .scalar_subquery()
    )
    return func.coalesce(later, Organisation.path)


async def list_history(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, *, before: int | None, limit: int
) -> tuple[Organisation, list[OrganisationChange]]:
    """The organisation, archived or not, and its changes, newest first, older than the id `before`.

    One more than `limit` where there are more. Raises `NotFound`.
    """
    organisation = await session.scalar(
        select(Organisation).where(Organisation.id == organisation_id, within(Organisation.path, staff.paths(*ROLES)))
    )
    if organisation is None:
        raise NotFound
    statement = (
        select(OrganisationChange)
        .where(OrganisationChange.organisation_id == organisation_id)
        .order_by(OrganisationChange.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(OrganisationChange.id < before)
    return organisation, list(await session.scalars(statement))
