"""The DingTalk API: work notices of an organisation's application, up to 100 members a call.

Sources: open.dingtalk.com, document/orgapp "asynchronous-sending-of-enterprise-session-messages" (100 members, 2,048
bytes), "gets-the-result-of-sending-messages-asynchronously-to-the-enterprise" (codes 143103 to 1430004) and the list of
global codes (88 carries the code in `sub_code`; 90001 to 90018 throttle). That getsendresult tells no state, only lists
of members, is as users report it.
"""

import asyncio
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.platforms.access import Access
from app.platforms.asking import ask, error_code
from app.platforms.errors import (
    ContentRejected,
    PlatformConfigurationError,
    PlatformError,
    RecipientError,
    TransientError,
)
from app.platforms.texts import clip_bytes, lines_of
from app.platforms.tokens import Token, call_with_token, token_of

A_SECOND = 80.0
"""Notices an application may send a second: 5,000 a minute (143103)."""

MEMBERS = 100
MESSAGE_BYTES = 2048
LINK_BYTES = 500
POLLS = (0.3, 0.7, 1.5, 2.5)
"""Seconds before each look at a result: what is not known after five seconds counts as accepted."""

SEND = "/topapi/message/corpconversation/asyncsend_v2"
RESULT = "/topapi/message/corpconversation/getsendresult"

STALE_TOKEN = frozenset({40014, 42001})
REPEATED = frozenset({143106, 143206})
"""The same words went to this member today already."""

_AUTHORISATION = 88
_TOO_FAST = frozenset({143103, 143104, 143203, 143204, 1430003, *range(90001, 90019)})
_CLASS_OF_CODE: dict[int, type[PlatformError]] = {
    **dict.fromkeys((-1, *_TOO_FAST), TransientError),
    # 40001, 40089 and 40096: the key or the secret, at gettoken. 60020: our address is not on the list.
    **dict.fromkeys((*STALE_TOKEN, 33001, 40001, 40056, 40089, 40096, 60011, 60020), PlatformConfigurationError),
    # 143105: the 500 notices that a member takes a day. 1430004: leaders whom the organisation shields.
    **dict.fromkeys((33012, 40003, 143105, 143205, 1430000, 1430004), RecipientError),
    **dict.fromkeys((34014, 34016, *REPEATED, 1430002), ContentRejected),
}

_USER_ID = re.compile(r"[A-Za-z0-9_.-][A-Za-z0-9_.@-]{0,63}")


def is_user_id(text: str) -> bool:
    """Whether it names one member: never `@all`, and never two joined by a comma."""
    return _USER_ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Result:
    """What is known of a call: why members did not get it, and who did; the others are under way."""

    refused: Mapping[str, PlatformError]
    reached: Collection[str]


