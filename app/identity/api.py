"""Routes of sign-in, binding and `me`."""

from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from app.access.deps import AnyStaff, AnyWechat, Db, Leader, Now, ServiceDep, TheMember, Token
from app.db.engine import transaction
from app.errors import Invalid, Unavailable
from app.identity import members, passwords, service, tries
from app.identity.schemas import (
    BindingIn,
    Me,
    MemberChoice,
    Members,
    PasswordSignIn,
    SlipOut,
    SlipsIn,
    SlipsOut,
    StaffMe,
    StaffSession,
    WechatSession,
    WechatSignIn,
)
from app.platforms.errors import BadLoginCode, PlatformError
from app.platforms.models import Channel
from app.platforms.wechat import WechatClient
from app.schemas import PathId

router = APIRouter(tags=["identity"])


class UnknownApp(Invalid):
    """No mini-program with this appid is set up here."""

    code = "unknown_app"
    detail = "这个小程序尚未在本系统登记，请联系管理员核对 AppID。"


class BadWechatCode(Invalid):
    """WeChat does not accept the code: used, expired or made up."""

    code = "bad_wechat_code"
    detail = "微信登录凭证已失效，请关闭小程序后重新打开。"


class WechatAway(Unavailable):
    """WeChat cannot be reached, or refuses our account."""

    code = "wechat_away"
    detail = "暂时无法连接微信，请稍后重试。"


@router.post("/sessions/wechat", operation_id="sign_in_wechat", status_code=201)
async def sign_in_wechat(body: WechatSignIn, svc: ServiceDep, now: Now) -> WechatSession:
    """Signs a WeChat user in with the code of `wx.login`."""
    async with transaction(svc.sessions) as session:
        channel = await session.scalar(
            select(Channel)
            .where(Channel.adapter == "wechat_miniprogram", Channel.account == body.app, Channel.enabled)
            .order_by(Channel.id)
        )
    if channel is None or channel.secret_cipher is None:
        raise UnknownApp
    secret = svc.vault.decrypt(channel.secret_cipher, f"channels:{channel.id}:secret")
    client = WechatClient(svc.http, svc.settings.wechat_api, body.app, secret, svc.clock)
    try:
        identity = await client.code_to_session(body.code)
    except BadLoginCode:
        raise BadWechatCode from None
    except PlatformError as error:
        raise WechatAway(retry_after=5) from error
    async with transaction(svc.sessions) as session:
        token, expires_at, bound = await service.open_wechat_session(
            session, body.app, identity.openid, identity.unionid, now
        )
    return WechatSession(token=token, expires_at=expires_at, members=bound)


@router.post("/sessions/password", operation_id="sign_in_password", status_code=201)
async def sign_in_password(body: PasswordSignIn, request: Request, svc: ServiceDep, now: Now) -> StaffSession:
    """Signs a member of staff in; 10 tries in 5 minutes for a login and for an address."""
    login, address = f"login:{body.login}", f"address:{request.client.host if request.client else ''}"
    async with transaction(svc.sessions) as session:
        await tries.check_tries(session, [login, address], now)
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


@router.get("/staff/me", operation_id="get_staff_me")
async def get_staff_me(db: Db, staff: AnyStaff, now: Now) -> StaffMe:
    """Who is signed in, and the posts in force."""
    posts = await service.list_posts(db, staff.account_id, now)
    return StaffMe(account_id=staff.account_id, name=staff.name, posts=posts)


@router.get("/me", operation_id="get_me")
async def get_me(db: Db, member: TheMember) -> Me:
    """The member in use, as the roster knows them."""
    return await members.get_me(db, member)


@router.post("/me/binding", operation_id="bind_member", status_code=201)
async def bind_member(body: BindingIn, svc: ServiceDep, db: Db, wechat: AnyWechat, now: Now) -> Members:
    """Ties the WeChat user to the roster with the code of a slip; 10 tries in 5 minutes."""
    key = f"bind:{wechat.wechat_user_id}"
    async with transaction(svc.sessions) as alone:
        await tries.check_tries(alone, [key], now)
    bound = await service.bind(db, svc.vault, wechat, body.invite_code, now)
    await tries.forget_tries(db, [key])
    return Members(items=bound)


@router.post("/organisations/{organisation_id}/binding-slips", operation_id="issue_binding_slips", status_code=201)
async def issue_binding_slips(
    organisation_id: PathId, body: SlipsIn, svc: ServiceDep, db: Db, staff: Leader, now: Now
) -> SlipsOut:
    """Makes one-use codes for members of the leader's organisations; a new slip voids the older one."""
    slips = await service.issue_slips(db, svc.vault, staff, organisation_id, body.member_ids, now)
    return SlipsOut(
        items=[
            SlipOut(member_id=member_id, name=name, invite_code=code, expires_at=expires_at)
            for member_id, name, code, expires_at in slips
        ]
    )


@router.delete("/members/{member_id}/binding", operation_id="unbind_member", status_code=204)
async def unbind_member(member_id: PathId, db: Db, staff: Leader, now: Now) -> Response:
    """Resets a member's binding, for a new phone or account: its sessions end at once."""
    await service.unbind(db, staff, member_id, now)
    return Response(status_code=204)
