"""Who follows a service account: asked for by their unionid, by which the members among them are known."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog
from sqlalchemy import delete, select, update

from app.db.engine import is_away, transaction
from app.directory.models import WechatUser
from app.platforms.access import Access
from app.platforms.errors import PlatformError, QuotaExceeded, RecipientError
from app.platforms.models import Channel
from app.platforms.secrets import open_secret
from app.platforms.token_store import DatabaseTokens
from app.platforms.wechat_service import ServiceAccountClient
from app.resources import Service
from scheduler.channels import tomorrow

log = structlog.get_logger()

ADAPTER = "wechat_service_account"
LOOK_SECONDS = 20
AT_ONCE = 100


async def name_followers(service: Service, rests: dict[int, datetime]) -> int:
    """Asks for those whom an event has told of, up to `AT_ONCE` an account; gives how many are known now.

    Who follows no more, or has no unionid, can be matched with nobody and is not kept. No transaction is open while the
    platform is asked; a platform that refuses is asked again at the next look. `rests` is kept from look to look: until
    when a channel is left alone because its quota is spent. Messages have one of their own, and go on.
    """
    now = service.clock()
    async with transaction(service.sessions) as session:
        rows = await session.scalars(
            select(Channel)
            .where(
                Channel.adapter == ADAPTER,
                Channel.enabled,
                Channel.stopped_reason.is_(None),
                Channel.secret_cipher.is_not(None),
            )
            .order_by(Channel.id)
        )
        channels = [channel for channel in rows if rests.get(channel.id, now) <= now]
    return sum([await _name_those_of(service, channel, rests) for channel in channels])


async def _name_those_of(service: Service, channel: Channel, rests: dict[int, datetime]) -> int:
    async with transaction(service.sessions) as session:
        unnamed = (WechatUser.appid == channel.account) & WechatUser.unionid.is_(None)
        rows = await session.execute(
            select(WechatUser.id, WechatUser.openid).where(unnamed).order_by(WechatUser.id).limit(AT_ONCE)
        )
        waiting = [(int(user), str(openid)) for user, openid in rows]
    client, named = _client(service, channel), 0
    for user, openid in waiting:
        try:
            unionid = await client.unionid(openid)
        except RecipientError:
            unionid = None
        except PlatformError as error:
            log.warning("followers_not_named", channel=channel.id, code=str(error.code))
            if isinstance(error, QuotaExceeded):
                rests[channel.id] = tomorrow(service.clock())
            if type(error) is PlatformError:
                continue  # a code that nobody knows may be about this one alone, and must not keep the others waiting
            return named
        await _keep(service, user, unionid)
        named += unionid is not None
    return named


async def _keep(service: Service, user: int, unionid: str | None) -> None:
    async with transaction(service.sessions) as session:
        if unionid is None:
            await session.execute(delete(WechatUser).where(WechatUser.id == user))
        else:
            await session.execute(update(WechatUser).where(WechatUser.id == user).values(unionid=unionid))


def _client(service: Service, channel: Channel) -> ServiceAccountClient:
    secret = open_secret(service.vault, channel) or ""
    store = DatabaseTokens(service.sessions, service.vault, channel.id)
    host = service.settings.platform_hosts["wechat"]
    return ServiceAccountClient(Access(service.http, host, channel.account, secret, service.clock, store))


@asynccontextmanager
async def naming_followers(service: Service) -> AsyncIterator[None]:
    """Looks every 20 s while the context is open."""
    task = asyncio.create_task(_look_for_ever(service))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _look_for_ever(service: Service) -> None:
    rests: dict[int, datetime] = {}
    while True:
        try:
            await name_followers(service, rests)
        except Exception as error:
            log.warning("followers_failed", error=type(error).__name__, exc_info=None if is_away(error) else error)
        await asyncio.sleep(LOOK_SECONDS)
