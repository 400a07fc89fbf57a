"""What the fake WeChat does for a service account: followers, and template messages to them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from scheduler.fakes.state import Refusal
from scheduler.fakes.wechat_accounts import Account, checked_data, day_of, openid_of

TEMPLATES = 25
DAILY_QUOTA = 100_000
URL_LIMIT = 2048


def follow(account: Account, phone: str, unionid: str | None) -> str:
    """Do what a tap on 关注 does: a follower, who is known by an openid of this account alone."""
    openid = openid_of(account, phone)
    account.followers.add(openid)
    if unionid is not None:
        account.unionids[openid] = unionid
    return openid


def user_info(account: Account, openid: str) -> dict[str, object]:
    """Tell who a follower is; of somebody who follows no more, only that."""
    if openid not in account.phones:
        raise Refusal(40003)
    if openid not in account.followers:
        return {"subscribe": 0, "openid": openid}
    known = {"unionid": account.unionids[openid]} if openid in account.unionids else {}
    return {"subscribe": 1, "openid": openid, "language": "zh_CN", "subscribe_scene": "ADD_SCENE_QR_CODE", **known}


def accept_template_message(account: Account, message: Mapping[str, object], now: float) -> None:
    """Take one template message for delivery."""
    openid, template_id = str(message.get("touser", "")), str(message.get("template_id", ""))
    if openid not in account.phones:
        raise Refusal(40003)
    if openid not in account.followers:
        raise Refusal(43004)
    if template_id not in account.templates:
        raise Refusal(40037)
    opens = message.get("miniprogram")
    if isinstance(opens, dict) and opens.get("appid") not in account.linked:
        raise Refusal(40013)
    if len(str(message.get("url", "")).encode()) > URL_LIMIT:
        raise Refusal(47001)
    data = checked_data(account.templates[template_id], message.get("data"))
    if account.accepted_on[day_of(now)] >= account.daily_quota:
        raise Refusal(45009)
    account.accepted_on[day_of(now)] += 1
    account.sent.append(
        {
            "openid": openid,
            "phone": account.phones[openid],
            "template_id": template_id,
            "url": message.get("url"),
            "miniprogram": opens,
            "data": data,
            "time": datetime.fromtimestamp(now, UTC).isoformat(),
        }
    )
