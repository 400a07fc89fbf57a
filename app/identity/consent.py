"""The privacy notice, its versions, and what each member says to it (《个人信息保护法》 articles 13-17 and 29)."""

import asyncio
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import ColumnElement, Select, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import SHIPPED_NOTICE, CurrentMember, CurrentStaff, below, notice_in_force, within
from app.directory.models import Binding, Consent, Member, Organisation, PrivacyNotice
from app.errors import Conflict, Invalid, NotFound
from app.identity.consent_schemas import (
    ConsentCounts,
    ConsentIn,
    ConsentOut,
    NoticeIn,
    Notices,
    PublishedNotice,
    ShippedNotice,
)
from app.identity.schemas import ConsentState
from app.schemas import page
from content.documents.markdown import render_markdown
from content.errors import ContentError

SHIPPED_FILE = Path(__file__).with_name("privacy_notice.md")


class NoticeChanged(Conflict):
    """The member read another version than the one that is in force."""

    code = "notice_changed"
    detail = "告知书已更新，请重新阅读后再选择。"


@cache
def shipped_notice() -> ShippedNotice:
    """The notice that ships with the product."""
    title, _, body = SHIPPED_FILE.read_text(encoding="utf-8").partition("\n")
    body = body.strip()
    return ShippedNotice(version=SHIPPED_NOTICE, title=title.removeprefix("# "), body=body, html=_html(body))


def _html(body: str) -> str:
    return render_markdown(body)[0]


async def check_notice(body: NoticeIn) -> None:
    """Raises `Invalid` where the text cannot be shown; hostile text takes a third of a second to find that out."""
    try:
        await asyncio.to_thread(render_markdown, body.body)
    except ContentError as error:
        raise Invalid(error.detail, code=error.code) from None


async def get_notice(session: AsyncSession, organisation_id: int) -> ShippedNotice:
    """The notice in force for the members of an organisation."""
    version = await _in_force(session, organisation_id)
    published = await session.scalar(select(PrivacyNotice).where(PrivacyNotice.version == version))
    if published is None:
        return shipped_notice()
    return ShippedNotice(**_shown(published).model_dump(exclude={"id", "published_at"}))


async def _in_force(session: AsyncSession, organisation_id: int) -> str:
    found = await session.scalars(select(notice_in_force()).where(Organisation.id == organisation_id))
    return found.one()


def _shown(notice: PrivacyNotice) -> PublishedNotice:
    return PublishedNotice(
        id=notice.id,
        version=notice.version,
        title=notice.title,
        body=notice.body,
        html=_html(notice.body),
        published_at=notice.published_at,
    )


async def say(session: AsyncSession, member: CurrentMember, body: ConsentIn, now: datetime) -> ConsentOut:
    """Records a yes or a no to the version in force; the same again changes nothing. Raises `NoticeChanged`.

    A no leaves the roster as it is; everything that needs a consent is refused from the next request on. The audit log
    does not say which it was: that is the member's own affair, and nobody is to be chased.
    """
    row = await session.get_one(Member, member.member_id, with_for_update={"key_share": True}, populate_existing=True)
    version = await _in_force(session, row.organisation_id)
    if body.version != version:
        raise NoticeChanged
    newest = select(Consent).where(Consent.member_id == row.id).order_by(Consent.id.desc()).limit(1)
    said = await session.scalar(newest)
    row.consent_version = version if body.accepted else None
    if said is not None and (said.version, said.accepted) == (body.version, body.accepted):
        return ConsentOut.model_validate(said)
    consent = Consent(
        member_id=row.id, version=body.version, accepted=body.accepted, wechat_user_id=member.wechat_user_id, at=now
    )
    session.add(consent)
    await session.flush()
    audit.record(
        session, member.actor, "consent.recorded", "member", row.id,
        now=now, organisation_id=row.organisation_id, version=body.version,
    )  # fmt: skip
    return ConsentOut.model_validate(consent)


