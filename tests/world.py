"""A small tree with people, whose ids 1, 10, 11, 100 would show a path prefix that forgets its slash.

    1 committee 示范镇党委                 2 committee 邻镇党委 (another tree)
    ├── 10 general branch 东片党总支        └── 20 branch 邻镇支部
    │   ├── 100 branch 一支部
    │   └── 101 branch 二支部
    └── 11 general branch 西片党总支
        └── 110 branch 三支部

Seen from 10: own 10, descendants 100 and 101, ancestor 1, sibling 11, none 2.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import SHIPPED_NOTICE, token_digest
from app.db.engine import transaction
from app.directory.models import Account, Binding, Member, Organisation, Post, Session, WechatUser
from app.organisations.placing import place_members
from app.resources import Service
from content.names import search_text

TREE = (
    (1, None, "/1/", "committee", "示范镇党委"),
    (2, None, "/2/", "committee", "邻镇党委"),
    (10, 1, "/1/10/", "general_branch", "东片党总支"),
    (11, 1, "/1/11/", "general_branch", "西片党总支"),
    (20, 2, "/2/20/", "branch", "邻镇支部"),
    (100, 10, "/1/10/100/", "branch", "一支部"),
    (101, 10, "/1/10/101/", "branch", "二支部"),
    (110, 11, "/1/11/110/", "branch", "三支部"),
)
APPID = "wx-test"


@dataclass
class Person:
    """A signed-in actor: `auth` goes into `headers=`."""

    id: int
    token: str
    name: str = ""

    @property
    def auth(self) -> dict[str, str]:
        """The header that says who is asking."""
        return {"Authorization": f"Bearer {self.token}"}


@dataclass
class World:
    """Builds people and hands out signed-in actors; everything goes through the tables, nothing through the API."""

    service: Service
    counter: int = 0

    @classmethod
    async def build(cls, service: Service) -> "World":
        """The tree of this module, with nobody in it yet."""
        async with transaction(service.sessions) as session:
            session.add_all(
                Organisation(id=id_, parent_id=parent, path=path, kind=kind, name=name, created_at=service.clock())
                for id_, parent, path, kind, name in TREE
            )
            await session.flush()
            await session.execute(text("SELECT setval(pg_get_serial_sequence('organisations', 'id'), 1000)"))
        return cls(service)

    async def _open(self, session: AsyncSession, **holder: int) -> str:
        token = secrets.token_urlsafe(32)
        now = self.service.clock()
        session.add(
            Session(
                token_digest=token_digest(token),
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(days=365),
                **holder,
            )
        )
        await session.flush()
        return token

    async def member(self, organisation_id: int, **fields: object) -> int:
        """A member of the roster; gives the id."""
        self.counter += 1
        values: dict[str, object] = {
            "organisation_id": organisation_id,
            "name": f"党员{self.counter}",
            "stage": "full_member",
            "roster": "in_service",
            "created_at": self.service.clock(),
            "consent_version": SHIPPED_NOTICE,
            **fields,
        }
        values.setdefault("search_text", search_text(str(values["name"])))
        async with transaction(self.service.sessions) as session:
            member = Member(**values)
            session.add(member)
            await session.flush()
            if member.archived_at is None:
                await place_members(session, [member.id], None, member.created_at)
            return member.id

    async def signed_in_member(self, organisation_id: int, **fields: object) -> Person:
        """A bound member with a session."""
        member_id = await self.member(organisation_id, **fields)
        return await self.sign_in_member(member_id)

    async def sign_in_member(self, member_id: int, openid: str | None = None) -> Person:
        """Binds a member of the roster to a WeChat user of their own, and opens a session."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            user = WechatUser(appid=APPID, openid=openid or f"openid-{member_id}", created_at=now)
            session.add(user)
            await session.flush()
            session.add(Binding(wechat_user_id=user.id, member_id=member_id, created_at=now))
            return Person(member_id, await self._open(session, wechat_user_id=user.id, member_id=member_id))

    async def unbound_wechat(self) -> Person:
        """A WeChat user who is not tied to the roster."""
        self.counter += 1
        async with transaction(self.service.sessions) as session:
            user = WechatUser(appid=APPID, openid=f"unbound-{self.counter}", created_at=self.service.clock())
            session.add(user)
            await session.flush()
            return Person(user.id, await self._open(session, wechat_user_id=user.id))

    async def staff(self, *posts: tuple[str, int], login: str | None = None, password_hash: str = "-") -> Person:
        """A signed-in member of staff with posts such as `("leader", 10)`."""
        self.counter += 1
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            account = Account(
                login=login or f"staff{self.counter}",
                name=f"工作人员{self.counter}",
                password_hash=password_hash,
                organisation_id=posts[0][1] if posts else 1,
                created_at=now,
            )
            session.add(account)
            await session.flush()
            session.add_all(
                Post(account_id=account.id, organisation_id=where, role=role, from_at=now) for role, where in posts
            )
            return Person(account.id, await self._open(session, account_id=account.id), account.name)

    async def sign_in_staff(self, account_id: int) -> str:
        """Opens another session of an account; gives its token."""
        async with transaction(self.service.sessions) as session:
            return await self._open(session, account_id=account_id)
