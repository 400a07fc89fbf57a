"""Who may see a member, and why: the posts over them, with what each lets its holder see."""

from datetime import datetime

from sqlalchemy import any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.duties import are_duties_separate
from app.access.principals import CurrentStaff, ancestors
from app.access.sights import SEES, SIGHTS, sees
from app.directory.models import Account, Organisation, Post
from app.organisations.people.reach import find_member
from app.organisations.people.schemas import ViewerOut

TITLES = {
    "leader": "书记",
    "administrator": "管理员",
    "security_administrator": "安全管理员",
    "auditor": "审计员",
    "editor": "内容编辑",
    "reviewer": "审核人",
}
OWN, ABOVE = "所在党组织", "上级党组织"
NOTHING = "看不到个人信息"


async def list_viewers_of(
    session: AsyncSession,
    staff: CurrentStaff,
    member_id: int,
    *,
    include_all: bool,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[ViewerOut]:
    """Who may see a member in reach, one more than `limit` where there is a next page; raises `NotFound`."""
    _, organisation = await find_member(session, staff, member_id, now)
    return await list_viewers(session, organisation.path, include_all=include_all, after=after, limit=limit, now=now)


async def list_viewers(
    session: AsyncSession, path: str, *, include_all: bool, after: int | None, limit: int, now: datetime
) -> list[ViewerOut]:
    """The posts in force over a member at `path`, by id; with `include_all` those that see nothing of them as well."""
    lineage = ancestors(path)
    roles = [role for role, codes in SEES.items() if codes or include_all]
    rows = await session.execute(
        select(Post, Account.name, Organisation)
        .join(Account, Account.id == Post.account_id)
        .join(Organisation, Organisation.id == Post.organisation_id)
        .where(
            Organisation.id == any_(literal(lineage, ARRAY(BIGINT))),
            Organisation.archived_at.is_(None),
            Account.disabled_at.is_(None),
            Post.role.in_(roles),
            Post.from_at <= now,
            or_(Post.until_at.is_(None), Post.until_at > now),
            Post.id > (after or 0),
        )
        .order_by(Post.id)
        .limit(limit + 1)
    )
    separate = await are_duties_separate(session, lineage[-1])
    return [
        _shown(post, account, organisation, lineage[-1], sees(post.role, duties_separate=separate))
        for post, account, organisation in rows
    ]


def _shown(post: Post, account: str, organisation: Organisation, own_id: int, seen: tuple[str, ...]) -> ViewerOut:
    return ViewerOut(
        id=post.id,
        account_id=post.account_id,
        account=account,
        role=post.role,
        acting=post.acting,
        organisation_id=organisation.id,
        organisation=organisation.name,
        until_at=post.until_at,
        sees=list(seen),
        why=_why(post, organisation, organisation.id == own_id, seen),
    )


def _why(post: Post, organisation: Organisation, own: bool, seen: tuple[str, ...]) -> str:
    title = "组长" if post.role == "leader" and organisation.kind == "group" else TITLES[post.role]
    holder = f"{organisation.name}{'代理' if post.acting else ''}{title}（{OWN if own else ABOVE}）"
    return "，".join([holder, *([SIGHTS[code] for code in seen] or [NOTHING])])
