"""Binding by the phone number that WeChat confirms, and the requests that a leader decides where it is not clear."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, CurrentWechat, within
from app.db.vault import Vault
from app.directory.models import BindingRequest, Member, Organisation
from app.errors import Conflict, Invalid, NotFound
from app.identity.binding import end_binding, holder_of, lock_member, put_in_use, tie
from app.identity.binding_schemas import Bound, OwnRequestOut, RequestOut
from app.identity.members import list_bound
from app.identity.slips import void_slips

SHARED_PHONE, ALREADY_BOUND = "shared_phone", "already_bound"
MOST_SHARING = 20


class PhoneNotOnRoster(Invalid):
    """Nobody of the mini-program's organisations has this number; nothing more is said."""

    code = "phone_not_on_roster"
    detail = "名册中没有找到这个手机号。请向支部书记领取绑定单，或请其核对名册上的手机号。"


class AlreadyDecided(Conflict):
    """The request has been decided the other way, or is settled."""

    code = "already_decided"
    detail = "这项申请已经处理，结果与本次选择不同。如需更改，请先解除绑定，再由本人重新申请。"


@dataclass(frozen=True)
class Owner:
    """Someone on the roster with the number."""

    member: Member
    bound_to: int | None


async def bind_phone(
    session: AsyncSession, vault: Vault, wechat: CurrentWechat, paths: list[str], phone: str, now: datetime
) -> Bound:
    """Ties the WeChat user to the one free member with this number under `paths`; else asks their leader.

    Of several with one number (a family) the free ones are asked for (`shared_phone`); where everybody is bound
    elsewhere, to an old phone perhaps, each of them (`already_bound`). Raises `PhoneNotOnRoster`.
    """
    owners = await _owners(session, vault, paths, phone)
    if not owners:
        raise PhoneNotOnRoster
    free = [owner.member.id for owner in owners if owner.bound_to is None]
    own = any(owner.bound_to == wechat.wechat_user_id for owner in owners)
    waiting: list[int] = []
    if len(owners) == 1 and free:
        await tie(session, wechat.wechat_user_id, owners[0].member, wechat.actor, now, by="phone")
        await put_in_use(session, wechat, owners[0].member.id)
    elif free:
        waiting = await _ask(session, wechat, free, SHARED_PHONE, now)
    elif not own:
        waiting = await _ask(session, wechat, [owner.member.id for owner in owners], ALREADY_BOUND, now)
    return Bound(
        items=await list_bound(session, wechat.wechat_user_id),
        requests=[await _own(session, request_id) for request_id in waiting],
    )


async def _owners(session: AsyncSession, vault: Vault, paths: list[str], phone: str) -> list[Owner]:
    """Whoever has the number, locked as `tie` wants them."""
    members = await session.scalars(
        select(Member)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(
            Member.phone_index == vault.digest("phone", phone),
            Member.archived_at.is_(None),
            within(Organisation.path, paths),
            # Made-up people take nobody's number; trainees bind by slips.
            Organisation.practice.is_(False),
        )
        .order_by(Member.id)
        .limit(MOST_SHARING)
        .with_for_update(of=Member, key_share=True)
    )
    holders = [(member, await holder_of(session, member.id)) for member in members.all()]
    return [Owner(member, holder.wechat_user_id if holder else None) for member, holder in holders]


async def _ask(
    session: AsyncSession, wechat: CurrentWechat, member_ids: Sequence[int], reason: str, now: datetime
) -> list[int]:
    """One open request for each, whose ids are given: a repeat does not pile up."""
    asked: list[int] = []
    for member_id in member_ids:
        values = {
            "wechat_user_id": wechat.wechat_user_id,
            "member_id": member_id,
            "reason": reason,
            "state": "open",
            "created_at": now,
        }
        added = await session.scalar(
            insert(BindingRequest)
            .values(values)
            .on_conflict_do_nothing(
                index_elements=["wechat_user_id", "member_id"], index_where=BindingRequest.state == "open"
            )
            .returning(BindingRequest.id)
        )
        if added is not None:
            organisation_id = await session.scalar(select(Member.organisation_id).where(Member.id == member_id))
            audit.record(
                session, wechat.actor, "binding.requested", "member", member_id,
                now=now, organisation_id=organisation_id, reason=reason,
            )  # fmt: skip
        open_one = and_(
            BindingRequest.wechat_user_id == wechat.wechat_user_id,
            BindingRequest.member_id == member_id,
            BindingRequest.state == "open",
        )
        asked += await session.scalars(select(BindingRequest.id).where(open_one))
    return asked


