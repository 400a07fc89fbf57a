"""The roster in reach, by name, pinyin, phone and what else is known of its people."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.db.vault import Vault
from app.directory.models import Binding, Member, Organisation
from app.errors import Invalid
from app.organisations.people.reach import KEEPERS, in_sight, listed, no_practice_but, shown
from app.organisations.people.schemas import RosterMemberOut, TagOut
from app.organisations.service import find_organisation
from content.text import compact

MOST_TAGS = 500
_TAIL = re.compile("[0-9]{4}")
_PHONE = re.compile("(?:[+]?86)?(1[0-9]{10})")
_DIGIT = re.compile("[0-9]")


class NothingWanted(Invalid):
    """Everybody would be found by what cannot be seen."""

    code = "nothing_wanted"
    detail = "搜索内容是空白的。请输入姓名、拼音、首字母或手机号后四位。"


@dataclass(frozen=True)
class Wanted:
    """Whom a search is for; what is None does not matter."""

    q: str | None = None
    organisation_id: int | None = None
    stage: str | None = None
    roster: str | None = None
    tag: str | None = None
    exempt: bool | None = None
    bound: bool | None = None
    archived: bool = False

    def for_audit(self) -> dict[str, object]:
        """What was asked for, without a phone number or any part of one."""
        said = {name: value for name, value in asdict(self).items() if value is not None and name != "organisation_id"}
        if not self.archived:
            del said["archived"]
        if self.q is not None and _DIGIT.search(compact(self.q)):
            said["q"] = "digits"
        return said


def matching(vault: Vault, q: str) -> ColumnElement[bool]:
    """The SQL of what somebody types to find a person: four digits end a phone number, eleven are the whole one.

    Anything else is a part of the name, or the beginning of its pinyin or of its initials. Raises `NothingWanted`.
    """
    key = compact(q).lower()
    if not key:
        raise NothingWanted
    if _TAIL.fullmatch(key):
        return Member.phone_tail == vault.digest("phone tail", key)
    if phone := _PHONE.fullmatch(key.replace("-", "")):
        return Member.phone_index == vault.digest("phone", phone[1])
    name = func.split_part(Member.search_text, "\n", 2)
    return or_(name.contains(key, autoescape=True), Member.search_text.contains(f"\n{key}", autoescape=True))


def _conditions(vault: Vault, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    yield Member.archived_at.is_not(None) if wanted.archived else Member.archived_at.is_(None)
    if wanted.q is not None:
        yield matching(vault, wanted.q)
    if wanted.stage is not None:
        yield Member.stage == wanted.stage
    if wanted.roster is not None:
        yield Member.roster == wanted.roster
    if wanted.tag is not None:
        yield Member.tags.contains([wanted.tag])
    if wanted.exempt is not None:
        yield Member.exempt_reason.is_not(None) == wanted.exempt
    if wanted.bound is not None:
        binding = select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None))
        yield binding.exists() == wanted.bound


@dataclass(frozen=True)
class Scope:
    """Where is searched: the organisation that was named, or all in reach; `audited` is whose log shows it."""

    organisation: Organisation | None
    paths: list[str]
    audited: int


async def scope_of(session: AsyncSession, staff: CurrentStaff, organisation_id: int | None) -> Scope:
    """Raises `NotFound` for an organisation out of reach."""
    if organisation_id is None:
        held = next(post for post in staff.posts if post.role in KEEPERS)
        return Scope(None, staff.paths(*KEEPERS), held.organisation_id)
    organisation = await find_organisation(session, organisation_id, staff.paths(*KEEPERS))
    return Scope(organisation, [organisation.path], organisation.id)


def found_in(vault: Vault, staff: CurrentStaff, scope: Scope, wanted: Wanted, now: datetime) -> ColumnElement[bool]:
    """The SQL of the members, joined to their `Organisation`, whom a search finds."""
    where = within(Organisation.path, scope.paths)
    return and_(where, in_sight(staff, now), no_practice_but(scope.paths), *_conditions(vault, wanted))


async def list_members(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    wanted: Wanted,
    *,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[RosterMemberOut]:
    """Members in reach by id, one more than `limit` where there is a next page; raises `NotFound`.

    That the list was read is on record (《个人信息保护法》 article 51): who, for whom they looked, how many were found.
    """
    scope = await scope_of(session, staff, wanted.organisation_id)
    rows = await session.execute(
        listed()
        .where(found_in(vault, staff, scope, wanted, now), Member.id > (after or 0))
        .order_by(Member.id)
        .limit(limit + 1)
    )
    members = [shown(vault, *row) for row in rows]
    audit.record(
        session, staff.actor, "members.viewed", "organisation", scope.audited,
        now=now, organisation_id=scope.audited, count=min(len(members), limit), **wanted.for_audit(),
    )  # fmt: skip
    return members


async def list_tags(
    session: AsyncSession, vault: Vault, staff: CurrentStaff, organisation_id: int | None, now: datetime
) -> list[TagOut]:
    """The tags in use on the roster in reach, the commonest first; raises `NotFound`."""
    scope = await scope_of(session, staff, organisation_id)
    tagged = (
        select(func.unnest(Member.tags).label("tag"))
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(found_in(vault, staff, scope, Wanted(), now))
        .subquery()
    )
    rows = await session.execute(
        select(tagged.c.tag, func.count())
        .group_by(tagged.c.tag)
        .order_by(func.count().desc(), tagged.c.tag)
        .limit(MOST_TAGS)
    )
    return [TagOut(tag=name, count=count) for name, count in rows]
