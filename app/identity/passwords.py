"""Argon2id, in a thread and few at a time: each costs a quarter of a second of CPU."""

import asyncio
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

from app.errors import Invalid

HASHER = PasswordHasher()
# Verified in place of an unknown account, so that the time does not tell whether a login exists.
DECOY = HASHER.hash("no such account")
AT_ONCE = 2


class WeakPassword(Invalid):
    """A password that would be guessed first."""

    code = "weak_password"
    detail = "密码过于简单：不能包含登录名，也不能只由一个字符重复组成，请换一个。"


def check_password(login: str, password: str) -> None:
    """Raises `WeakPassword`."""
    if login.lower() in password.lower() or len(set(password)) == 1:
        raise WeakPassword


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def _gate() -> asyncio.Semaphore:
    return _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))


async def hash_password(password: str) -> str:
    """The Argon2id hash to keep."""
    async with _gate():
        return await asyncio.to_thread(HASHER.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Whether the password is the one; takes as long where there is no account."""

    def verify() -> bool:
        try:
            return HASHER.verify(password_hash or DECOY, password) and password_hash is not None
        except VerificationError:
            return False

    async with _gate():
        return await asyncio.to_thread(verify)
