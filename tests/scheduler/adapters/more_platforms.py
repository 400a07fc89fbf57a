"""More of our platforms as the conformance suite wants them described."""

import base64
from collections.abc import Sequence

from scheduler.adapters.base import ChannelInfo, Status
from scheduler.adapters.conformance import NOT_SENT, UNREADABLE, Desk, Fault, Platform, TokenRules, refusals
from scheduler.adapters.dingtalk import DINGTALK
from scheduler.adapters.email import EMAIL
from scheduler.adapters.feishu import FEISHU
from scheduler.adapters.sms_aliyun import SMS_ALIYUN
from scheduler.adapters.webhook import WEBHOOK
from tests.scheduler.adapters.platforms import revoke

WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"a secret that stays a secret").decode()


def http(*statuses: int) -> tuple[Fault, ...]:
    return tuple(Fault(f"http_{status}") for status in statuses)


async def receiver_set_up(desk: Desk, count: int) -> Sequence[str]:
    await desk.order("reset")
    await desk.order("receiver", secret=WEBHOOK_SECRET)
    return [""] * count


async def receiver_delivered(desk: Desk) -> Sequence[str]:
    return [str(notice["data"]["member_id"]) for notice in await desk.look("sent") for _ in range(notice["times"])]


RECEIVER = Platform(
    kind=WEBHOOK,
    send="/notices",
    channel=lambda base: ChannelInfo(1, "", WEBHOOK_SECRET, {"settings": {"url": f"{base}/notices"}}),
    hosts=lambda base: {"webhook": "127.0.0.1"},
    set_up=receiver_set_up,
    delivered=receiver_delivered,
    faults={
        Status.RETRY: NOT_SENT,
        # Any 2xx is an answer that can be read.
        Status.UNKNOWN: (
            *(fault for fault in UNREADABLE if fault.mode not in ("http_200", "cut_off")),
            *http(500, 504),
        ),
        Status.FAILED: http(400, 409, 413),
        Status.UNREACHABLE: http(422),
        Status.CHANNEL_DOWN: http(301, 401, 403, 404, 410),
    },
    throttled=http(429),
    bad_configs=(
        {},
        {"settings": {"url": "https://elsewhere.example/"}},
        {"settings": {"url": "http://169.254.169.254/"}},
    ),
    lacks={
        "quota": "a receiver has no word for it",
        "partial": "one call delivers to one member",
        "token": "each call is signed",
    },
)

MAIL_ACCOUNT, MAIL_SECRET = "notice@party.example", "a-secret-that-stays-secret"
MAIL_PORTS: dict[str, int] = {}
"""The port of SMTP by the address of the fake's control side; the fixture of the fake fills it in."""


def mail_channel(base: str) -> ChannelInfo:
    port = MAIL_PORTS.get(base, int(base.rpartition(":")[2]))
    return ChannelInfo(1, MAIL_ACCOUNT, MAIL_SECRET, {"settings": {"host": "localhost", "port": str(port)}})


async def house_set_up(desk: Desk, count: int) -> Sequence[str]:
    await desk.order("reset")
    readers = [f"reader{number}@mail.example" for number in range(count)]
    await desk.order("account", account=MAIL_ACCOUNT, secret=MAIL_SECRET, mailboxes=readers)
    return readers


async def house_delivered(desk: Desk) -> Sequence[str]:
    return [reader for letter in await desk.look("sent") for reader in letter["to"]]


def reply(command: str, errcode: int | str, errmsg: str) -> Fault:
    return Fault("errcode", errcode, errmsg, command)


