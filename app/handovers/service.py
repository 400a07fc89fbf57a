"""What a successor takes over: the post, and what is open under it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff
from app.directory.models import BindingRequest, BindingSlip, Member, Organisation, Post
from app.handovers.schemas import HandoverOut, MatterOut
from app.library.models import Issue
from app.meetings.models import Meeting
from app.notes.models import Note
from app.notes.sharing import AUTHOR, ROLES
from app.organisations.imports.models import RosterImport
from app.organisations.posts.queries import find_post
from app.organisations.posts.schemas import HandoverIn
from app.organisations.posts.service import hand_over

# So many titles of each kind are shown.
FEW = 5


@dataclass(frozen=True)
class Held:
    """The post that is looked at."""

    account_id: int
    path: str
    practice: bool
    now: datetime


def _under(held: Held) -> ColumnElement[bool]:
    """Real people's matters are none of a practice, nor the reverse."""
    return and_(func.starts_with(Organisation.path, held.path), Organisation.practice.is_(held.practice))


def _requests(held: Held) -> Select[str | None]:
    return (
        select(null())
        .select_from(BindingRequest)
        .join(Member, Member.id == BindingRequest.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(_under(held), BindingRequest.state == "open")
    )


def _slips(held: Held) -> Select[str | None]:
    return (
        select(null())
        .select_from(BindingSlip)
        .join(Member, Member.id == BindingSlip.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            _under(held),
            BindingSlip.used_at.is_(None),
            BindingSlip.voided_at.is_(None),
            BindingSlip.expires_at > held.now,
        )
    )


def _meetings(held: Held) -> Select[str | None]:
    return (
        select(Meeting.title)
        .join(Organisation, Organisation.id == Meeting.organisation_id)
        .where(
            _under(held),
            Meeting.created_by == held.account_id,
            Meeting.starts_at > held.now,
            Meeting.cancelled_at.is_(None),
        )
        .order_by(Meeting.starts_at, Meeting.id)
    )


def _issues(held: Held, *states: str) -> Select[str | None]:
    return (
        select(Issue.title)
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .where(_under(held), Issue.state.in_(states))
        .order_by(Issue.week, Issue.id)
    )


def _authored(held: Held) -> Select[str | None]:
    return _issues(held, "draft", "in_review").where(Issue.author_id == held.account_id)


def _to_review(held: Held) -> Select[str | None]:
    return _issues(held, "in_review")


def _scheduled(held: Held) -> Select[str | None]:
    return _issues(held, "scheduled")


def _notes(held: Held) -> Select[str | None]:
    return (
        select(null())
        .select_from(Note)
        .join(Member, AUTHOR)
        .join(Organisation, Organisation.id == Note.organisation_id)
        .where(_under(held), Note.state == "awaiting")
    )


def _imports(held: Held) -> Select[str | None]:
    return (
        select(RosterImport.file_name)
        .join(Organisation, Organisation.id == RosterImport.organisation_id)
        .where(
            _under(held),
            RosterImport.account_id == held.account_id,
            RosterImport.state == "checked",
        )
        .order_by(RosterImport.id)
    )


# Kind -> what it is called, whose concern it is, and what there is of it: null in place of what would name a person.
MATTERS: dict[str, tuple[str, frozenset[str], Callable[[Held], Select[str | None]]]] = {
    "binding_requests": ("待处理的绑定申请", frozenset({"leader"}), _requests),
    "binding_slips": ("已发放、尚未使用的绑定码", frozenset({"leader"}), _slips),
    "meetings": ("本人发起、尚未召开的会议", frozenset({"leader"}), _meetings),
    "issues_authored": ("本人拟稿、尚未通过审核的学习", frozenset({"editor"}), _authored),
    "issues_to_review": ("待审核的学习", frozenset({"reviewer"}), _to_review),
    "issues_scheduled": ("已定时、尚未发布的学习", frozenset({"editor", "reviewer"}), _scheduled),
    "notes_to_review": ("待审核的党员心得", frozenset(ROLES), _notes),
    "roster_imports": ("已检查、尚未导入的名册", frozenset({"leader", "administrator"}), _imports),
}


async def list_open_matters(session: AsyncSession, staff: CurrentStaff, post_id: int, now: datetime) -> list[MatterOut]:
    """What is open under a post in reach, or under one's own, kind by kind; raises `NotFound`."""
    post, _, organisation = await find_post(session, staff, post_id, own=now)
    return await _open_under(session, post, organisation, now)


async def hand_over_post(
    session: AsyncSession, staff: CurrentStaff, post_id: int, body: HandoverIn, now: datetime
) -> HandoverOut:
    """Hands a post over, and says what is open under it; raises what `posts.service.hand_over` does."""
    old, new = await hand_over(session, staff, post_id, body, now)
    organisation = await session.get_one(Organisation, old.organisation_id)
    return HandoverOut(post=new, open_matters=await _open_under(session, old, organisation, now))


async def _open_under(session: AsyncSession, post: Post, organisation: Organisation, now: datetime) -> list[MatterOut]:
    held = Held(post.account_id, organisation.path, organisation.practice, now)
    matters: list[MatterOut] = []
    for kind, (label, roles, find) in MATTERS.items():
        if post.role not in roles:
            continue
        found = find(held)
        count = await session.scalar(select(func.count()).select_from(found.order_by(None).subquery()))
        if count:
            titles = [title for title in await session.scalars(found.limit(FEW)) if title is not None]
            matters.append(MatterOut(kind=kind, label=label, count=count, titles=titles))
    return matters
