"""Whether a channel may be sent through: it stands still after a wrong setting, and rests when its quota is spent."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import Counter
from sqlalchemy import ColumnElement, and_, func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.platforms.models import Channel
from app.platforms.remedies import refusal_words

log = structlog.get_logger()

# A day's quota begins anew at midnight in China; a few minutes later, so that no clock is ahead of the platform's.
QUOTA_RESUMES = time(0, 5)
PLATFORM_ZONE = ZoneInfo("Asia/Shanghai")

STOPPED = Counter("zhijian_channel_stopped", "Channels stopped by an error of their settings", ["adapter"])


def runs(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a channel may be sent through now."""
    rested = or_(Channel.rests_until.is_(None), Channel.rests_until <= now)
    return and_(Channel.enabled, Channel.stopped_reason.is_(None), rested)


async def stop_channel(session: AsyncSession, used: Channel, code: str, detail: str) -> None:
    """Stops the channel and tells the operator.

    One whose settings were changed since the claim may be mended by now, and goes on.
    """
    stopped = await session.execute(
        update(Channel)
        .where(
            Channel.id == used.id,
            Channel.stopped_reason.is_(None),
            Channel.config == used.config,
            Channel.secret_cipher.is_not_distinct_from(used.secret_cipher),
        )
        .values(stopped_reason=refusal_words(used.adapter, code, detail)[:500])
        .returning(Channel.id)
        .execution_options(synchronize_session=False)
    )
    if stopped.one_or_none() is not None:
        log.error("channel_stopped", channel=used.id, adapter=used.adapter, code=code, detail=detail)
        STOPPED.labels(used.adapter).inc()


async def rest_channel(session: AsyncSession, used: Channel, until: datetime) -> None:
    """Lets the channel rest, so that no sender asks for a spent quota again and again."""
    log.warning("channel_rests", channel=used.id, adapter=used.adapter, until=until.isoformat())
    await session.execute(
        update(Channel)
        .where(Channel.id == used.id)
        .values(rests_until=func.greatest(Channel.rests_until, until))
        .execution_options(synchronize_session=False)
    )


def tomorrow(now: datetime) -> datetime:
    """When the platform's next day has begun."""
    day = now.astimezone(PLATFORM_ZONE).date() + timedelta(days=1)
    return datetime.combine(day, QUOTA_RESUMES, PLATFORM_ZONE)
