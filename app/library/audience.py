"""Who an issue is meant for: the one definition, for lists, figures and notices alike."""

from sqlalchemy import Boolean, ColumnElement, Text, and_, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.access.principals import CurrentMember, CurrentStaff, ancestors, within
from app.directory.models import Member, Organisation
from app.library.issue_schemas import AudienceIn, AudienceOut, Reach
from app.library.issues import DESK, find_issue
from app.library.lessons import get_organisation
from app.library.models import Issue, IssueLesson

# Of fewer people than these a share would tell about a person: an editor sees no member.
FEW = 5

# An empty list narrows nothing.
_IS_MEANT = """(
    (cardinality({issue}.audience_stages) = 0 OR {member}.stage = ANY ({issue}.audience_stages))
    AND (cardinality({issue}.audience_rosters) = 0 OR {member}.roster = ANY ({issue}.audience_rosters))
    AND (cardinality({issue}.audience_tags) = 0 OR {member}.tags && {issue}.audience_tags)
)"""


def meant(issue: str = "issues", member: str = "members") -> str:
    """The SQL of "the audience of the issue means the member", of the tables that are called so in the query.

    Where the member stands is not part of it: see who joins.
    """
    return _IS_MEANT.format(issue=issue, member=member)


def is_meant() -> ColumnElement[bool]:
    """`meant` for a query of `Issue` and `Member`."""
    return literal_column(meant(), Boolean())


def is_for(member: CurrentMember) -> ColumnElement[bool]:
    """The SQL of "the `Issue` is published, of the member's organisation or of one above, and means the member"."""
    me = select(Member.id).where(Member.id == member.member_id, is_meant())
    return and_(Issue.state == "published", Issue.organisation_id.in_(ancestors(member.path)), me.exists())


def holds_for(member: CurrentMember, lesson_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The SQL of "the lesson is in an issue that is for the member"."""
    return (
        select(IssueLesson.lesson_id)
        .join(Issue, Issue.id == IssueLesson.issue_id)
        .where(IssueLesson.lesson_id == lesson_id, is_for(member))
        .exists()
    )


async def get_issue_reach(session: AsyncSession, staff: CurrentStaff, issue_id: int) -> Reach:
    """How many members an issue reaches as it is now; raises `NotFound`."""
    issue, path = await find_issue(session, staff, issue_id, *DESK)
    audience = AudienceOut(stages=issue.audience_stages, rosters=issue.audience_rosters, tags=issue.audience_tags)
    return await _count(session, path, audience)


async def get_reach(session: AsyncSession, staff: CurrentStaff, organisation_id: int, audience: AudienceIn) -> Reach:
    """How many members an issue of an organisation in the editor's reach would reach; raises `NotFound`."""
    organisation = await get_organisation(session, staff, organisation_id)
    return await _count(session, organisation.path, audience)


async def _count(session: AsyncSession, path: str, audience: AudienceIn | AudienceOut) -> Reach:
    asked = select(
        *(cast(literal(list(values), ARRAY(Text)), ARRAY(Text)).label(f"audience_{name}") for name, values in audience)
    ).subquery("issues")
    practice = select(Organisation.practice).where(Organisation.path == path).scalar_subquery()
    found = await session.execute(
        select(
            func.count(),
            func.count(Member.exempt_reason),
            func.count().filter(Member.roster == "floating"),
        )
        .select_from(Member)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .join(asked, is_meant())
        .where(within(Organisation.path, [path]), Organisation.practice == practice, Member.archived_at.is_(None))
    )
    members, exempt, floating = found.one()
    few = members < FEW
    return Reach(members=members, exempt=None if few else exempt, floating=None if few else floating)
