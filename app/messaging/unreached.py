"""The leader's list of those whom no channel reaches: what is in the way, and what helps."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, below
from app.directory.models import Member, Organisation
from app.messaging.models import Campaign, Unreached
from app.messaging.schemas import UnreachedOut
from app.organisations.people.reach import in_sight
from app.organisations.service import find_organisation

KEEPERS = ("leader", "administrator")
# What a sender or the planner noted → what is in the way, and what to do about it.
WORDS = {
    "not_bound": ("没有绑定微信", "请发一张绑定单，或当面帮助绑定；绑定后由本人决定是否同意告知书。"),
    "no_subscription": ("微信通知的次数用完了", "请提醒本人打开小程序，点“同意再接收一次微信通知”。"),
    "no_phone": ("名册里没有手机号", "请在名册中补上手机号。"),
    "no_address": ("没有登记收件地址，或没有关注公众号", "请登记收件地址，或请本人关注公众号。"),
    "no_template": ("通知渠道没有设置这类消息的模板", "请联系管理员设置消息模板。"),
    "no_channel": ("所在组织没有可用的通知渠道", "请联系管理员开通通知渠道；开通之前请当面或电话告知。"),
    "not_consented": ("没有同意个人信息告知书", "同意与否由本人决定；重要事项请当面或电话告知。"),
    "practice": ("演练党组织的消息不对外发送", "不需要处理。"),
    "unreachable": ("平台送不到这个账号（可能已停用、退订或屏蔽）", "请与本人核对手机号、收件地址或关注状态。"),
}
UNKNOWN = ("没有送达", "请当面或电话告知，并与本人核对联系方式。")


async def list_unreached(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, now: datetime, *, after: int | None, limit: int
) -> Sequence[UnreachedOut]:
    """Members of the organisation and its subtree, by id, one more than `limit` where there is a next page.

    Raises `NotFound`.
    """
    organisation = await find_organisation(session, organisation_id, staff.paths(*KEEPERS))
    rows = await session.execute(
        select(Unreached, Member.name, Organisation.id, Organisation.name, Campaign.kind)
        .join(Member, Member.id == Unreached.member_id)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(Campaign, Campaign.id == Unreached.campaign_id)
        .where(
            below(organisation),
            in_sight(staff, now),
            Member.archived_at.is_(None),
            Unreached.member_id > (after or 0),
        )
        .order_by(Unreached.member_id)
        .limit(limit + 1)
    )
    return [_shown(*row) for row in rows]


def _shown(row: Unreached, name: str, organisation_id: int, organisation: str, kind: str) -> UnreachedOut:
    why, advice = WORDS.get(row.reason, UNKNOWN)
    return UnreachedOut(
        id=row.member_id,
        name=name,
        organisation_id=organisation_id,
        organisation=organisation,
        kind=kind,
        reason=row.reason,
        why=why,
        advice=advice,
        since=row.at,
    )
