"""Builds what the scheduler works on."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from app.access.principals import SHIPPED_NOTICE
from app.db.engine import transaction
from app.directory.models import Binding, Member, WechatUser
from app.messaging.models import MEETING_KINDS, Batch, Campaign, DeliveryException, DeliveryState, SubscriptionBalance
from app.messaging.service import Audience, announce
from app.platforms.models import Channel
from app.platforms.secrets import seal_secret
from app.resources import Service
from scheduler.adapters.console import CONSOLE
from scheduler.adapters.registry import load_adapters
from scheduler.adapters.wechat_miniprogram import WECHAT_MINIPROGRAM
from scheduler.sender import Sender, send_next
from tests.scheduler.scripted import Scripted
from tests.world import APPID, World

TEMPLATE = "weekly-issue"
FIELDS = {"thing1": "title", "date2": "time", "thing3": "note"}
CONFIG: Mapping[str, object] = MappingProxyType(
    {
        "templates": {
            kind: {"template_id": TEMPLATE, "fields": FIELDS}
            for kind in ("weekly_issue", "meeting", "unfinished_reminder")
        }
    }
)
ISSUE_EVENT: Mapping[str, object] = MappingProxyType(
    {
        "title": "第四十七周",
        "week": "2026-W47",
        "organisation": "示范镇党委",
        "lessons": ["什么是三会一课"],
        "published_at": "2026-11-16T00:00:00+00:00",
        "timezone": "Asia/Shanghai",
    }
)
MEETING_EVENT: Mapping[str, object] = MappingProxyType(
    {
        "organisation": "东片党总支",
        "kind_name": "党课",
        "title": "第四季度党课",
        "starts_at": "2026-11-17T02:00:00+00:00",
        "timezone": "Asia/Shanghai",
        "join_link": "https://meeting.example/j/1",
        "meeting_code": "123-456-789",
        "meeting_password": "2468",
    }
)
CALLS = 20
"""Calls that a sender has in hand, unless it is set otherwise."""


@dataclass
class Scene:
    """Rows made through the tables, and senders over them."""

    service: Service
    world: World
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def sender(self, adapter: Scripted | None = None) -> Sender:
        """A sender with the two real adapters and a scripted one."""
        kinds = {
            "console": CONSOLE,
            "wechat_miniprogram": WECHAT_MINIPROGRAM,
            "scripted": (adapter or Scripted()).kind,
        }
        return Sender(self.service, kinds)

    def real_sender(self, wechat_api: str) -> Sender:
        """A sender whose WeChat is at this address."""
        settings = self.service.settings.model_copy(update={"wechat_api": wechat_api})
        return Sender(replace(self.service, settings=settings), load_adapters())

    async def send(self, adapter: Scripted | None = None) -> bool:
        """Lets a fresh sender take one batch."""
        return await send_next(self.sender(adapter), self.stopping)

    async def channel(self, adapter: str = "scripted", organisation_id: int = 1, **more: Any) -> int:
        """A channel; `secret` is sealed as the service does."""
        secret = more.pop("secret", None)
        values: dict[str, object] = {"name": "渠道", "account": "", "config": {}, "enabled": True, **more}
        async with transaction(self.service.sessions) as session:
            row = Channel(organisation_id=organisation_id, adapter=adapter, created_at=self.service.clock(), **values)
            session.add(row)
            await session.flush()
            if secret is not None:
                seal_secret(self.service.vault, row, str(secret))
            return row.id

    async def campaign(
        self,
        kind: str = "weekly_issue",
        *,
        state: str = "sending",
        audience: Audience | None = None,
        expires_in: timedelta = timedelta(days=6),
        event: Mapping[str, object] | None = None,
    ) -> int:
        """A campaign of the committee; planned already unless `state` says otherwise.

        An `event` is put in afterwards, as an older program may have left it.
        """
        now = self.service.clock()
        chosen = MEETING_EVENT if kind.startswith("meeting") else ISSUE_EVENT
        if kind == "unfinished_reminder":
            chosen = {**ISSUE_EVENT, "at": now.isoformat()}
        async with transaction(self.service.sessions) as session:
            row = announce(
                session,
                kind,
                organisation_id=1,
                subject_id=7,
                event=dict(chosen),
                audience=audience or Audience(path="/1/"),
                expires_at=now + expires_in,
                now=now,
            )
            row.state = state
            row.event = row.event if event is None else dict(event)
            await session.flush()
            return row.id

    async def batch(self, campaign_id: int, channel_id: int, members: Sequence[int], number: int = 1) -> int:
        """A batch that is due."""
        async with transaction(self.service.sessions) as session:
            campaign = await session.get_one(Campaign, campaign_id)
            row = Batch(
                organisation_id=1,
                campaign_id=campaign_id,
                number=number,
                channel_id=channel_id,
                members=list(members),
                states=bytes([DeliveryState.PENDING]) * len(members),
                first_member=members[0],
                last_member=members[-1],
                not_before=self.service.clock(),
                urgent=campaign.kind in MEETING_KINDS,
                fence=0,
            )
            session.add(row)
            await session.flush()
            return row.id

    async def ready(
        self, count: int = 3, kind: str = "weekly_issue", *, expires_in: timedelta = timedelta(days=6)
    ) -> int:
        """A batch of members 1…count on a scripted channel; gives its id."""
        campaign_id = await self.campaign(kind, expires_in=expires_in)
        return await self.batch(campaign_id, await self.channel(), list(range(1, count + 1)))

    async def follower(
        self, openid: str, *, organisation_id: int = 100, accepted: int = 1, appid: str = APPID, **fields: object
    ) -> int:
        """A member bound to a WeChat user of that openid, who accepted so many messages; a known openid is shared."""
        member_id = await self.world.member(organisation_id, **fields)
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            user = await session.scalar(select(WechatUser).where(WechatUser.openid == openid))
            if user is None:
                user = WechatUser(appid=appid, openid=openid, created_at=now)
                session.add(user)
                await session.flush()
                session.add(
                    SubscriptionBalance(wechat_user_id=user.id, template=TEMPLATE, balance=accepted, updated_at=now)
                )
            session.add(Binding(wechat_user_id=user.id, member_id=member_id, created_at=now))
        return member_id

    async def followers(self, openids: Sequence[str], *, accepted: int, appid: str) -> list[int]:
        """Many members of branch 100, each bound to an openid of their own."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            users = [WechatUser(appid=appid, openid=openid, created_at=now) for openid in openids]
            members = [
                Member(
                    organisation_id=100, name="党员", stage="full_member", roster="floating", created_at=now,
                    consent_version=SHIPPED_NOTICE,
                )
                for _ in openids
            ]  # fmt: skip
            session.add_all([*users, *members])
            await session.flush()
            for user, member in zip(users, members, strict=True):
                session.add(Binding(wechat_user_id=user.id, member_id=member.id, created_at=now))
                session.add(
                    SubscriptionBalance(wechat_user_id=user.id, template=TEMPLATE, balance=accepted, updated_at=now)
                )
            return [member.id for member in members]

    async def balance(self, openid: str) -> int:
        """What the ledger has left for an openid."""
        async with transaction(self.service.sessions) as session:
            found = await session.scalar(
                select(SubscriptionBalance.balance)
                .join(WechatUser, WechatUser.id == SubscriptionBalance.wechat_user_id)
                .where(WechatUser.openid == openid)
            )
            assert found is not None
            return found

    async def row(self, batch_id: int) -> Batch:
        """A batch as it is in the database."""
        async with transaction(self.service.sessions) as session:
            return await session.get_one(Batch, batch_id)

    async def batches(self, campaign_id: int) -> list[Batch]:
        """The batches of a campaign, in the order of their numbers."""
        async with transaction(self.service.sessions) as session:
            rows = await session.scalars(select(Batch).where(Batch.campaign_id == campaign_id).order_by(Batch.number))
            return list(rows)

    async def states(self, batch_id: int) -> list[int]:
        """The states of a batch, in the order of its members."""
        return list((await self.row(batch_id)).states)

    async def campaign_state(self, campaign_id: int) -> str:
        """planning, sending or done."""
        async with transaction(self.service.sessions) as session:
            return (await session.get_one(Campaign, campaign_id)).state

    async def notes(self, batch_id: int) -> dict[int, tuple[str, str | None, int]]:
        """What is kept beyond the bytes: member → (reason, code, tries)."""
        async with transaction(self.service.sessions) as session:
            rows = await session.scalars(select(DeliveryException).where(DeliveryException.batch_id == batch_id))
            return {row.member_id: (row.reason, row.code, row.tries) for row in rows}

    async def stopped(self, channel_id: int) -> str | None:
        """Why a channel stands still."""
        async with transaction(self.service.sessions) as session:
            return (await session.get_one(Channel, channel_id)).stopped_reason

    async def change_channel(self, channel_id: int, **values: object) -> None:
        """What the administrator's PATCH does: any change lets it run again."""
        async with transaction(self.service.sessions) as session:
            row = await session.get_one(Channel, channel_id, with_for_update=True)
            for name, value in {"stopped_reason": None, **values}.items():
                setattr(row, name, value)

    async def end_campaign(self, campaign_id: int, at: datetime) -> None:
        """What a withdrawal or a cancellation does."""
        async with transaction(self.service.sessions) as session:
            (await session.get_one(Campaign, campaign_id)).expires_at = at