async def list_said(
    session: AsyncSession, member: CurrentMember, *, before: int | None, limit: int
) -> list[ConsentOut]:
    """What the member has said, newest first, one more than `limit` where there is more."""
    statement = select(Consent).where(Consent.member_id == member.member_id).order_by(Consent.id.desc())
    if before is not None:
        statement = statement.where(Consent.id < before)
    return [ConsentOut.model_validate(row) for row in await session.scalars(statement.limit(limit + 1))]


def _states() -> Select[int, ConsentState]:
    """Members with what they last said to the version in force for them."""
    version = notice_in_force()
    latest = (
        select(Consent.version, Consent.accepted)
        .where(Consent.member_id == Member.id)
        .order_by(Consent.id.desc())
        .limit(1)
        .lateral()
    )
    refused = (latest.c.version == version) & latest.c.accepted.is_(False)
    state: ColumnElement[ConsentState] = case(
        (Member.consent_version == version, "given"), (refused, "refused"), else_="needed"
    )
    return (
        select(Member.id, state.label("state"))
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(latest, true())
    )


async def states(session: AsyncSession, member_ids: list[int]) -> dict[int, ConsentState]:
    """What each member has last said to the version in force for them."""
    rows = await session.execute(_states().where(Member.id.in_(member_ids)))
    return {row[0]: row[1] for row in rows}


async def _organisation(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, *, lock: bool = False
) -> Organisation:
    statement = select(Organisation).where(
        Organisation.id == organisation_id,
        within(Organisation.path, staff.paths("administrator")),
        Organisation.archived_at.is_(None),
    )
    found = await session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if found is None:
        raise NotFound
    return found


async def publish_notice(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: NoticeIn, now: datetime
) -> PublishedNotice:
    """A new version, whose text was checked, for an organisation and all below; every member there is asked anew.

    Raises `NotFound`.
    """
    # Locked, so that two versions do not get one number.
    organisation = await _organisation(session, staff, organisation_id, lock=True)
    newest = select(func.max(PrivacyNotice.number)).where(PrivacyNotice.organisation_id == organisation.id)
    number = (await session.scalar(newest) or 0) + 1
    notice = PrivacyNotice(
        organisation_id=organisation.id,
        number=number,
        version=f"{organisation.id}-{number}",
        title=body.title,
        body=body.body,
        published_at=now,
        published_by=staff.account_id,
    )
    session.add(notice)
    await session.flush()
    audit.record(
        session, staff.actor, "privacy_notice.published", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, version=notice.version,
    )  # fmt: skip
    return _shown(notice)


async def list_notices(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, *, before: int | None, limit: int
) -> Notices:
    """The versions that an organisation in the administrator's reach has published, newest first; raises `NotFound`."""
    organisation = await _organisation(session, staff, organisation_id)
    statement = select(PrivacyNotice).where(PrivacyNotice.organisation_id == organisation.id)
    if before is not None:
        statement = statement.where(PrivacyNotice.id < before)
    found = await session.scalars(statement.order_by(PrivacyNotice.id.desc()).limit(limit + 1))
    rows, following = page(found.all(), limit)
    items = [_shown(row) for row in rows]
    return Notices(in_force=await _in_force(session, organisation.id), items=items, next=following)


async def count_consents(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> ConsentCounts:
    """How many members of the subtree have agreed: nobody is named, so that nobody is chased. Raises `NotFound`."""
    organisation = await _organisation(session, staff, organisation_id)
    bound = select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None)).exists()
    members = (
        select((Member.consent_version == notice_in_force()).label("given"), bound.label("bound"))
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(below(organisation), Member.archived_at.is_(None))
        .subquery()
    )
    kind = case((~members.c.bound, "not_bound"), (members.c.given, "given"), else_="not_given")
    counted = {row[0]: row[1] for row in await session.execute(select(kind, func.count()).group_by(kind))}
    return ConsentCounts(**{name: counted.get(name, 0) for name in ConsentCounts.model_fields})
