"""Our platforms as the conformance suite wants them described."""

from collections.abc import Sequence
from dataclasses import replace

from scheduler.adapters.base import ChannelInfo, Status
from scheduler.adapters.conformance import NOT_SENT, UNREADABLE, Desk, Fault, Platform, TokenRules, refusals
from scheduler.adapters.console import CONSOLE
from scheduler.adapters.wechat_miniprogram import WECHAT_MINIPROGRAM
from scheduler.adapters.wechat_service_account import WECHAT_SERVICE_ACCOUNT
from scheduler.adapters.wecom import WECOM
from tests.scheduler.fakes.process import APPID, SECRET, SEND, TEMPLATE, TOKEN

FIELDS = {"thing1": "title", "date2": "time", "thing3": "note"}


def _templates(**template: object) -> dict[str, object]:
    return {"templates": {"weekly_issue": {"template_id": TEMPLATE, "fields": FIELDS, **template}}}


WECHAT_BAD_CONFIGS: tuple[dict[str, object], ...] = (
    {},
    {"templates": {"meeting": {"template_id": TEMPLATE, "fields": FIELDS}}},
    _templates(fields={"nonsense1": "title"}),
    _templates(fields={"number1": "title"}),
)


async def wechat_set_up(desk: Desk, count: int) -> Sequence[str]:
    await desk.order("reset")
    await desk.order("apps", appid=APPID, secret=SECRET, templates={TEMPLATE: list(FIELDS)})
    openids: list[str] = []
    for number in range(count):
        for _ in range(10):
            answer = await desk.order("accept", appid=APPID, phone=f"138{number:08}", template_id=TEMPLATE)
        openids.append(str(answer["openid"]))
    return openids


async def wechat_delivered(desk: Desk) -> Sequence[str]:
    return [str(message["openid"]) for message in await desk.look("sent", appid=APPID)]


async def wechat_revoke(desk: Desk) -> None:
    """What another program does that forces a token for this account."""
    body = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": True}
    await desk.http.post(f"{desk.base}{TOKEN}", json=body)


MINIPROGRAM = Platform(
    kind=WECHAT_MINIPROGRAM,
    send=SEND,
    channel=lambda base: ChannelInfo(1, APPID, SECRET, _templates()),
    hosts=lambda base: {"wechat": base},
    set_up=wechat_set_up,
    delivered=wechat_delivered,
    faults={
        Status.RETRY: (*refusals(-1, 43108), *NOT_SENT),
        Status.UNKNOWN: (*UNREADABLE, *refusals("none")),
        Status.FAILED: refusals(47003, 40249, 99999),
        Status.UNREACHABLE: refusals(40003, 43101, 43004, 40226),
        Status.CHANNEL_DOWN: (*refusals(40013, 40164, 48001, 40037, 41030, 43107), Fault("http_404")),
        Status.QUOTA: refusals(45009),
    },
    throttled=refusals(45011),
    spent=refusals(43101),
    stranger="o-nobody",
    token=TokenRules(TOKEN, (40001, 40014, 42001), wechat_revoke),
    bad_configs=WECHAT_BAD_CONFIGS,
    lacks={"partial": "one call delivers to one openid"},
)


SERVICE_APPID, SERVICE_SEND = "wxfedcba9876543210", "/cgi-bin/message/template/send"


async def service_set_up(desk: Desk, count: int) -> Sequence[str]:
    await desk.order("reset")
    templates = {TEMPLATE: list(FIELDS)}
    await desk.order(
        "apps", appid=SERVICE_APPID, secret=SECRET, templates=templates, service=True, linked=[APPID], daily_quota=1000
    )
    return [
        str((await desk.order("follow", appid=SERVICE_APPID, phone=f"138{number:08}"))["openid"])
        for number in range(count)
    ]


async def service_delivered(desk: Desk) -> Sequence[str]:
    return [str(message["openid"]) for message in await desk.look("sent", appid=SERVICE_APPID)]


