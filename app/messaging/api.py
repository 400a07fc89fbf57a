"""Routes of channels and subscriptions."""

from fastapi import APIRouter

from app.access.deps import Administrator, Db, LeaderOrAdministrator, Now, ServiceDep, TheMember
from app.access.idempotency import OnceDep
from app.messaging import channels, service, unreached
from app.messaging.schemas import (
    ChannelConfig,
    ChannelIn,
    ChannelOut,
    ChannelPatch,
    Channels,
    SubscriptionIn,
    SubscriptionOut,
    UnreachedMembers,
)
from app.platforms.models import Channel
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["messaging"])


def _shown(channel: Channel) -> ChannelOut:
    return ChannelOut(
        id=channel.id,
        organisation_id=channel.organisation_id,
        adapter=channel.adapter,
        name=channel.name,
        account=channel.account,
        has_secret=channel.secret_cipher is not None,
        config=ChannelConfig.model_validate(channel.config),
        enabled=channel.enabled,
        stopped_reason=channel.stopped_reason,
        rests_until=channel.rests_until,
    )


@router.get("/channels", operation_id="list_channels")
async def list_channels(db: Db, staff: Administrator, cursor: Cursor = None, limit: Limit = 50) -> Channels:
    """Channels in the administrator's reach."""
    rows, following = page(await channels.list_channels(db, staff, after=cursor, limit=limit), limit)
    return Channels(items=[_shown(row) for row in rows], next=following)


@router.post("/channels", operation_id="create_channel", status_code=201)
async def create_channel(
    body: ChannelIn, svc: ServiceDep, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> ChannelOut:
    """Registers an account at a platform for an organisation and its subtree."""
    return once.keep(_shown(await channels.create_channel(db, svc.vault, staff, body, now)))


@router.patch("/channels/{channel_id}", operation_id="change_channel")
async def change_channel(
    channel_id: PathId, body: ChannelPatch, svc: ServiceDep, db: Db, staff: Administrator, now: Now
) -> ChannelOut:
    """Changes a channel, and lets a stopped one run again."""
    return _shown(await channels.change_channel(db, svc.vault, staff, channel_id, body, now))


@router.post("/subscriptions", operation_id="record_subscription", status_code=201)
async def record_subscription(body: SubscriptionIn, db: Db, member: TheMember, now: Now) -> SubscriptionOut:
    """Notes that the member accepted, or refused, one message of a template."""
    balance = await service.record_subscription(db, member, body.template, body.accepted, now)
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
