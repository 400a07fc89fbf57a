"""The side of WeChat and WeCom: channels that are set up to be called, and calls signed and encrypted for them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import select

from app.db.engine import transaction
from app.directory.models import WechatUser
from app.messaging.callbacks.settings import set_callback
from app.messaging.models import SubscriptionBalance
from app.messaging.schemas import CallbackFields
from app.platforms.callback_crypto import encrypt, key_of, signature
from app.platforms.models import Channel
from tests.world import World

TOKEN, KEY = "token2026", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
APPID, CORPID = "wxba5fad812f8e6fb9", "wx5823bf96d3bd56c7"
OPENID, TEMPLATE = "o9AgO5Kd5ggOC-bXrbNODIiE3bGY", "VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3_3gz3Oc0NIc"
AT = 1620973045


@dataclass
class Platform:
    """One account, and how it calls us; `plain` without encryption."""

    client: httpx.AsyncClient
    account: str = APPID
    path: str = "wechat"
    token: str = TOKEN
    key: str = KEY
    receiver: str = ""
    plain: bool = False
    nonce: int = field(default=415670741)

    @property
    def url(self) -> str:
        return f"/callbacks/{self.path}/{self.account}"

    def query(self, *sealed: str) -> dict[str, str]:
        """The signed query of a call; with the encrypted text, `msg_signature` of that."""
        self.nonce += 1
        words = {"timestamp": str(AT), "nonce": str(self.nonce)}
        signed = {**words, "signature": signature(self.token, *words.values())}
        if sealed:
            signed |= {"encrypt_type": "aes", "msg_signature": signature(self.token, *words.values(), *sealed)}
        return signed

    def sealed(self, message: str) -> str:
        """The message encrypted for the account, with other random bytes each time."""
        return encrypt(key_of(self.key), message.encode(), self.receiver or self.account)

    async def send(self, message: str, *, envelope: str = "xml", mark: bytes = b"", **query: str) -> httpx.Response:
        """One call with a message in XML or JSON."""
        if self.plain:
            body, signed = message, self.query()
        else:
            sealed = self.sealed(message)
            signed = self.query(sealed)
            body = (
                f"<xml><ToUserName><![CDATA[gh_1]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
                if envelope == "xml"
                else json.dumps({"ToUserName": "gh_1", ("encrypt" if envelope == "robot" else "Encrypt"): sealed})
            )
        return await self.client.post(self.url, params={**signed, **query}, content=mark + body.encode())


def popup(*items: tuple[str, str], at: int = AT, event: str = "subscribe_msg_popup_event", openid: str = OPENID) -> str:
    """What WeChat sends when a member has answered the question for (template, accept or reject), in JSON."""
    found = [{"TemplateId": template, "SubscribeStatusString": answer, "PopupScene": "0"} for template, answer in items]
    return event_of(event, List=found[0] if len(found) == 1 else found, at=at, openid=openid)


def event_of(event: str, *, at: int = AT, openid: str = OPENID, **more: Any) -> str:
    """An event in JSON, its numbers as text, as WeChat writes them."""
    head = {"ToUserName": "gh_1", "FromUserName": openid, "CreateTime": str(at), "MsgType": "event", "Event": event}
    return json.dumps({**head, **more})


def as_xml(message: str) -> str:
    """The same event in XML, where the list is in an element of its own and repeats."""
    body = json.loads(message)
    items = body.pop("List", None)
    fields = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in body.items())
    lists = "".join(
        "<List>" + "".join(f"<{name}>{value}</{name}>" for name, value in item.items()) + "</List>"
        for item in ([items] if isinstance(items, dict) else items or [])
    )
    outer = "".join(part.title() for part in body["Event"].split("_"))
    return f"<xml>{fields}<{outer}>{lists}</{outer}></xml>"


ACCEPT = popup((TEMPLATE, "accept"))


async def set_up(
    client: httpx.AsyncClient, world: World, adapter: str = "wechat_miniprogram", **more: Any
) -> dict[str, Any]:
    """A channel with callbacks, made by the API."""
    admin = await world.staff(("administrator", 1))
    body = {
        "organisation_id": 1, "adapter": adapter, "name": "渠道", "secret": "a-secret-of-the-platform",
        "account": APPID, "callback_token": TOKEN, "callback_key": KEY, **more,
    }  # fmt: skip
    created = await client.post("/channels", json=body, headers=admin.auth)
    assert created.status_code == 201, created.text
    return {**created.json(), "auth": admin.auth}


async def store(world: World, adapter: str, account: str) -> int:
    """A channel of any adapter, installed here or not, with callbacks; gives its id."""
    async with transaction(world.service.sessions) as session:
        row = Channel(
            organisation_id=1, adapter=adapter, name="渠道", account=account, config={}, enabled=True,
            created_at=world.service.clock(),
        )  # fmt: skip
        session.add(row)
        await session.flush()
        set_callback(world.service.vault, row, CallbackFields(callback_token=TOKEN, callback_key=KEY))
        return row.id


async def balances(world: World, openid: str = OPENID) -> Mapping[str, int]:
    """The ledger of an openid by template."""
    async with world.service.sessions() as session:
        rows = await session.execute(
            select(SubscriptionBalance.template, SubscriptionBalance.balance)
            .join(WechatUser, WechatUser.id == SubscriptionBalance.wechat_user_id)
            .where(WechatUser.openid == openid)
        )
        return dict(rows.all())
