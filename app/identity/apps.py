"""The mini-programs that are set up here, and what of their platform's errors a person is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.directory.models import Organisation
from app.errors import Invalid, Unavailable
from app.platforms.access import Access
from app.platforms.errors import BadLoginCode, NotMainlandNumber, PlatformError
from app.platforms.models import Channel
from app.platforms.secrets import open_secret
from app.platforms.token_store import DatabaseTokens
from app.platforms.wechat import WechatClient
from app.resources import Service


class UnknownApp(Invalid):
    """No mini-program with this appid is set up here."""

    code = "unknown_app"
    detail = "这个小程序尚未在本系统登记，请联系管理员核对 AppID。"


class BadWechatCode(Invalid):
    """WeChat does not accept the code: used, expired or made up."""

    code = "bad_wechat_code"
    detail = "微信凭证已失效，请重试一次；仍不行的，请关闭小程序后重新打开。"


class ForeignNumber(Invalid):
    """The roster holds numbers of the mainland only."""

    code = "foreign_number"
    detail = "微信绑定的不是中国大陆手机号，无法用手机号绑定。请向支部书记领取绑定单。"


class WechatAway(Unavailable):
    """WeChat cannot be reached, or refuses our account."""

    code = "wechat_away"
    detail = "暂时无法连接微信，请稍后重试。"


@dataclass(frozen=True)
class App:
    """A mini-program with its secret, and the organisations whose members use it."""

    channel_id: int
    appid: str
    secret: str
    paths: list[str]


async def find_app(session: AsyncSession, vault: Vault, appid: str) -> App:
    """The mini-program of this appid; raises `UnknownApp`."""
    rows = await session.execute(
        select(Channel, Organisation.path)
        .join(Organisation, Organisation.id == Channel.organisation_id)
        .where(Channel.adapter == "wechat_miniprogram", Channel.account == appid, Channel.enabled)
        .order_by(Channel.id)
    )
    found = rows.all()
    for channel, _ in found:
        if (secret := open_secret(vault, channel)) is not None:
            return App(channel.id, appid, secret, [path for _, path in found])
    raise UnknownApp


@asynccontextmanager
async def mini_program(service: Service, app: App) -> AsyncIterator[WechatClient]:
    """The client of a mini-program; raises `BadWechatCode`, `ForeignNumber` or `WechatAway`. No transaction is open."""
    # One token for the senders, too: a platform that gives a new one ends the old.
    store = DatabaseTokens(service.sessions, service.vault, app.channel_id)
    host = service.settings.wechat_api
    client = WechatClient(Access(service.http, host, app.appid, app.secret, service.clock, store))
    try:
        yield client
    except BadLoginCode:
        raise BadWechatCode from None
    except NotMainlandNumber:
        raise ForeignNumber from None
    except PlatformError as error:
        raise WechatAway(retry_after=5) from error
