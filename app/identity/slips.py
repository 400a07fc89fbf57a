"""Binding slips: one-use codes that a leader hands out. Only their keyed digests are kept."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, below, within
from app.db.vault import Vault
from app.directory.models import Binding, BindingSlip, Member, Organisation
from app.errors import Conflict, NotFound
from app.identity.binding_schemas import SlipCounts, SlipsIn, SlipStateOut, SlipStates
from content.slips import Slip

SLIP_LIFE = timedelta(days=14)
MOST = 2000
# A sheet of ten takes a tenth of a second of CPU, in which the process does little else.
MOST_PRINTED = 300


class SlipsChanged(Conflict):
    """Between drawing the codes and keeping them, somebody was bound, moved or got another slip."""

    code = "slips_changed"
    detail = "打印期间名册或绑定情况有变化，本次绑定单没有生效，请重新打印。"


class NobodyToBind(Conflict):
    """There is nothing to print."""

    code = "nobody_to_bind"
    detail = "没有需要发放绑定单的党员：都已绑定，或已有未用的绑定单。需要补打的，请选择“重新打印”。"


@dataclass(frozen=True)
class DrawnSlip:
    """A code for a member, not kept yet."""

    member_id: int
    name: str
    organisation: str
    code: str
    expires_at: datetime


@dataclass(frozen=True)
class Drawing:
    """The slips of one call, in the order of the tree, and how many more were wanted."""

    organisation_id: int
    organisation: str
    timezone: str
    slips: tuple[DrawnSlip, ...]
    remaining: int


def _living(now: datetime) -> ColumnElement[bool]:
    return and_(BindingSlip.used_at.is_(None), BindingSlip.voided_at.is_(None), BindingSlip.expires_at > now)


def _is_bound() -> ColumnElement[bool]:
    return select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None)).exists()


def _holds_slip(now: datetime) -> ColumnElement[bool]:
    return select(BindingSlip.id).where(BindingSlip.member_id == Member.id, _living(now)).exists()


async def _led(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> Organisation:
    led = within(Organisation.path, staff.paths("leader"))
    found = await session.scalar(
        select(Organisation).where(Organisation.id == organisation_id, led, Organisation.archived_at.is_(None))
    )
    if found is None:
        raise NotFound
    return found


async def draw_slips(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    organisation_id: int,
    body: SlipsIn,
    now: datetime,
    *,
    most: int = MOST,
) -> Drawing:
    """Draws codes for members of the organisation and its subtree; nothing is changed yet: see `keep_slips`.

    Raises `NotFound` where the organisation or a member is out of reach.
    """
    organisation = await _led(session, staff, organisation_id)
    statement = (
        select(Member.id, Member.name, Organisation.name)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(below(organisation), Member.archived_at.is_(None))
    )
    in_order = (Organisation.path, Member.id)
    if body.member_ids is not None:
        statement = statement.where(Member.id.in_(body.member_ids)).order_by(*in_order)
    elif body.reprint:
        # The oldest slips first, so that one call after the other comes to everybody.
        newest = select(func.max(BindingSlip.id)).where(BindingSlip.member_id == Member.id).scalar_subquery()
        statement = statement.where(~_is_bound()).order_by(newest.nulls_first(), *in_order)
    else:
        statement = statement.where(~_is_bound(), ~_holds_slip(now)).order_by(*in_order)
    wanted = (await session.execute(statement)).all()
    if body.member_ids is not None and len(wanted) != len(set(body.member_ids)):
        raise NotFound
    members = wanted[:most]
    codes = await _fresh_codes(session, vault, len(members))
    slips = (
        DrawnSlip(id_, name, place, code, now + SLIP_LIFE)
        for (id_, name, place), code in zip(members, codes, strict=True)
    )
    return Drawing(organisation.id, organisation.name, organisation.timezone, tuple(slips), len(wanted) - len(members))


async def _fresh_codes(session: AsyncSession, vault: Vault, count: int) -> list[str]:
    """`count` different codes that no slip which could still work has."""
    codes: dict[bytes, str] = {}
    while len(codes) < count:
        drawn = (f"{secrets.randbelow(10**8):08d}" for _ in range(count - len(codes)))
        fresh = {vault.digest("binding slip", code): code for code in drawn}
        taken = await session.scalars(
            select(BindingSlip.code_digest).where(
                BindingSlip.code_digest.in_(fresh), BindingSlip.used_at.is_(None), BindingSlip.voided_at.is_(None)
            )
        )
        for digest in taken:
            del fresh[digest]
        codes |= fresh
    return list(codes.values())


async def keep_slips(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, drawing: Drawing, body: SlipsIn, now: datetime
) -> None:
    """Makes drawn codes work, and voids what their members held before; raises `NotFound` or `SlipsChanged`."""
    organisation = await _led(session, staff, drawing.organisation_id)
    ids = [slip.member_id for slip in drawing.slips]
    still = (
        select(Member.id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id.in_(ids), below(organisation), Member.archived_at.is_(None))
        .order_by(Member.id)
        # Locked, so that a member never has two living slips.
        .with_for_update(of=Member, key_share=True)
    )
    if len(list(await session.scalars(still))) != len(ids):
        raise SlipsChanged
    if body.member_ids is None:
        # Asked in a statement of its own: after the lock it sees what others have committed meanwhile.
        gone = _is_bound() if body.reprint else _is_bound() | _holds_slip(now)
        if await session.scalar(select(Member.id).where(Member.id.in_(ids), gone).limit(1)) is not None:
            raise SlipsChanged
    await void_slips(session, ids, now)
    session.add_all(
        BindingSlip(
            code_digest=vault.digest("binding slip", slip.code),
            member_id=slip.member_id,
            issued_by=staff.account_id,
            created_at=now,
            expires_at=slip.expires_at,
        )
        for slip in drawing.slips
    )
    try:
        await session.flush()
    except IntegrityError:
        # Somebody else drew one of the codes at the same moment.
        raise SlipsChanged from None
    audit.record(
        session, staff.actor, "slips.issued", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, count=len(ids),
    )  # fmt: skip


async def void_slips(session: AsyncSession, member_ids: Sequence[int], now: datetime) -> None:
    """Codes of these members that have not been used work no longer."""
    unused = and_(BindingSlip.used_at.is_(None), BindingSlip.voided_at.is_(None))
    await session.execute(
        update(BindingSlip).where(BindingSlip.member_id.in_(member_ids), unused).values(voided_at=now)
    )


def printed(drawing: Drawing, public_url: str) -> list[Slip]:
    """The slips as they are drawn on paper: the QR leads to the service, or holds the code.

    The day on it is the last one on which the code works from morning to night.
    """
    zone = ZoneInfo(drawing.timezone)
    return [
        Slip(
            name=slip.name,
            organisation=slip.organisation,
            code=slip.code,
            link=f"{public_url.rstrip('/')}/bind?code={slip.code}" if public_url else None,
            expires_on=slip.expires_at.astimezone(zone).date() - timedelta(days=1),
        )
        for slip in drawing.slips
    ]


async def list_slips(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, *, after: int | None, limit: int, now: datetime
) -> SlipStates:
    """Who is bound, who holds a slip and who has none, in the organisation and its subtree; raises `NotFound`."""
    organisation = await _led(session, staff, organisation_id)
    expiry = (
        select(func.max(BindingSlip.expires_at))
        .where(BindingSlip.member_id == Member.id, BindingSlip.used_at.is_(None), BindingSlip.voided_at.is_(None))
        .scalar_subquery()
    )
    state = case((_is_bound(), "bound"), (expiry > now, "slip_out"), (expiry.is_not(None), "expired"), else_="none")
    members = (
        select(
            Member.id, Member.name, Organisation.name.label("organisation"), state.label("state"), expiry.label("at")
        )
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(below(organisation), Member.archived_at.is_(None))
        .subquery()
    )
    counted = await session.execute(select(members.c.state, func.count()).group_by(members.c.state))
    counts = SlipCounts(**{row[0]: row[1] for row in counted})
    rows = await session.execute(
        select(members).where(members.c.id > (after or 0)).order_by(members.c.id).limit(limit + 1)
    )
    items = [
        SlipStateOut(
            member_id=row.id,
            name=row.name,
            organisation=row.organisation,
            state=row.state,
            expires_at=row.at if row.state in ("slip_out", "expired") else None,
        )
        for row in rows
    ]
    audit.record(
        session, staff.actor, "slips.viewed", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, count=min(len(items), limit),
    )  # fmt: skip
    following = str(items[limit - 1].member_id) if len(items) > limit else None
    return SlipStates(counts=counts, items=items[:limit], next=following)
