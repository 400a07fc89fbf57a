"""Routes of channels, schedules and subscriptions."""

from fastapi import APIRouter

from app.access.deps import Administrator, Db, Now, ServiceDep, TheMember
from app.access.idempotency import OnceDep
from app.messaging import channels, ledger, service
from app.messaging.callbacks.settings import callback_url
from app.messaging.schemas import (
    ChannelConfig,
    ChannelIn,
    ChannelOut,
    ChannelPatch,
    Channels,
    ScheduleIn,
    ScheduleOut,
    SchedulePatch,
    Schedules,
    SubscriptionIn,
    SubscriptionOut,
)
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
    return once.keep(_shown(await channels.create_channel(db, svc.vault, staff, body, now), svc))


@router.patch("/channels/{channel_id}", operation_id="change_channel")
async def change_channel(
    channel_id: PathId, body: ChannelPatch, svc: ServiceDep, db: Db, staff: Administrator, now: Now
) -> ChannelOut:
    """Changes a channel, and lets a stopped one run again."""
    return _shown(await channels.change_channel(db, svc.vault, staff, channel_id, body, now), svc)


@router.get("/schedules", operation_id="list_schedules")
async def list_schedules(db: Db, staff: Administrator, cursor: Cursor = None, limit: Limit = 50) -> Schedules:
    """Schedules in the administrator's reach: those of issues and meetings, and standing reminders."""
    rows, following = page(await service.list_schedules(db, staff, after=cursor, limit=limit), limit)
    return Schedules(items=[ScheduleOut.model_validate(row) for row in rows], next=following)


@router.post("/schedules", operation_id="create_schedule", status_code=201)
async def create_schedule(body: ScheduleIn, db: Db, staff: Administrator, now: Now, once: OnceDep) -> ScheduleOut:
    """Sets up a standing reminder for those who have not finished."""
    return once.keep(ScheduleOut.model_validate(await service.create_schedule(db, staff, body, now)))


@router.patch("/schedules/{schedule_id}", operation_id="change_schedule")
async def change_schedule(
    schedule_id: PathId, body: SchedulePatch, db: Db, staff: Administrator, now: Now
) -> ScheduleOut:
    """Changes a schedule; one that an issue or a meeting made can only be switched on and off."""
    return ScheduleOut.model_validate(await service.change_schedule(db, staff, schedule_id, body, now))


@router.post("/subscriptions", operation_id="record_subscription", status_code=201)
async def record_subscription(body: SubscriptionIn, db: Db, member: TheMember, now: Now) -> SubscriptionOut:
    """Notes that the member accepted, or refused, one message of a template, unless WeChat itself tells us of it."""
    balance = await ledger.record_subscription(db, member, body.template, body.accepted, now)
    return SubscriptionOut(template=body.template, balance=balance)