async def list_own(
    session: AsyncSession, wechat: CurrentWechat, *, before: int | None, limit: int
) -> list[OwnRequestOut]:
    """What a WeChat user has asked for, newest first, one more than `limit` where there is more."""
    statement = (
        select(BindingRequest.id)
        .where(BindingRequest.wechat_user_id == wechat.wechat_user_id)
        .order_by(BindingRequest.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(BindingRequest.id < before)
    ids = (await session.scalars(statement)).all()
    return [await _own(session, request_id) for request_id in ids]


async def _own(session: AsyncSession, request_id: int) -> OwnRequestOut:
    """A request as the applicant sees it: of the name no more than they need to tell a family apart."""
    request = await session.get_one(BindingRequest, request_id)
    member = await session.get_one(Member, request.member_id)
    return OwnRequestOut(
        id=request.id,
        name_masked=f"{member.name[0]}*",
        reason=request.reason,
        state=request.state,
        created_at=request.created_at,
        decided_at=request.decided_at,
    )


def _shown(request: BindingRequest, member: Member, organisation: Organisation) -> RequestOut:
    return RequestOut(
        id=request.id,
        member_id=member.id,
        name=member.name,
        organisation_id=organisation.id,
        organisation=organisation.name,
        reason=request.reason,
        state=request.state,
        created_at=request.created_at,
        decided_at=request.decided_at,
    )


async def list_requests(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int | None,
    state: str,
    *,
    before: int | None,
    limit: int,
    now: datetime,
) -> list[RequestOut]:
    """Requests for members in the leader's reach, newest first, one more than `limit` where there is more."""
    statement = (
        select(BindingRequest, Member, Organisation)
        .join(Member, Member.id == BindingRequest.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(within(Organisation.path, staff.paths("leader")), BindingRequest.state == state)
        .order_by(BindingRequest.id.desc())
        .limit(limit + 1)
    )
    if organisation_id is not None:
        path = await session.scalar(
            select(Organisation.path).where(
                Organisation.id == organisation_id, within(Organisation.path, staff.paths("leader"))
            )
        )
        if path is None:
            raise NotFound
        statement = statement.where(within(Organisation.path, [path]))
    if before is not None:
        statement = statement.where(BindingRequest.id < before)
    found = [_shown(*row) for row in await session.execute(statement)]
    held = next(post.organisation_id for post in staff.posts if post.role == "leader")
    audit.record(
        session, staff.actor, "binding_requests.viewed", "organisation", organisation_id or held,
        now=now, organisation_id=organisation_id or held, count=min(len(found), limit),
    )  # fmt: skip
    return found


async def decide(
    session: AsyncSession, staff: CurrentStaff, request_id: int, approve: bool, now: datetime
) -> RequestOut:
    """Approves, which ends the binding that the member has, or refuses; raises `NotFound` or `AlreadyDecided`."""
    asked = await session.scalar(select(BindingRequest.member_id).where(BindingRequest.id == request_id))
    # The member before the request, as whoever binds or archives them does.
    member = await lock_member(session, asked) if asked is not None else None
    found = (
        await session.execute(
            select(BindingRequest, Organisation)
            .join(Member, Member.id == BindingRequest.member_id)
            .join(Organisation, Organisation.id == Member.organisation_id)
            .where(BindingRequest.id == request_id, within(Organisation.path, staff.paths("leader")))
            .with_for_update(of=BindingRequest)
            .execution_options(populate_existing=True)
        )
    ).first()
    if found is None or member is None:
        raise NotFound
    request, organisation = found
    wanted = "approved" if approve else "refused"
    if request.state == wanted:
        return _shown(request, member, organisation)
    if request.state != "open":
        raise AlreadyDecided
    request.state, request.decided_at, request.decided_by = wanted, now, staff.account_id
    await session.flush()
    if approve:
        await _hand_over(session, request, member, staff, now)
    audit.record(
        session, staff.actor, f"binding.{wanted}", "member", member.id,
        now=now, organisation_id=organisation.id, reason=request.reason,
    )  # fmt: skip
    return _shown(request, member, organisation)


async def _hand_over(
    session: AsyncSession, request: BindingRequest, member: Member, staff: CurrentStaff, now: datetime
) -> None:
    holder = await holder_of(session, member.id)
    if holder is not None and holder.wechat_user_id != request.wechat_user_id:
        await end_binding(session, staff, member, now)
    await void_slips(session, [member.id], now)
    await tie(session, request.wechat_user_id, member, staff.actor, now, by="request")