HOUSE = Platform(
    kind=EMAIL,
    send="DATA",
    channel=mail_channel,
    hosts=lambda base: {"email": "localhost"},
    set_up=house_set_up,
    delivered=house_delivered,
    faults={
        Status.RETRY: (
            *(Fault("hang", path="RCPT"), reply("MAIL", 421, "HL:IFC"), reply("DATA", 451, "DT:SPM")),
            *(reply(command, "none", "of it") for command in ("MAIL", "RCPT")),
        ),
        Status.UNKNOWN: (
            *(Fault(mode) for mode in ("hang", "reset", "accept_then_reset")),
            *(reply("DATA", code, "of it") for code in ("none", 299)),
        ),
        Status.FAILED: (reply("DATA", 554, "DT:SPM"),),
        Status.UNREACHABLE: (reply("RCPT", 550, "User not found"), reply("RCPT", 552, "Mailbox full")),
        Status.CHANNEL_DOWN: (reply("MAIL", 553, "Mail from must equal authorized user"),),
        Status.QUOTA: (reply("DATA", 554, "MI:STC"),),
    },
    throttled=(reply("MAIL", 451, "MI:SFQ"),),
    together=False,
    stranger="nobody@mail.example",
    bad_configs=({}, {"settings": {"host": "elsewhere.example"}}, {"settings": {"host": "localhost", "port": "0"}}),
    lacks={"token": "each connection logs in"},
)

SMS_KEY, SMS_SECRET, SMS_TEMPLATE = "LTAI5tExample", "a-secret-that-stays-secret", "SMS_100000001"
SMS_FIELDS = {"title": "title", "time": "time", "organisation": "organisation", "note": "note"}


def sms_config(**template: object) -> dict[str, object]:
    chosen = {"template_id": SMS_TEMPLATE, "fields": SMS_FIELDS, **template}
    return {"settings": {"sign_name": "示范镇党委"}, "templates": {"weekly_issue": chosen}}


async def aliyun_set_up(desk: Desk, count: int) -> Sequence[str]:
    await desk.order("reset")
    templates = {SMS_TEMPLATE: list(SMS_FIELDS)}
    await desk.order("account", key_id=SMS_KEY, secret=SMS_SECRET, signs=["示范镇党委"], templates=templates)
    return [f"138{number:08}" for number in range(count)]


async def aliyun_delivered(desk: Desk) -> Sequence[str]:
    return [message["phone"] for message in await desk.look("sent")]


def codes(*texts: str) -> tuple[Fault, ...]:
    """The platform answers with a code of letters, and perhaps words after it."""
    return tuple(Fault("errcode", errmsg=text) for text in texts)


ALIYUN = Platform(
    kind=SMS_ALIYUN,
    send="SendSms",
    channel=lambda base: ChannelInfo(1, SMS_KEY, SMS_SECRET, sms_config()),
    hosts=lambda base: {"aliyun_sms": base},
    set_up=aliyun_set_up,
    delivered=aliyun_delivered,
    faults={
        Status.RETRY: (*codes("isp.SYSTEM_ERROR", "isv.BUSINESS_LIMIT_CONTROL 触发小时级流控Permits:5"), *NOT_SENT),
        Status.UNKNOWN: (*UNREADABLE, *codes("SignatureNonceUsed", " no code")),
        Status.FAILED: codes("isv.PARAM_LENGTH_LIMIT", "isv.PARAM_NOT_SUPPORT_URL", "isv.NEW_CODE"),
        Status.UNREACHABLE: codes("isv.MOBILE_NUMBER_ILLEGAL", "isv.BUSINESS_LIMIT_CONTROL 触发天级流控Permits:50"),
        Status.CHANNEL_DOWN: (
            *codes(
                "isv.OUT_OF_SERVICE", "isv.AMOUNT_NOT_ENOUGH", "isv.SMS_SIGNATURE_ILLEGAL", "isp.RAM_PERMISSION_DENY"
            ),
            Fault("http_404"),
        ),
        Status.QUOTA: codes("isv.DAY_LIMIT_CONTROL 触发日发送限额"),
    },
    throttled=codes("isv.BUSINESS_LIMIT_CONTROL 触发分钟级流控Permits:1", "Throttling.User"),
    stranger="02012345678",
    bad_configs=(
        {},
        {"settings": {}, "templates": sms_config()["templates"]},
        {**sms_config(), "templates": {}},
        sms_config(fields=None),
    ),
    lacks={"partial": "one call is sent to one number", "token": "each call is signed"},
)


