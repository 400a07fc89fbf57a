"""Routes of channels and subscriptions."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.access.deps import Administrator, Db, LeaderOrAdministrator, Now, ServiceDep, TheMember, checked_first
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.messaging import channels, checking, fitting, ledger, unreached
from app.messaging.callbacks.settings import callback_url
from app.messaging.schemas import (
    ChannelConfig,
    ChannelIn,
    ChannelKinds,
    ChannelOut,
    ChannelPatch,
    Channels,
    CheckOut,
    Previews,
    SubscriptionIn,
    SubscriptionOut,
    UnreachedMembers,
)
from app.platforms.installed import installed
from app.platforms.models import Channel
from app.resources import Service
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["messaging"])


def _shown(channel: Channel, svc: Service) -> ChannelOut:
    return ChannelOut(
        id=channel.id,
        organisation_id=channel.organisation_id,
        adapter=channel.adapter,
        name=channel.name,
        account=channel.account,
        has_secret=channel.secret_cipher is not None,
        has_callback=channel.callback_cipher is not None,
        callback_url=callback_url(channel, svc.settings.public_url),
        callback_checked_at=channel.callback_checked_at,
        config=ChannelConfig.model_validate(channel.config),
        enabled=channel.enabled,
        stopped_reason=channel.stopped_reason,
        rests_until=channel.rests_until,
    )


@router.get("/channels", operation_id="list_channels")
async def list_channels(
    svc: ServiceDep, db: Db, staff: Administrator, cursor: Cursor = None, limit: Limit = 50
) -> Channels:
    """Channels in the administrator's reach."""
    rows, following = page(await channels.list_channels(db, staff, after=cursor, limit=limit), limit)
    return Channels(items=[_shown(row, svc) for row in rows], next=following)


@router.post("/channels", operation_id="create_channel", status_code=201)
async def create_channel(
    body: ChannelIn, svc: ServiceDep, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> ChannelOut:
    """Registers an account at a platform for an organisation and its subtree."""
    return once.keep(_shown(await channels.create_channel(db, svc, staff, body, now), svc))


@router.patch("/channels/{channel_id}", operation_id="change_channel")
async def change_channel(
    channel_id: PathId, body: ChannelPatch, svc: ServiceDep, db: Db, staff: Administrator, now: Now
) -> ChannelOut:
    """Changes a channel, and lets a stopped one run again."""
    return _shown(await channels.change_channel(db, svc, staff, channel_id, body, now), svc)


@router.get("/channels/{channel_id}/preview", operation_id="preview_channel")
async def preview_channel(channel_id: PathId, db: Db, staff: Administrator) -> Previews:
    """How an example of each kind of notice looks on the channel, cut as it would be."""
    channel = await channels.find_channel(db, staff, channel_id)
    return Previews(items=fitting.preview(channel.adapter, ChannelConfig.model_validate(channel.config)))


@router.post("/channels/{channel_id}/check", operation_id="check_channel")
async def check_channel(
    channel_id: PathId, svc: ServiceDep, staff: Annotated[CurrentStaff, Depends(checked_first("administrator"))]
) -> CheckOut:
    """Asks the platform whether it accepts the account and the secret; nothing is sent to anybody."""
    async with transaction(svc.sessions) as session:
        channel = await channels.find_channel(session, staff, channel_id)
    return await checking.check_account(svc, channel)


@router.get("/channel-kinds", operation_id="list_channel_kinds")
async def list_channel_kinds(staff: Administrator) -> ChannelKinds:
    """The kinds of channel that are installed, and what each needs."""
    return ChannelKinds(items=[fitting.channel_kind(name) for name in sorted(installed())])


@router.post("/subscriptions", operation_id="record_subscription", status_code=201)
async def record_subscription(body: SubscriptionIn, db: Db, member: TheMember, now: Now) -> SubscriptionOut:
    """Notes that the member accepted, or refused, one message of a template, unless WeChat itself tells us of it."""
    balance = await ledger.record_subscription(db, member, body.template, body.accepted, now)
    return SubscriptionOut(template=body.template, balance=balance)


@router.get("/organisations/{organisation_id}/unreached", operation_id="list_unreached")
async def list_unreached(
    organisation_id: PathId,
    db: Db,
    staff: LeaderOrAdministrator,
    now: Now,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> UnreachedMembers:
    """Members here and below whom the last notice reached through no channel: why, since when, and what helps."""
    found = await unreached.list_unreached(db, staff, organisation_id, now, after=cursor, limit=limit)
    rows, following = page(found, limit)
    return UnreachedMembers(items=list(rows), next=following)
