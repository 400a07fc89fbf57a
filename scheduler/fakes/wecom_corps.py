"""The state and the rules of the fake WeCom: corporations, tokens, and what becomes of a message."""

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scheduler.fakes.state import Refusal

TOKEN_LIFE = 7200
RECIPIENTS = 1000
A_MINUTE_PER_MEMBER, AN_HOUR_PER_MEMBER, A_MINUTE = 30, 1000, 10_000
DUPLICATE_CHECK_MOST = 4 * 3600
LIMITS = {"title": 128, "description": 512, "content": 2048}
URL_LIMIT = 2048
"""Bytes. A longer text is cut without a word, a longer address refused."""


@dataclass
class Corp:
    """A corporation with one application; ids of members are kept in lower case, as WeCom gives them back."""

    corp_id: str
    secret: str
    agent_id: int
    users: set[str]
    unlicensed: set[str]
    tokens: dict[str, float] = field(default_factory=dict)  # value -> end
    calls_at: list[float] = field(default_factory=list)
    got_at: dict[str, list[float]] = field(default_factory=dict)  # member -> when they got a message
    same_at: dict[tuple[str, str], float] = field(default_factory=dict)  # (member, message) -> when
    sent: list[dict[str, object]] = field(default_factory=list)
    dropped: list[dict[str, object]] = field(default_factory=list)


def app_token(corp: Corp, secret: str, now: float) -> tuple[str, int]:
    """Give the application's token and its seconds to live: the same one until it ends."""
    if secret != corp.secret:
        raise Refusal(40001)
    for value, end in corp.tokens.items():
        if now < end:
            return value, round(end - now)
    value = secrets.token_urlsafe(160)
    corp.tokens[value] = now + TOKEN_LIFE
    return value, TOKEN_LIFE


def corp_of_token(corps: Iterable[Corp], value: str, now: float) -> Corp:
    """Find whose token it is; refuses with 40014 or 42001."""
    for corp in corps:
        if value in corp.tokens:
            if now >= corp.tokens[value]:
                raise Refusal(42001)
            return corp
    raise Refusal(40014)


def accept_message(corp: Corp, message: Mapping[str, object], now: float) -> tuple[list[str], list[str]]:
    """Take one message for delivery; gives the ids, in lower case, that are invalid and those without a licence."""
    named = [user.strip().lower() for user in str(message.get("touser", "")).split("|") if user.strip()]
    if message.get("agentid") != corp.agent_id:
        raise Refusal(301002 if isinstance(message.get("agentid"), int) else 40056)
    if not named:
        raise Refusal(82001)
    if len(named) > RECIPIENTS:
        raise Refusal(40058)
    content = _content(message)
    corp.calls_at = [at for at in corp.calls_at if at > now - 60]
    if len(corp.calls_at) >= A_MINUTE:
        raise Refusal(45009)
    corp.calls_at.append(now)
    users = sorted(corp.users | corp.unlicensed) if named == ["@all"] else named
    reached = [user for user in users if user in corp.users]
    unlicensed = [user for user in users if user in corp.unlicensed]
    invalid = [user for user in users if user not in corp.users and user not in corp.unlicensed]
    if not reached:
        raise Refusal(81013)
    for user in reached:
        _deliver(corp, user, message, content, now)
    return invalid, unlicensed


def _content(message: Mapping[str, object]) -> dict[str, object]:
    """What the member would see, cut without a word where it is too long; refuses what cannot be shown."""
    kind = str(message.get("msgtype"))
    part = message.get(kind)
    if kind not in ("text", "textcard") or not isinstance(part, dict):
        raise Refusal(40058)
    wanted = ("content",) if kind == "text" else ("title", "description", "url")
    if any(not isinstance(part.get(name), str) or not part[name].strip() for name in wanted):
        raise Refusal(44004)
    url = str(part.get("url", ""))
    if kind == "textcard" and (not url.startswith(("http://", "https://")) or len(url.encode()) > URL_LIMIT):
        raise Refusal(40058)
    cut = any(len(str(part[name]).encode()) > LIMITS[name] for name in wanted if name in LIMITS)
    return {"msgtype": kind, "cut": cut, **{name: part[name] for name in wanted}}


def _deliver(corp: Corp, user: str, message: Mapping[str, object], content: dict[str, object], now: float) -> None:
    """Show it to one member, or drop it without a word: a repeat, or more than a member may get."""
    shown = {"user": user, **content}
    if message.get("enable_duplicate_check") == 1:
        interval = min(int(str(message.get("duplicate_check_interval", 1800))), DUPLICATE_CHECK_MOST)
        key = user, json.dumps(content, sort_keys=True)
        if now - corp.same_at.get(key, float("-inf")) < interval:
            corp.dropped.append({**shown, "why": "duplicate"})
            return
        corp.same_at[key] = now
    got = corp.got_at.setdefault(user, [])
    if len([at for at in got if at > now - 60]) >= A_MINUTE_PER_MEMBER or (
        len([at for at in got if at > now - 3600]) >= AN_HOUR_PER_MEMBER
    ):
        corp.dropped.append({**shown, "why": "too_many"})
        return
    got.append(now)
    corp.sent.append(shown)