APP_KEY, APP_SECRET, AGENT_ID = "ding0123456789abcdef", "a-secret-that-stays-secret", 4321
DINGTALK_SEND = "/topapi/message/corpconversation/asyncsend_v2"
DINGTALK_SETTINGS: dict[str, object] = {"settings": {"agent_id": str(AGENT_ID)}}


async def dingtalk_set_up(desk: Desk, count: int) -> Sequence[str]:
    users = [f"manager{number:04}" for number in range(count)]
    await desk.order("reset")
    # The suite sends the same words more than once.
    await desk.order("app", key=APP_KEY, secret=APP_SECRET, agent_id=AGENT_ID, users=users, repeats=True)
    return users


async def user_of_each(desk: Desk) -> Sequence[str]:
    return [str(message["user"]) for message in await desk.look("sent")]


DINGTALK_PLATFORM = Platform(
    kind=DINGTALK,
    send=DINGTALK_SEND,
    channel=lambda base: ChannelInfo(1, APP_KEY, APP_SECRET, DINGTALK_SETTINGS),
    hosts=lambda base: {"dingtalk": base},
    set_up=dingtalk_set_up,
    delivered=user_of_each,
    faults={
        Status.RETRY: (*refusals(-1, 1430003), *NOT_SENT),
        Status.UNKNOWN: (*UNREADABLE, *refusals("none")),
        Status.FAILED: refusals(34014, 34016, 143106, 1430002, 99999),
        Status.UNREACHABLE: refusals(33012, 143105, 1430000, 1430004),
        Status.CHANNEL_DOWN: (*refusals(33001, 40056, 60011, 60020, 88), Fault("http_404")),
    },
    throttled=refusals(143103, 90018),
    stranger="nobody",
    token=TokenRules("/gettoken", (40014, 42001), revoke),
    bad_configs=({}, {"settings": {"agent_id": "number"}}),
    lacks={"quota": "DingTalk counts a day's notices for each member, and not for the application"},
)


APP_ID = "cli_a1b2c3d4e5f6"
FEISHU_SEND, FEISHU_TOKEN = "/open-apis/message/v4/batch_send/", "/open-apis/auth/v3/tenant_access_token/internal"


async def feishu_set_up(desk: Desk, count: int) -> Sequence[str]:
    people = [f"ou_{number:032x}" for number in range(count)]
    await desk.order("reset")
    await desk.order("app", app_id=APP_ID, secret=APP_SECRET, people=people)
    return people


async def person_of_each(desk: Desk) -> Sequence[str]:
    return [str(message["person"]) for message in await desk.look("sent")]


FEISHU_PLATFORM = Platform(
    kind=FEISHU,
    send=FEISHU_SEND,
    channel=lambda base: ChannelInfo(1, APP_ID, APP_SECRET, {}),
    hosts=lambda base: {"feishu": base},
    set_up=feishu_set_up,
    delivered=person_of_each,
    faults={
        Status.RETRY: NOT_SENT,
        Status.UNKNOWN: (*UNREADABLE, *refusals(1500, "none")),
        Status.FAILED: refusals(10002, 10003, 11246, 11312, 99999),
        Status.UNREACHABLE: refusals(11101),
        Status.CHANNEL_DOWN: (*refusals(11203, 11205, 11207, 99991672, 99991403), Fault("http_404")),
        Status.QUOTA: refusals(11247),
    },
    throttled=(*refusals(99991400, 429), Fault("http_429")),
    stranger="ou_nobody",
    token=TokenRules(FEISHU_TOKEN, (99991663, 99991661), revoke),
    lacks={"settings": "it has none of its own"},
)
