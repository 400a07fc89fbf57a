"""Sign-ins as the product itself makes them, for what the sessions of `tests.world` leave out."""

from app.db.engine import transaction
from app.directory.models import Account
from app.identity.service import open_staff_session, open_wechat_session
from app.resources import Service
from tests.world import APPID, Person


async def sign_in(service: Service, account_id: int) -> Person:
    """A new session of an account, such as the sign-in with the password opens."""
    async with transaction(service.sessions) as session:
        account = await session.get_one(Account, account_id)
        token, _ = await open_staff_session(session, account, service.clock())
    return Person(account_id, token)


async def open_phone(service: Service, openid: str) -> Person:
    """A new session of a WeChat user, such as the sign-in with the code opens."""
    async with transaction(service.sessions) as session:
        token, _, members = await open_wechat_session(session, APPID, openid, None, service.clock())
    return Person(members[0].member_id, token)
