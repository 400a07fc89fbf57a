"""How the fake WeChat calls an address: checked when an operator enters it, then signed, and again where it must."""

import asyncio
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from app.platforms.callback_crypto import encrypt, key_of, signature

TRIES = 3
SECONDS = 5.0
"""For so long an answer is waited for; without one, or with another than ``success``, the same event is sent again."""

LISTS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}
STATUSES = {"0": "success", "43101": "user refuse to accept the msg"}
"""What the result of a subscription message says in words; any other number is a failure of the system."""

Item = Mapping[str, str]


@dataclass
class Called:
    """The address of one account: ``mode`` safe, compatible or plain, ``form`` xml or json.

    ``lost`` answers are thrown away, as on a bad line, so that what was taken in comes again.
    """

    appid: str
    url: str
    token: str
    key: str
    mode: str = "safe"
    form: str = "xml"
    lost: int = 0
    last: int = 0
    telling: list[asyncio.Task[int]] = field(default_factory=list)
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=SECONDS))

    async def check(self) -> bool:
        """Ask for the echo, as the console does before it keeps the address."""
        echo = secrets.token_hex(8)
        answer = await self.http.get(self.url, params={**self._query(), "echostr": echo})
        return answer.status_code == httpx.codes.OK and answer.text == echo

    async def tell(self, openid: str, event: str, now: float, items: list[Item] | None = None) -> int:
        """Send an event until it is answered; gives how often it took, 0 where nobody ever answered.

        Nobody taps twice within a second: two events of one account never have the same time.
        """
        self.last = max(int(now), self.last + 1)
        head = {"ToUserName": "gh_0123456789ab", "FromUserName": openid, "CreateTime": str(self.last)}
        return await self._told({**head, "MsgType": "event", "Event": event}, items or [])

    def tell_of_result(self, openid: str, msgid: int, result: str, template: str, now: float) -> None:
        """Send, once the message itself is answered, what became of it; ``template`` of a subscription, else empty."""
        # It never moves the account's time: what comes of thousands of messages comes within one second.
        at = str(max(int(now), self.last))
        head = {"ToUserName": "gh_0123456789ab", "FromUserName": openid, "CreateTime": at, "MsgType": "event"}
        if template:
            code, words = result or "0", STATUSES.get(result or "0", "system error")
            item = {"TemplateId": template, "MsgID": str(msgid), "ErrorCode": code, "ErrorStatus": words}
            event = self._told({**head, "Event": "subscribe_msg_sent_event"}, [item])
        else:
            outcome = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": str(msgid), "Status": result or "success"}
            event = self._told({**head, **outcome}, [])
        self.telling.append(asyncio.create_task(event))

    async def _told(self, head: Mapping[str, str], items: list[Item]) -> int:
        message = self._written(head, head["Event"], items)
        for number in range(1, TRIES + 1):
            if await self._post(message):
                return number
        return 0

    async def _post(self, message: str) -> bool:
        sealed = "" if self.mode == "plain" else encrypt(key_of(self.key), message.encode(), self.appid)
        try:
            answer = await self.http.post(self.url, params=self._query(sealed), content=self._envelope(message, sealed))
        except httpx.RequestError:
            return False
        if self.lost:
            self.lost -= 1
            return False
        return answer.status_code == httpx.codes.OK and answer.text == "success"

    def _query(self, sealed: str = "") -> dict[str, str]:
        words = {"timestamp": str(self.last), "nonce": str(secrets.randbelow(10**9))}
        query = {**words, "signature": signature(self.token, *words.values())}
        if sealed:
            query |= {"encrypt_type": "aes", "msg_signature": signature(self.token, *words.values(), sealed)}
        return query

    def _envelope(self, message: str, sealed: str) -> bytes:
        """The body of a call; in the compatible mode it has the plain fields beside the encrypted text."""
        if not sealed:
            return message.encode()
        if self.form == "json":
            plain = json.loads(message) if self.mode == "compatible" else {"ToUserName": "gh_0123456789ab"}
            return json.dumps({**plain, "Encrypt": sealed}).encode()
        plain = message.removeprefix("<xml>").removesuffix("</xml>") if self.mode == "compatible" else ""
        return f"<xml>{plain}<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>".encode()

    def _written(self, head: Mapping[str, str], event: str, items: list[Item]) -> str:
        """The message: a list of one is an object in JSON, and repeats in an element of its own in XML."""
        if self.form == "json":
            listed = {"List": items[0] if len(items) == 1 else items} if items else {}
            return json.dumps({**head, **listed})
        lists = "".join(f"<List>{_fields(item)}</List>" for item in items)
        outer = f"<{LISTS[event]}>{lists}</{LISTS[event]}>" if items else ""
        return f"<xml>{_fields(head)}{outer}</xml>"


async def tell_of_tap(
    called: Called | None, openid: str, template: str, answer: str, now: float, *, settings: bool = False
) -> int:
    """Tell of a tap on accept or reject, in the question or in the settings; 0 where nobody is called."""
    if called is None:
        return 0
    item = {"TemplateId": template, "SubscribeStatusString": answer}
    if settings:
        return await called.tell(openid, "subscribe_msg_change_event", now, [item])
    return await called.tell(openid, "subscribe_msg_popup_event", now, [{**item, "PopupScene": "0"}])


def _fields(values: Mapping[str, str]) -> str:
    return "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in values.items())
