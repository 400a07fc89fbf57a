"""Routes of sign-in and `me`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select

from app.access.deps import Address, AnyStaff, AnyWechat, Db, Now, ServiceDep, TheMember, Token, checked_alone
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.directory.models import Account
from app.identity import members, passwords, preferences, service, tries
from app.identity.apps import find_app, mini_program
from app.identity.schemas import (
    CurrentSession,
    Me,
    MemberChoice,
    Members,
    PasswordChange,
    PasswordSignIn,
    Preferences,
    PreferencesIn,
    StaffMe,
    StaffSession,
    WechatSession,
    WechatSignIn,
)

router = APIRouter(tags=["identity"])


@router.post("/sessions/wechat", operation_id="sign_in_wechat", status_code=201)
async def sign_in_wechat(body: WechatSignIn, source: Address, svc: ServiceDep, now: Now) -> WechatSession:
    """Signs a WeChat user in with the code of `wx.login`; 600 tries in 5 minutes for an address."""
    async with transaction(svc.sessions) as session:
        await tries.check_tries(session, {f"wechat-address:{source}": tries.WECHAT_ADDRESS}, now)
        app = await find_app(session, svc.vault, body.app)
    async with mini_program(svc, app) as client:
        identity = await client.code_to_session(body.code)
    async with transaction(svc.sessions) as session:
        token, expires_at, bound = await service.open_wechat_session(
            session, body.app, identity.openid, identity.unionid, now
        )
    return WechatSession(token=token, expires_at=expires_at, members=bound)


@router.post("/sessions/password", operation_id="sign_in_password", status_code=201)
async def sign_in_password(body: PasswordSignIn, source: Address, svc: ServiceDep, now: Now) -> StaffSession:
    """Signs a member of staff in; 10 tries in 5 minutes for a login and for an address."""
    login, address = f"login:{body.login}", f"address:{source}"
    async with transaction(svc.sessions) as session:
        await tries.check_tries(session, {login: tries.PASSWORD, address: tries.PASSWORD}, now)
        account = await service.find_account(session, body.login)
    if not await passwords.matches(account.password_hash if account else None, body.password) or account is None:
        if account is not None:
            async with transaction(svc.sessions) as session:
                service.record_refusal(session, account, now)
        raise service.WrongPassword
    async with transaction(svc.sessions) as session:
        await tries.forget_tries(session, [login])
        await tries.forget_latest_try(session, address)
        token, expires_at = await service.open_staff_session(session, account, now)
        posts = await service.list_posts(session, account.id, now)
    return StaffSession(token=token, expires_at=expires_at, name=account.name, posts=posts)


@router.delete("/sessions/current", operation_id="sign_out", status_code=204)
async def sign_out(db: Db, token: Token, now: Now) -> Response:
    """Ends this session: the next request with its token is 401."""
    await service.end_session(db, token, now)
    return Response(status_code=204)


@router.put("/sessions/current/member", operation_id="switch_member")
async def switch_member(body: MemberChoice, db: Db, wechat: AnyWechat) -> Members:
    """Puts another of the members bound to this WeChat user in use."""
    return Members(items=await members.switch_member(db, wechat, body.member_id))


@router.get("/sessions/current", operation_id="get_session")
async def get_session(db: Db, wechat: AnyWechat) -> CurrentSession:
    """The members bound to this WeChat user, and the one in use: also where it was untied, or has not consented."""
    return await members.get_session(db, wechat)


@router.get("/staff/me", operation_id="get_staff_me")
async def get_staff_me(db: Db, staff: AnyStaff, now: Now) -> StaffMe:
    """Who is signed in, and the posts in force."""
    posts = await service.list_posts(db, staff.account_id, now)
    return StaffMe(account_id=staff.account_id, name=staff.name, posts=posts)


@router.put("/staff/me/password", operation_id="change_own_password", status_code=204)
async def change_own_password(
    body: PasswordChange, svc: ServiceDep, staff: Annotated[CurrentStaff, Depends(checked_alone)], now: Now
) -> Response:
    """Sets the own password, with the one in use; 10 tries in 5 minutes. All other sessions of the account end."""
    async with transaction(svc.sessions) as session:
        account = await session.scalar(select(Account).where(Account.id == staff.account_id))
        key = f"login:{account.login}" if account else ""
        await tries.check_tries(session, {key: tries.PASSWORD}, now)
    if account is None or not await passwords.matches(account.password_hash, body.current):
        raise service.WrongOwnPassword
    passwords.check_password(account.login, body.new)
    new_hash = await passwords.hash_password(body.new)
    async with transaction(svc.sessions) as session:
        await tries.forget_tries(session, [key])
        await service.change_password(session, staff, account.password_hash, new_hash, now)
    return Response(status_code=204)


@router.get("/me", operation_id="get_me")
async def get_me(db: Db, member: TheMember) -> Me:
    """The member in use, as the roster knows them."""
    return await members.get_me(db, member)


@router.get("/me/preferences", operation_id="get_preferences")
async def get_preferences(db: Db, member: TheMember) -> Preferences:
    """What the member in use wants of notices: kinds, channels in order, quiet hours."""
    return await preferences.get_preferences(db, member)


@router.patch("/me/preferences", operation_id="change_preferences")
async def change_preferences(body: PreferencesIn, db: Db, member: TheMember, now: Now) -> Preferences:
    """Sets what the member wants of notices; those on meetings cannot be switched off."""
    return await preferences.change_preferences(db, member, body, now)
