"""The state and the rules of the fake WeChat: accounts, people, codes, tokens, subscriptions."""

import base64
import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scheduler.fakes.callbacks import Called
from scheduler.fakes.state import Refusal

CODE_LIFE = 300
TOKEN_LIFE = 7200
TOKEN_OVERLAP = 300
FORCED_APART = 30
FORCED_A_DAY = 20
TOKENS_A_MINUTE, TOKENS_A_DAY = 10_000, 500_000
DAILY_QUOTA = 10_000_000
BEIJING = 8 * 3600

_FIELD = {
    "thing": r".{1,20}",
    "number": r"[-+.0-9]{1,32}",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[!-~ ]{1,32}",
    "time": r"(\d{4}年\d{1,2}月\d{1,2}日 )?\d{1,2}:\d{2}",
    "date": r"\d{4}年\d{1,2}月\d{1,2}日",
    "phrase": r"[\u3400-\u9fff\U00020000-\U0003fffd〇]{1,5}",
    "name": r"[A-Za-z .'-]{1,20}|.{1,10}",
    "phone_number": r"[-+() 0-9]{1,17}",
}
"""Full matches of the template fields; own ones, so that a mistake in the client is not repeated here."""


@dataclass
class Code:
    """What wx.login gave on a phone."""

    openid: str
    issued_at: float
    used: bool = False


@dataclass
class PhoneCode:
    """What a tap on the button getPhoneNumber gave on a phone: a code of its own kind, and what it stands for."""

    number: str
    country_code: int | str  # documented as text, shown in the example as a number
    issued_at: float
    used: bool = False


@dataclass
class IssuedToken:
    """An access token; ``revoked`` by a forced refresh."""

    value: str
    expires_at: float
    revoked: bool = False


@dataclass
class Account:
    """One mini-program with its templates, and everything that WeChat knows of its users."""

    appid: str
    secret: str
    templates: dict[str, list[str]]
    daily_quota: int = DAILY_QUOTA
    tokens_a_minute: int = TOKENS_A_MINUTE
    tokens_a_day: int = TOKENS_A_DAY
    pages: list[str] | None = None  # of the mini-program; none named: any
    msgid: str = "number"  # how it comes: a number, text, or not at all
    phones: dict[str, str] = field(default_factory=dict)  # openid -> phone
    unionids: dict[str, str] = field(default_factory=dict)  # openid -> unionid
    codes: dict[str, Code] = field(default_factory=dict)
    phone_codes: dict[str, PhoneCode] = field(default_factory=dict)
    tokens: list[IssuedToken] = field(default_factory=list)
    asked: Counter[tuple[str, int]] = field(default_factory=Counter)  # (minute or day, which) -> calls for a token
    forced_at: list[float] = field(default_factory=list)
    balances: Counter[tuple[str, str]] = field(default_factory=Counter)  # (openid, template) -> messages
    accepted_on: Counter[int] = field(default_factory=Counter)  # day -> messages
    sent: list[dict[str, object]] = field(default_factory=list)
    followers: set[str] = field(default_factory=set)  # openids; of a service account alone
    linked: list[str] = field(default_factory=list)  # appids of mini-programs that its messages may open
    called: Called | None = None  # the address that is told of events
    results: list[str] = field(default_factory=list)  # what the next messages come to; without one, success


def openid_of(account: Account, phone: str) -> str:
    """Give the stable 28-character openid of a phone in one account, and make the person known to it."""
    digest = hashlib.sha256(f"{account.appid}\0{phone}".encode()).digest()
    openid = "o" + base64.urlsafe_b64encode(digest).decode()[:27]
    account.phones[openid] = phone
    return openid


def log_in(account: Account, phone: str, unionid: str | None, now: float) -> tuple[str, str]:
    """Do what wx.login does on a phone: a new code, and the openid that it will stand for."""
    openid = openid_of(account, phone)
    if unionid is not None:
        account.unionids[openid] = unionid
    code = secrets.token_hex(16)
    account.codes[code] = Code(openid, now)
    return code, openid


def redeem_code(account: Account, value: str, now: float) -> dict[str, str]:
    """Exchange a code once within five minutes; refuses with 40029 or 40163."""
    code = account.codes.get(value)
    if code is None or now >= code.issued_at + CODE_LIFE:
        raise Refusal(40029)
    if code.used:
        raise Refusal(40163)
    code.used = True
    session = {"session_key": base64.b64encode(secrets.token_bytes(16)).decode(), "openid": code.openid}
    if code.openid in account.unionids:
        session["unionid"] = account.unionids[code.openid]
    return session


