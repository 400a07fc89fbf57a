"""The privacy notice, its versions, and what each member says to it (《个人信息保护法》 articles 13-17, 24)."""

from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import SHIPPED_NOTICE, CurrentMember, CurrentStaff, notice_in_force, within
from app.directory.models import Binding, Consent, Member, Organisation, PrivacyNotice
from app.errors import Conflict, Invalid, NotFound
from app.identity.schemas import ConsentCounts, ConsentIn, ConsentOut, ConsentState, NoticeIn, NoticeOut
from content.documents.markdown import render_markdown
from content.errors import ContentError

SHIPPED_FILE = Path(__file__).with_name("privacy_notice.md")


class NoticeChanged(Conflict):
    """The member read another version than the one that is in force."""

    code = "notice_changed"
    detail = "告知书已更新，请重新阅读后再选择。"


class BadNotice(Invalid):
    """The text cannot be shown as it is."""

    code = "bad_notice"
    detail = "告知书内容无法排版，请简化后重试。"


@cache
def shipped_notice() -> tuple[str, str]:
    """Title and Markdown text of the notice that ships with the product."""
    title, _, body = SHIPPED_FILE.read_text(encoding="utf-8").partition("\n")
    return title.removeprefix("# ").strip(), body.strip()


async def get_notice(session: AsyncSession, organisation_id: int) -> NoticeOut:
    """The notice in force for the members of an organisation."""
    version = await session.scalar(select(notice_in_force()).where(Organisation.id == organisation_id))
    published = await session.scalar(select(PrivacyNotice).where(PrivacyNotice.version == version))
    if published is None:
        title, body = shipped_notice()
        return NoticeOut(version=SHIPPED_NOTICE, title=title, body=body, html=_html(body), published_at=None)
    return _shown(published)


def _shown(notice: PrivacyNotice) -> NoticeOut:
    return NoticeOut(
        version=notice.version,
        title=notice.title,
        body=notice.body,
        html=_html(notice.body),
        published_at=notice.published_at,
    )


def _html(body: str) -> str:
    return render_markdown(body)[0]


async def say(session: AsyncSession, member: CurrentMember, body: ConsentIn, now: datetime) -> ConsentOut:
    """Records a yes or a no to the version in force; raises `NoticeChanged` for any other.

    A no leaves the roster as it is; everything that needs a consent is refused from the next request on.
    """
    row = await session.get_one(Member, member.member_id, with_for_update={"key_share": True})
    version = await session.scalar(select(notice_in_force()).where(Organisation.id == member.organisation_id))
    if body.version != version:
        raise NoticeChanged
    row.consent_version = version if body.accepted else None
    consent = Consent(
        member_id=row.id, version=body.version, accepted=body.accepted, wechat_user_id=member.wechat_user_id, at=now
    )
    session.add(consent)
    await session.flush()
    audit.record(
        session, member.actor, "consent.given" if body.accepted else "consent.refused", "member", row.id,
        now=now, organisation_id=member.organisation_id, version=body.version,
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


async def states(session: AsyncSession, member_ids: list[int]) -> dict[int, ConsentState]:
    """What each member has last said to the version in force for them."""
    latest = (
        select(Consent.version, Consent.accepted)
        .where(Consent.member_id == Member.id)
        .order_by(Consent.id.desc())
        .limit(1)
        .lateral()
    )
    rows = await session.execute(
        select(Member.id, Member.consent_version, notice_in_force(), latest.c.version, latest.c.accepted)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(latest, true())
        .where(Member.id.in_(member_ids))
    )
    return {id_: _state(given, version, said, accepted) for id_, given, version, said, accepted in rows}


def _state(given: str | None, version: str, said: str | None, accepted: bool | None) -> ConsentState:
    if given == version:
        return "given"
    return "refused" if said == version and accepted is False else "needed"


async def _organisation(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> Organisation:
    """Locked, so that two versions do not get one number."""
    found = await session.scalar(
        select(Organisation)
        .where(
            Organisation.id == organisation_id,
            within(Organisation.path, staff.paths("administrator")),
            Organisation.archived_at.is_(None),
        )
        .with_for_update(key_share=True)
    )
    if found is None:
        raise NotFound
    return found


async def publish_notice(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: NoticeIn, now: datetime
) -> NoticeOut:
    """A new version for an organisation and all below; every member there is asked again at the next request."""
    organisation = await _organisation(session, staff, organisation_id)
    try:
        render_markdown(body.body)
    except ContentError as error:
        raise BadNotice(error.detail) from None
    newest = await session.scalar(
        select(func.max(PrivacyNotice.number)).where(PrivacyNotice.organisation_id == organisation.id)
    )
    number = (newest or 0) + 1
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


async def list_notices(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> list[NoticeOut]:
    """The versions that an organisation in the administrator's reach has published, newest first."""
    organisation = await _organisation(session, staff, organisation_id)
    rows = await session.scalars(
        select(PrivacyNotice)
        .where(PrivacyNotice.organisation_id == organisation.id)
        .order_by(PrivacyNotice.number.desc())
        .limit(200)
    )
    return [_shown(row) for row in rows]


async def count_consents(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> ConsentCounts:
    """How many bound members of the subtree have said what: nobody is named, so that nobody is chased."""
    organisation = await _organisation(session, staff, organisation_id)
    members = await session.scalars(
        select(Member.id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(Binding, Binding.member_id == Member.id)
        .where(within(Organisation.path, [organisation.path]), Member.archived_at.is_(None), Binding.ended_at.is_(None))
    )
    counted = Counter((await states(session, list(members))).values())
    return ConsentCounts(given=counted["given"], refused=counted["refused"], needed=counted["needed"])
