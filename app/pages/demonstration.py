"""Routes that only the demonstration has: the messages page, and the phones of its two members."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.access.deps import Db, ServiceDep
from app.db.engine import transaction
from app.pages import inbox
from app.pages.files import html_page
from app.pages.phones import NoMiniProgram, ask_fake, templates_of
from app.platforms.models import Channel
from app.resources import Service
from app.schemas import Cursor, Limit, Out, page

demonstration = APIRouter(prefix="/demonstration", include_in_schema=False)

Phone = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,32}$")]
MemberName = Annotated[str | None, Query(min_length=1, max_length=30, pattern=r"^[^\x00-\x1f\x7f]+$")]
Kind = Annotated[str | None, Query(pattern=r"^[a-z_]{1,32}$")]
# What the fake has taken is one list, oldest first; the page shows the end of it.
SHOWN = 100


class MessageOut(Out):
    """A message of the console channel, and how often it was delivered."""

    id: int
    member_id: int
    member: str | None
    organisation: str | None
    kind: str
    title: str
    body: str
    link: str
    at: datetime
    times: int


class Messages(Out):
    """A page of messages, newest first."""

    items: list[MessageOut]
    next: str | None


class FieldOut(Out):
    """A line of a WeChat message: which value of ours it shows, and the text."""

    value: str
    text: str


class WechatMessageOut(Out):
    """A subscription message that the fake took for delivery."""

    phone: str
    member: str | None
    organisation: str | None
    template_id: str
    page: str | None
    fields: list[FieldOut]
    at: datetime


class WechatMessages(Out):
    """The last messages that the fake took, newest first."""

    items: list[WechatMessageOut]


class LoginCode(Out):
    """What `wx.login` gives on a phone, and the mini-program that it is for."""

    app: str
    code: str


class NumberCode(Out):
    """What a tap on `getPhoneNumber` gives."""

    code: str


class Accepted(Out):
    """The templates of which the phone accepted one message more."""

    templates: list[str]


async def _mini_program(service: Service) -> Channel:
    async with transaction(service.sessions) as session:
        channel = await inbox.find_mini_program(session)
    if channel is None:
        raise NoMiniProgram
    return channel


@demonstration.get("/messages")
async def messages_page() -> Response:
    """The page that shows what members received."""
    return html_page("messages.html")


@demonstration.get("/messages.json")
async def list_messages(
    db: Db, member: MemberName = None, kind: Kind = None, cursor: Cursor = None, limit: Limit = 50
) -> Messages:
    """What the console channel delivered, newest first."""
    found = await inbox.list_received(db, member=member, kind=kind, before=cursor, limit=limit + 1)
    rows, following = page(found, limit)
    return Messages(items=[MessageOut.model_validate(row) for row in rows], next=following)


@demonstration.get("/wechat-messages.json")
async def list_wechat_messages(svc: ServiceDep) -> WechatMessages:
    """What the fake WeChat took for delivery, newest first."""
    channel = await _mini_program(svc)
    sent = list(reversed((await ask_fake(svc, "GET", "sent", params={"appid": channel.account}))[-SHOWN:]))
    async with transaction(svc.sessions) as session:
        names = await inbox.names_of(session, channel.account, {each["openid"] for each in sent})
    templates = templates_of(channel)
    items = []
    for each in sent:
        member, organisation = names.get(each["openid"], (None, None))
        meaning = templates.get(each["template_id"], {})
        fields = [FieldOut(value=meaning.get(name, name), text=text) for name, text in each["data"].items()]
        items.append(
            WechatMessageOut(
                phone=each["phone"],
                member=member,
                organisation=organisation,
                template_id=each["template_id"],
                page=each["page"],
                fields=fields,
                at=each["time"],
            )
        )
    return WechatMessages(items=items)


@demonstration.post("/phones/{phone}/login")
async def log_in(phone: Phone, svc: ServiceDep) -> LoginCode:
    """What `wx.login` does on this phone."""
    channel = await _mini_program(svc)
    answer = await ask_fake(svc, "POST", "login", json={"appid": channel.account, "phone": phone})
    return LoginCode(app=channel.account, code=answer["code"])


@demonstration.post("/phones/{phone}/number")
async def share_number(phone: Phone, svc: ServiceDep, bound: bool = False) -> NumberCode:
    """A tap on `getPhoneNumber`: the number of this WeChat is that of somebody on the roster whom no phone has yet.

    With `bound` it is that of somebody whom another phone has: their leader has to decide.
    """
    channel = await _mini_program(svc)
    async with transaction(svc.sessions) as session:
        number = await inbox.find_number(session, svc.vault, bound=bound)
    body = {"appid": channel.account, "phone": phone, "number": number}
    return NumberCode(code=(await ask_fake(svc, "POST", "number", json=body))["code"])


@demonstration.post("/phones/{phone}/acceptances")
async def accept(phone: Phone, svc: ServiceDep) -> Accepted:
    """A tap on accept for each template: the mini-program then tells us with `POST /subscriptions`."""
    channel = await _mini_program(svc)
    templates = sorted(templates_of(channel))
    for template in templates:
        body = {"appid": channel.account, "phone": phone, "template_id": template}
        await ask_fake(svc, "POST", "accept", json=body)
    return Accepted(templates=templates)