def share_number(account: Account, phone: str, number: str, country_code: int | str, now: float) -> tuple[str, str]:
    """Do what a tap on getPhoneNumber does: a new code for ``number``, and the openid of the person who tapped."""
    code = secrets.token_hex(32)
    account.phone_codes[code] = PhoneCode(number, country_code, now)
    return code, openid_of(account, phone)


def redeem_phone_code(account: Account, value: str, now: float) -> dict[str, object]:
    """Exchange a code for its number once within five minutes; an unknown, used or old one is refused with 40029."""
    code = account.phone_codes.get(value)
    if code is None or code.used or now >= code.issued_at + CODE_LIFE:
        raise Refusal(40029, f"invalid code hint: [{secrets.token_hex(8)}]")
    code.used = True
    home = str(code.country_code) == "86"
    return {
        "phoneNumber": code.number if home else f"+{code.country_code}{code.number}",
        "purePhoneNumber": code.number,
        "countryCode": code.country_code,
        "watermark": {"timestamp": int(code.issued_at), "appid": account.appid},
    }


def stable_token(account: Account, force: bool, now: float) -> IssuedToken:
    """Give the account's token: the same one until its last five minutes, or a new one that ends all older ones."""
    for unit, which, most, errcode in (
        ("minute", int(now // 60), account.tokens_a_minute, 45011),
        ("day", day_of(now), account.tokens_a_day, 45009),
    ):
        if account.asked[unit, which] >= most:
            raise Refusal(errcode)
        account.asked[unit, which] += 1
    if force:
        today = [at for at in account.forced_at if day_of(at) == day_of(now)]
        if len(today) >= FORCED_A_DAY:
            raise Refusal(45009)
        if today and now - today[-1] < FORCED_APART:
            raise Refusal(45011)
        account.forced_at.append(now)
        for token in account.tokens:
            token.revoked = True
    elif account.tokens and now < account.tokens[-1].expires_at - TOKEN_OVERLAP:
        return account.tokens[-1]
    account.tokens.append(IssuedToken(secrets.token_hex(256), now + TOKEN_LIFE))
    return account.tokens[-1]


def check_token(token: IssuedToken, now: float) -> None:
    """Refuse a token that was replaced by force (40001) or is past its end (42001)."""
    if token.revoked:
        raise Refusal(40001)
    if now >= token.expires_at:
        raise Refusal(42001)


def accept_message(account: Account, message: Mapping[str, object], now: float) -> None:
    """Take one subscription message for delivery, and one from the member's balance."""
    openid, template_id = str(message.get("touser", "")), str(message.get("template_id", ""))
    if openid not in account.phones:
        raise Refusal(40003)
    if template_id not in account.templates:
        raise Refusal(40037)
    page = str(message.get("page") or "").partition("?")[0]
    if page and account.pages is not None and page not in account.pages:
        raise Refusal(41030)
    if message.get("miniprogram_state", "formal") not in ("developer", "trial", "formal"):
        raise Refusal(47001)
    data = checked_data(account.templates[template_id], message.get("data"))
    if account.accepted_on[day_of(now)] >= account.daily_quota:
        raise Refusal(45009)
    if account.balances[openid, template_id] < 1:
        raise Refusal(43101)
    account.balances[openid, template_id] -= 1
    account.accepted_on[day_of(now)] += 1
    account.sent.append(
        {
            "openid": openid,
            "phone": account.phones[openid],
            "template_id": template_id,
            "page": message.get("page"),
            "data": data,
            "state": message.get("miniprogram_state", "formal"),
            "time": datetime.fromtimestamp(now, UTC).isoformat(),
        }
    )


def checked_data(keys: list[str], data: object) -> dict[str, str]:
    """Read the fields of a message; refuses with 47003 and the name of the first bad one."""
    fields = data if isinstance(data, dict) else {}
    values = {}
    for key in keys:
        entry = fields.get(key)
        value = entry.get("value") if isinstance(entry, dict) else None
        if not isinstance(value, str) or not value.strip():
            raise Refusal(47003, f"argument invalid! data.{key}.value is emtpy")  # sic
        if not re.fullmatch(_FIELD[key.rstrip("0123456789")], value):
            raise Refusal(47003, f"argument invalid! data.{key}.value invalid")
        values[key] = value
    return values


def day_of(now: float) -> int:
    return int((now + BEIJING) // 86400)
