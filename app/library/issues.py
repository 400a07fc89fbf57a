"""Weekly issues on the editors' desk: their lists, their lessons, and changes while they are drafts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, ancestors, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.library.issue_schemas import AudienceIn, IssueIn, IssuePatch
from app.library.lessons import DESK as DESK
from app.library.lessons import get_organisation
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.library.recording import differing, record_change
from app.library.revisions import Expected, check_revision
from app.library.versions import is_as_published
from app.schemas import monday_of, week_of


class IssueExists(Conflict):
    """The organisation has an issue of that week that is not withdrawn."""

    code = "issue_exists"
    detail = "该组织这一周已经有一期学习。请直接修改那一期，或先撤回它。"


class IssueNotDraft(Conflict):
    """Only drafts change."""

    code = "issue_not_draft"
    detail = "只有草稿可以修改。请先把该期学习退回草稿（已发布的先撤回）。"


class LessonOutOfReach(NotFound):
    """One of the lessons does not exist, or may not be used here."""

    code = "lesson_not_found"


class LessonTwice(Invalid):
    """A lesson has one place in an issue."""

    code = "lesson_twice"
    detail = "同一篇资料在一期里只能出现一次，请去掉重复的。"


class NothingRequired(Invalid):
    """An issue with optional lessons only could not be completed."""

    code = "nothing_required"
    detail = "每期至少要有一篇必学资料，请把其中一篇设为必学。"


@dataclass(frozen=True)
class Place:
    """A lesson in an issue."""

    lesson_id: int
    required: bool = True


@dataclass(frozen=True)
class Outline:
    """What a plan wants written, and which plan it is."""

    columns: tuple[str, ...] = ()
    plan_id: int | None = None


EVERYBODY = AudienceIn()
NO_OUTLINE = Outline()


def check_places(places: Sequence[Place]) -> None:
    """Raises `LessonTwice` or `NothingRequired`."""
    if len({place.lesson_id for place in places}) != len(places):
        raise LessonTwice
    if not any(place.required for place in places):
        raise NothingRequired


async def check_reach(session: AsyncSession, staff: CurrentStaff, path: str, lesson_ids: Sequence[int]) -> None:
    """Raises `LessonOutOfReach` unless the editor may use all these lessons in an issue of the organisation at `path`.

    One's own reach may be used in draft; a lesson of a superior organisation only as it is published, so that nobody
    publishes the draft of somebody else.
    """
    superior = and_(Organisation.id.in_(ancestors(path)), is_as_published())
    found = await session.scalars(
        select(Lesson.id)
        .join(Organisation, Organisation.id == Lesson.organisation_id)
        .outerjoin(LessonVersion, LessonVersion.id == Lesson.current_version_id)
        .where(Lesson.id.in_(lesson_ids), or_(within(Organisation.path, staff.paths("editor")), superior))
    )
    missing = sorted(set(lesson_ids) - set(found))
    if missing:
        names = "、".join(str(lesson_id) for lesson_id in missing)
        raise LessonOutOfReach(f"资料 {names} 不存在，或者您不能在这一期里使用它（上级的资料须已发布），请重新选择。")


async def insert_issue(
    session: AsyncSession,
    actor: str,
    author_id: int,
    organisation_id: int,
    week: date,
    title: str,
    summary: str,
    places: Sequence[Place],
    now: datetime,
    audience: AudienceIn = EVERYBODY,
    outline: Outline = NO_OUTLINE,
) -> Issue:
    """A draft of the week that begins on the Monday `week`; raises `IssueExists`."""
    issue = Issue(
        organisation_id=organisation_id,
        week=week,
        title=title,
        summary=summary,
        state="draft",
        author_id=author_id,
        plan_id=outline.plan_id,
        outline=list(outline.columns),
        revision=1,
        created_at=now,
        updated_at=now,
    )
    set_audience(issue, audience)
    session.add(issue)
    await flush_week(session)
    add_places(session, issue.id, places)
    record_change(
        session, author_id if actor != audit.SYSTEM else None, "created", issue_id=issue.id,
        before={}, after=kept_fields(issue, places), now=now,
    )  # fmt: skip
    audit.record(
        session, actor, "issue.created", "issue", issue.id,
        now=now, organisation_id=organisation_id, week=week_of(week), lessons=len(places),
    )  # fmt: skip
    return issue


def set_audience(issue: Issue, audience: AudienceIn) -> None:
    """Has the issue mean these; each value once."""
    issue.audience_stages = sorted(set(audience.stages))
    issue.audience_rosters = sorted(set(audience.rosters))
    issue.audience_tags = sorted(set(audience.tags))


def kept_fields(issue: Issue, places: Sequence[Place]) -> dict[str, object]:
    """What of an issue its history keeps."""
    return {
        "week": week_of(issue.week),
        "title": issue.title,
        "summary": issue.summary,
        "lessons": [vars(place) for place in places],
        "stages": issue.audience_stages,
        "rosters": issue.audience_rosters,
        "tags": issue.audience_tags,
    }


async def list_places(session: AsyncSession, issue_id: int) -> list[Place]:
    """The lessons of an issue in their order."""
    found = await session.execute(
        select(IssueLesson.lesson_id, IssueLesson.required)
        .where(IssueLesson.issue_id == issue_id)
        .order_by(IssueLesson.position)
    )
    return [Place(*row) for row in found]


async def flush_week(session: AsyncSession) -> None:
    """Flushes; raises `IssueExists` where the week is taken."""
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_issues_organisation_week" in str(error.orig):
            raise IssueExists from None
        raise


def add_places(session: AsyncSession, issue_id: int, places: Sequence[Place]) -> None:
    """Puts the lessons into the issue, in this order."""
    session.add_all(
        IssueLesson(issue_id=issue_id, lesson_id=place.lesson_id, position=position, required=place.required)
        for position, place in enumerate(places, start=1)
    )


async def create_issue(session: AsyncSession, staff: CurrentStaff, body: IssueIn, now: datetime) -> Issue:
    """A new draft; raises `IssueExists`, `LessonOutOfReach`, `LessonTwice`, `NothingRequired` or `NotFound`."""
    organisation = await get_organisation(session, staff, body.organisation_id)
    places = [Place(each.lesson_id, each.required) for each in body.lessons]
    check_places(places)
    await check_reach(session, staff, organisation.path, [place.lesson_id for place in places])
    return await insert_issue(
        session, staff.actor, staff.account_id, organisation.id,
        monday_of(body.week), body.title, body.summary, places, now, body.audience,
    )  # fmt: skip


async def find_issue(session: AsyncSession, staff: CurrentStaff, issue_id: int, *roles: str) -> tuple[Issue, str]:
    """An issue in the reach of these roles and its organisation's path; raises `NotFound`."""
    found = await session.execute(
        select(Issue, Organisation.path)
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .where(Issue.id == issue_id, within(Organisation.path, staff.paths(*roles)))
    )
    row = found.first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def lock_issue(session: AsyncSession, issue_id: int) -> Issue | None:
    """The issue as it is now, held until the end of the transaction."""
    return await session.scalar(
        select(Issue)
        .where(Issue.id == issue_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


async def lock_draft(
    session: AsyncSession, staff: CurrentStaff, issue_id: int, expected: Expected = None
) -> tuple[Issue, str]:
    """A draft of the editor's and its organisation's path, held.

    Raises `NotFound`, `StaleRevision` where it is not what is `expected`, or `IssueNotDraft`.
    """
    _, path = await find_issue(session, staff, issue_id, "editor")
    issue = await lock_issue(session, issue_id)
    if issue is not None:
        check_revision(issue.revision, expected)
    if issue is None or issue.state != "draft":
        raise IssueNotDraft
    return issue, path


async def change_issue(
    session: AsyncSession,
    staff: CurrentStaff,
    issue_id: int,
    body: IssuePatch,
    now: datetime,
    expected: Expected = None,
) -> Issue:
    """Changes a draft; raises what `create_issue` raises, `IssueNotDraft` and `StaleRevision`."""
    issue, path = await lock_draft(session, staff, issue_id, expected)
    places = await list_places(session, issue.id)
    before = kept_fields(issue, places)
    if body.lessons is not None:
        places = [Place(each.lesson_id, each.required) for each in body.lessons]
        check_places(places)
        await check_reach(session, staff, path, [place.lesson_id for place in places])
        await session.execute(delete(IssueLesson).where(IssueLesson.issue_id == issue.id))
        add_places(session, issue.id, places)
    if body.week is not None:
        issue.week = monday_of(body.week)
    if body.audience is not None:
        set_audience(issue, body.audience)
    issue.title = body.title or issue.title
    issue.summary = issue.summary if body.summary is None else body.summary
    after = kept_fields(issue, places)
    if after == before:
        return issue
    issue.updated_at = now
    issue.revision += 1
    await flush_week(session)
    record_change(session, staff.account_id, "changed", issue_id=issue.id, before=before, after=after, now=now)
    audit.record(
        session, staff.actor, "issue.changed", "issue", issue.id,
        now=now, organisation_id=issue.organisation_id, fields=differing(before, after),
    )  # fmt: skip
    return issue


def note_change(
    session: AsyncSession, staff: CurrentStaff, issue: Issue, what: dict[str, object], now: datetime
) -> None:
    """Keeps that something which belongs to a held issue, such as its quiz, is now so."""
    issue.updated_at = now
    issue.revision += 1
    record_change(session, staff.account_id, "changed", issue_id=issue.id, before={}, after=what, now=now)