async def service_revoke(desk: Desk) -> None:
    body = {"grant_type": "client_credential", "appid": SERVICE_APPID, "secret": SECRET, "force_refresh": True}
    await desk.http.post(f"{desk.base}{TOKEN}", json=body)


SERVICE_ACCOUNT = replace(
    MINIPROGRAM,
    kind=WECHAT_SERVICE_ACCOUNT,
    send=SERVICE_SEND,
    channel=lambda base: ChannelInfo(
        1, SERVICE_APPID, SECRET, {**_templates(), "settings": {"miniprogram_appid": APPID}}
    ),
    set_up=service_set_up,
    delivered=service_delivered,
    spent=(),
    token=TokenRules(TOKEN, (40001, 40014, 42001), service_revoke),
)

CORP_ID, AGENT_ID, WECOM_SEND, GETTOKEN = "ww0123456789abcdef", 1000002, "/cgi-bin/message/send", "/cgi-bin/gettoken"
WECOM_SETTINGS: dict[str, object] = {"settings": {"agent_id": str(AGENT_ID)}}


async def wecom_set_up(desk: Desk, count: int) -> Sequence[str]:
    # WeCom gives ids back in lower case: these are not.
    users = [f"ZhangSan{number:04}" for number in range(count)]
    await desk.order("reset")
    await desk.order("corps", corpid=CORP_ID, secret=SECRET, agentid=AGENT_ID, users=users, unlicensed=["LiSi"])
    return users


async def wecom_delivered(desk: Desk) -> Sequence[str]:
    return [str(message["user"]).replace("zhangsan", "ZhangSan") for message in await desk.look("sent")]


async def revoke(desk: Desk) -> None:
    await desk.order("revoke")


WECOM_PLATFORM = Platform(
    kind=WECOM,
    send=WECOM_SEND,
    channel=lambda base: ChannelInfo(1, CORP_ID, SECRET, WECOM_SETTINGS),
    hosts=lambda base: {"wecom": base},
    set_up=wecom_set_up,
    delivered=wecom_delivered,
    faults={
        Status.RETRY: (*refusals(-1), *NOT_SENT),
        Status.UNKNOWN: (*UNREADABLE, *refusals("none")),
        Status.FAILED: refusals(44004, 45002, 99999),
        Status.UNREACHABLE: refusals(81013, 60011, 60111, 82001),
        Status.CHANNEL_DOWN: (*refusals(40001, 60020, 40056, 301002), Fault("http_404")),
    },
    throttled=refusals(45009, 45033),
    stranger="WangWu",
    token=TokenRules(GETTOKEN, (40014, 42001), revoke),
    bad_configs=({}, {"settings": {"agent_id": "the app"}}, {"settings": {"agent_id": ""}}),
    lacks={"quota": "WeCom counts by the minute and by the member, and drops the excess without a word"},
)


async def console_set_up(desk: Desk, count: int) -> Sequence[str]:
    return [""] * count


async def console_delivered(desk: Desk) -> Sequence[str]:
    return [str(envelope.member_id) for envelope in desk.console]


async def console_texts(desk: Desk) -> Sequence[str]:
    return [envelope.message.body for envelope in desk.console]


_INSIDE = "the console is a table of ours: it has no platform that could refuse"

CONSOLE_PLATFORM = Platform(
    kind=CONSOLE,
    send="",
    channel=lambda base: ChannelInfo(1, "", "", {}),
    hosts=lambda base: {},
    set_up=console_set_up,
    delivered=console_delivered,
    texts=console_texts,
    lacks={
        "connection": "no connection is made",
        "secret": "it has no account",
        "token": "it has no account",
        "settings": "it has none",
        "partial": "every member can be written for",
        **dict.fromkeys(("throttled", "retry", "unknown", "failed", "channel_down", "quota", "unreachable"), _INSIDE),
    },
)
