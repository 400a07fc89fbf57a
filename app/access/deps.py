"""What routes ask for: the transaction of the request, the time, who is asking, and the guard of retried writes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from ipaddress import ip_network
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember, CurrentStaff, CurrentWechat, get_member, get_staff, get_wechat
from app.db.engine import transaction
from app.errors import Forbidden, Unauthenticated
from app.resources import Service


async def service_of(request: Request) -> Service:
    """The service that this request came to."""
    return cast(Service, request.app.state.service)


ServiceDep = Annotated[Service, Depends(service_of)]


async def now_of(service: ServiceDep) -> datetime:
    """The time of this request."""
    return service.clock()


Now = Annotated[datetime, Depends(now_of)]


async def open_session(service: ServiceDep) -> AsyncIterator[AsyncSession]:
    """The one transaction of the request."""
    async with transaction(service.sessions) as session:
        yield session


# scope="function": committed before the answer is sent, so that a failed commit is never answered as a success.
Db = Annotated[AsyncSession, Depends(open_session, scope="function")]

bearer = HTTPBearer(auto_error=False, description="The token of `POST /sessions/wechat` or `/sessions/password`")


async def address_of(request: Request) -> str:
    """Where the request comes from, as far as the proxy says; of IPv6 the network, which one subscriber has whole."""
    host = request.client.host if request.client else ""
    return str(ip_network(f"{host.split('%')[0]}/64", strict=False)) if ":" in host else host


Address = Annotated[str, Depends(address_of)]


async def token_of(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> str:
    """The bearer token; raises `Unauthenticated` where there is none."""
    if credentials is None or not credentials.credentials.isascii():
        raise Unauthenticated
    return credentials.credentials


Token = Annotated[str, Depends(token_of)]


async def _staff(db: Db, token: Token, now: Now) -> CurrentStaff:
    return await get_staff(db, token, now)


async def _wechat(db: Db, token: Token, now: Now) -> CurrentWechat:
    return await get_wechat(db, token, now)


async def _member(db: Db, token: Token, now: Now) -> CurrentMember:
    return await get_member(db, token, now)


async def _bound(db: Db, token: Token, now: Now) -> CurrentMember:
    return await get_member(db, token, now, consented=False)


AnyStaff = Annotated[CurrentStaff, Depends(_staff)]
AnyWechat = Annotated[CurrentWechat, Depends(_wechat)]
TheMember = Annotated[CurrentMember, Depends(_member)]
# Before the consent: only what is needed to ask for it.
BoundMember = Annotated[CurrentMember, Depends(_bound)]


def holding(*roles: str) -> Callable[[CurrentStaff], Awaitable[CurrentStaff]]:
    """A dependency: staff with one of `roles` in some organisation; which rows are reached is up to the query."""

    async def check(staff: AnyStaff) -> CurrentStaff:
        if not staff.holds(*roles):
            raise Forbidden
        return staff

    return check


def checked_first(*roles: str) -> Callable[[Service, str, datetime], Awaitable[CurrentStaff]]:
    """As `holding`, in a transaction of its own that has ended: for slow work that comes before the request's one.

    A route names what depends on it before `Db`: dependencies are resolved in their order.
    """

    async def check(service: ServiceDep, token: Token, now: Now) -> CurrentStaff:
        async with transaction(service.sessions) as session:
            staff = await get_staff(session, token, now)
        if not staff.holds(*roles):
            raise Forbidden
        return staff

    return check


async def checked_alone(service: ServiceDep, token: Token, now: Now) -> CurrentStaff:
    """Any staff, in a transaction of its own that has ended: see `checked_first`."""
    async with transaction(service.sessions) as session:
        return await get_staff(session, token, now)


async def wechat_first(service: ServiceDep, token: Token, now: Now) -> CurrentWechat:
    """The WeChat user, in a transaction of its own that has ended: the platform is asked next."""
    async with transaction(service.sessions) as session:
        return await get_wechat(session, token, now)


Leader = Annotated[CurrentStaff, Depends(holding("leader"))]
Editor = Annotated[CurrentStaff, Depends(holding("editor"))]
DeskStaff = Annotated[CurrentStaff, Depends(holding("editor", "reviewer"))]
Administrator = Annotated[CurrentStaff, Depends(holding("administrator"))]
LeaderOrAdministrator = Annotated[CurrentStaff, Depends(holding("leader", "administrator"))]
