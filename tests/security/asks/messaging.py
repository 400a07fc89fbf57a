"""What is asked for of channels, schedules and callbacks."""

from app.platforms.callback_crypto import encrypt, key_of, signature
from content.tables import Value, write_xlsx
from tests.app.messaging.callbacks.platform import KEY, TOKEN, store
from tests.security.asks import Ask
from tests.security.targets import Targets, messaging, people
from tests.world import Person

SUBSCRIPTION = {"template": "t", "accepted": True}

SCHEDULE = {"kind": "unfinished_reminder", "cron": "0 9 * * fri"}


async def new_channel(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A channel of the console."""
    account = f"new-{targets.number()}"
    body = {"organisation_id": organisation_id, "adapter": "console", "name": "消息页", "account": account}
    return Ask(json=body)


async def _callback(targets: Targets, adapter: str) -> tuple[str, dict[str, str], str]:
    """A new channel that is called: its account, a signed query, and an encrypted text."""
    account = f"called-{targets.number()}"
    await store(targets.world, adapter, account)
    sealed = encrypt(key_of(KEY), b'{"MsgType": "text"}', account)
    words = {"timestamp": "1714112445", "nonce": "415670741"}
    query = {
        **words,
        "signature": signature(TOKEN, *words.values()),
        "msg_signature": signature(TOKEN, *words.values(), sealed),
    }
    return account, query, sealed


async def wechat_check(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """WeChat checks our address."""
    account, query, _ = await _callback(targets, "wechat_miniprogram")
    return Ask({"appid": account}, {**query, "echostr": "4375120948345356249"})


async def wechat_call(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An encrypted message of WeChat."""
    account, query, sealed = await _callback(targets, "wechat_miniprogram")
    return Ask({"appid": account}, {**query, "encrypt_type": "aes"}, json={"Encrypt": sealed})


async def wecom_check(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """WeCom checks our address."""
    account, query, sealed = await _callback(targets, "wecom")
    return Ask({"corpid": account}, {**query, "echostr": sealed})


async def wecom_call(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An encrypted message of WeCom."""
    account, query, sealed = await _callback(targets, "wecom")
    return Ask({"corpid": account}, query, json={"Encrypt": sealed})


async def address(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A member, and a channel of their organisation that knows people by an id."""
    path = {
        "member_id": await people.member(targets, organisation_id),
        "channel_id": await messaging.addressed(targets, organisation_id),
    }
    return Ask(path, json={"address": "zhang.san"})


async def address_sheet(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A workbook with the id of one member."""
    rows: list[list[Value]] = [["党员编号", "姓名", "收件地址"]]
    member_id = await targets.world.member(organisation_id, name="张三")
    rows.append([str(member_id), "张三", "zhang.san"])
    path = {"channel_id": await messaging.addressed(targets, organisation_id)}
    return Ask(path, file=write_xlsx({"收件地址": rows}))


async def dry_run(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A dry run of a schedule."""
    schedule, run = await messaging.dry_run(targets, organisation_id)
    return Ask({"schedule_id": schedule, "dry_run_id": run})


async def new_anniversary(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A day for the list of an organisation."""
    name = f"纪念日{targets.number()}"
    return Ask({"organisation_id": organisation_id}, json={"name": name, "month": 7, "day": 1})


async def subscription(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A tap on accept."""
    return Ask(json=SUBSCRIPTION)