class DingtalkClient:
    """One application at https://oapi.dingtalk.com."""

    def __init__(self, access: Access, agent_id: int) -> None:
        self._access = access
        self._agent_id = agent_id
        self._tokens = access.tokens(self.fetch_token)

    async def send(self, user_ids: Sequence[str], text: str) -> Mapping[str, PlatformError]:
        """Send one text to up to 100 members; gives why members did not get it, by their ids.

        DingTalk takes the call first and decides on each member later: the result is asked for within `POLLS`, and who
        is not decided on by then counts as reached. Raises the PlatformError family for the call as a whole.
        """
        body = {
            "agent_id": self._agent_id,
            "userid_list": ",".join(user_ids),
            "msg": {"msgtype": "text", "text": {"content": text}},
        }
        answer = await self._business(SEND, body, delivers=True, people=user_ids)
        task = answer.get("task_id")
        return await self._outcome(task, set(user_ids)) if isinstance(task, int) else {}

    async def _outcome(self, task: int, awaited: set[str]) -> Mapping[str, PlatformError]:
        refused: Mapping[str, PlatformError] = {}
        for pause in POLLS:
            await asyncio.sleep(pause)
            try:
                answer = await self._business(RESULT, {"agent_id": self._agent_id, "task_id": task}, delivers=False)
            except PlatformError:
                continue  # the notices are on their way, whatever becomes of the question
            result = read_result(answer)
            refused = result.refused
            if awaited <= {*refused, *result.reached}:
                break
        return refused

    async def _business(
        self, path: str, body: Mapping[str, object], *, delivers: bool, people: Sequence[str] = ()
    ) -> Mapping[str, object]:
        async def call(token: str) -> Mapping[str, object]:
            url, query = self._access.url(path), {"access_token": token}
            return await ask(self._access.http, "POST", url, query=query, body=body, delivers=delivers)

        answer, token = await call_with_token(self._tokens, call, lambda each: _code(each) in STALE_TOKEN)
        self._check(answer, token, *people)
        return answer

    async def fetch_token(self, force: bool) -> Token:
        """Ask for the token; raises the PlatformError family."""
        # There is no force: DingTalk gives the same token until its end, and a new one then.
        access = self._access
        query = {"appkey": access.account, "appsecret": access.secret}
        answer = await ask(access.http, "GET", access.url("/gettoken"), query=query)
        self._check(answer, unknown=PlatformConfigurationError)
        return token_of(answer, access.now())

    def _check(self, answer: Mapping[str, object], *hidden: str, unknown: type[PlatformError] = PlatformError) -> None:
        if error_code(answer) == _AUTHORISATION:
            unknown = PlatformConfigurationError
        words = answer.get("sub_msg") or answer.get("errmsg", "")
        self._access.check(_code(answer), words, _CLASS_OF_CODE, *hidden, unknown=unknown)


def _code(answer: Mapping[str, object]) -> int:
    code = error_code(answer)
    return error_code(answer, "sub_code") if code == _AUTHORISATION and "sub_code" in answer else code


def read_result(answer: Mapping[str, object]) -> Result:
    """Who got the notice and who did not, from an answer of getsendresult."""
    found = answer.get("send_result")
    lists = found if isinstance(found, dict) else {}
    refused: dict[str, PlatformError] = {}
    for user in _ids(lists.get("invalid_user_id_list")):
        refused[user] = RecipientError("invalid_user_id", "DingTalk knows no such member")
    for user in _ids(lists.get("failed_user_id_list")):
        refused[user] = RecipientError("failed_user_id", "DingTalk could not deliver it")
    for user in _ids(lists.get("forbidden_user_id_list")):
        refused[user] = RecipientError("forbidden_user_id", "DingTalk holds it back")
    forbidden = lists.get("forbidden_list")
    for each in forbidden if isinstance(forbidden, list) else []:
        if isinstance(each, dict) and isinstance(each.get("userid"), str):
            code = error_code(each, "code")
            refused[each["userid"]] = _CLASS_OF_CODE.get(code, RecipientError)(code, "DingTalk holds it back")
    reached = {*_ids(lists.get("read_user_id_list")), *_ids(lists.get("unread_user_id_list"))}
    return Result(refused, reached)


def _ids(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def dingtalk_text(title: str, body: str, link: str) -> str:
    """The text of a notice, with its address where the words do not have it, cut to what DingTalk takes in JSON."""
    shown = link if link and link not in body and len(link.encode("utf-8", "replace")) <= LINK_BYTES else ""
    tail = f"\n{lines_of(shown)}" if shown else ""
    words = f"{lines_of(title)}\n{lines_of(body)}".strip()
    limit = MESSAGE_BYTES - len(json.dumps({"msgtype": "text", "text": {"content": tail}}, ensure_ascii=False).encode())
    text = clip_bytes(words, limit)
    while (over := len(json.dumps(text, ensure_ascii=False).encode()) - 2 - limit) > 0:
        text = clip_bytes(text, len(text.encode()) - over)
    return text + tail
