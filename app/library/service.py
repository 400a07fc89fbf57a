"""The editorial workflow: draft → in_review → scheduled → published → withdrawn; who writes does not review."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.directory.models import Organisation
from app.errors import Conflict, Forbidden, Invalid
from app.library.issues import DESK, check_reach, find_issue, flush_week, lock_issue
from app.library.lessons import freeze
from app.library.models import Issue, IssueLesson, Lesson
from app.library.rules import next_publishing
from app.messaging.service import ISSUE_LATE, cancel_schedules, end_campaigns, hold_schedules, schedule_once

KIND = "weekly_issue"
# The clocks of a browser and of the server differ a little.
EARLIEST = timedelta(minutes=-1)
LATEST = timedelta(days=366)

STATES = {"draft": "草稿", "in_review": "待审核", "scheduled": "已定时", "published": "已发布", "withdrawn": "已撤回"}
# What a person may do, what it is called, and whose it is. `scheduled → published` is the scheduler's alone.
MOVES: dict[tuple[str, str], tuple[str, frozenset[str]]] = {
    ("draft", "in_review"): ("提交审核（in_review）", frozenset({"editor"})),
    ("in_review", "scheduled"): ("审核通过并定时发布（scheduled）", frozenset({"reviewer"})),
    ("in_review", "draft"): ("退回草稿（draft）", frozenset({"reviewer", "author"})),
    ("scheduled", "draft"): ("取消定时、退回草稿（draft）", frozenset({"editor", "reviewer"})),
    ("published", "withdrawn"): ("撤回（withdrawn）", frozenset({"editor", "reviewer"})),
    ("withdrawn", "draft"): ("转为草稿（draft）", frozenset({"editor"})),
}


class WrongTransition(Conflict):
    """The issue cannot go there from where it is."""

    code = "wrong_transition"


class OwnIssue(Conflict):
    """An author does not review their own."""

    code = "own_issue"
    detail = "不能审核自己拟稿或改过的内容，请由另一位审核人审核。"


class NoLessons(Conflict):
    """There is nothing to review."""

    code = "no_lessons"
    detail = "这一期还没有学习资料，请先加入至少一篇再提交审核。"


class PublishAtOutOfRange(Invalid):
    """The time of publication is over, or more than a year away."""

    code = "publish_at_out_of_range"
    detail = "发布时间应在现在之后、一年以内，请重新选择。"


def _roles(staff: CurrentStaff, issue: Issue, path: str) -> set[str]:
    """What the person is to this issue: the roles held over its organisation, and `author` for who wrote it."""
    roles = {post.role for post in staff.posts if path.startswith(post.path)}
    return roles | {"author"} if "editor" in roles and issue.author_id == staff.account_id else roles


def check_move(issue: Issue, to: str, roles: set[str]) -> None:
    """Raises `WrongTransition` with what is possible now, or `Forbidden` where it is somebody else's to do."""
    move = MOVES.get((issue.state, to))
    if move is None:
        possible = "；".join(name for (begin, _), (name, _) in MOVES.items() if begin == issue.state)
        raise WrongTransition(f"该期学习现在是「{STATES[issue.state]}」，可以：{possible}。请刷新后再操作。")
    if not move[1] & roles:
        raise Forbidden


async def transition(
    session: AsyncSession, staff: CurrentStaff, issue_id: int, to: str, publish_at: datetime | None, now: datetime
) -> Issue:
    """Moves an issue on or back; raises what this module and `app.library.issues` define, and `NotFound`."""
    _, path = await find_issue(session, staff, issue_id, *DESK)
    await hold_schedules(session, KIND, issue_id)
    issue = await lock_issue(session, issue_id)
    assert issue is not None  # noqa: S101 - issues are never deleted
    before = issue.state
    check_move(issue, to, _roles(staff, issue, path))
    if to == "in_review":
        await _submit(session, staff, issue, path)
    elif to == "scheduled":
        await _schedule(session, staff, issue, publish_at, now)
    elif to == "draft":
        await cancel_schedules(session, KIND, issue.id)
        issue.reviewer_id = issue.publish_at = issue.published_at = None
    elif to == "withdrawn":
        await end_campaigns(session, (KIND,), issue.id, now)
    issue.state = to
    issue.updated_at = now
    await flush_week(session)
    audit.record(
        session, staff.actor, "issue.moved", "issue", issue.id,
        now=now, organisation_id=issue.organisation_id, before=before, after=to,
    )  # fmt: skip
    return issue


async def _submit(session: AsyncSession, staff: CurrentStaff, issue: Issue, path: str) -> None:
    # Held from here on: an editor who is saving one of them comes before the review, or finds it locked.
    found = await session.scalars(
        select(Lesson.id)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .where(IssueLesson.issue_id == issue.id)
        .order_by(Lesson.id)
        .with_for_update(read=True, of=Lesson)
    )
    lesson_ids = list(found)
    if not lesson_ids:
        raise NoLessons
    await check_reach(session, staff, path, lesson_ids)


async def _has_written(session: AsyncSession, account_id: int, issue_id: int) -> bool:
    """Whether the account wrote a lesson of the issue, or was the last to change one."""
    lesson = await session.scalar(
        select(Lesson.id)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .where(
            IssueLesson.issue_id == issue_id,
            or_(Lesson.author_id == account_id, Lesson.changed_by == account_id),
        )
        .limit(1)
    )
    return lesson is not None


async def _schedule(
    session: AsyncSession, staff: CurrentStaff, issue: Issue, publish_at: datetime | None, now: datetime
) -> None:
    if issue.author_id == staff.account_id or await _has_written(session, staff.account_id, issue.id):
        raise OwnIssue
    if publish_at is not None and not now + EARLIEST <= publish_at <= now + LATEST:
        raise PublishAtOutOfRange
    timezone = await session.scalar(select(Organisation.timezone).where(Organisation.id == issue.organisation_id))
    assert timezone is not None  # noqa: S101 - the column and the foreign key are not null
    issue.reviewer_id = staff.account_id
    issue.publish_at = publish_at or next_publishing(timezone, now, issue.week)
    schedule_once(
        session,
        KIND,
        organisation_id=issue.organisation_id,
        subject_id=issue.id,
        at=issue.publish_at,
        timezone=timezone,
        late=ISSUE_LATE,
        now=now,
    )


async def publish_issue(session: AsyncSession, issue_id: int, now: datetime) -> Issue | None:
    """Publishes a scheduled issue and freezes its lessons; None where there is nothing to publish (any more).

    For the tick, which then makes the campaign: called again it changes nothing.
    """
    issue = await lock_issue(session, issue_id)
    if issue is None or issue.state != "scheduled":
        return None
    # In the order of their ids, so that two issues with the same lessons do not wait for each other.
    lessons = await session.scalars(
        select(Lesson)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .where(IssueLesson.issue_id == issue.id)
        .order_by(Lesson.id)
        .with_for_update(of=Lesson, key_share=True)
        .execution_options(populate_existing=True)
    )
    for lesson in lessons.all():
        await freeze(session, lesson, now)
    issue.state = "published"
    issue.published_at = issue.updated_at = now
    audit.record(
        session, audit.SYSTEM, "issue.moved", "issue", issue.id,
        now=now, organisation_id=issue.organisation_id, before="scheduled", after="published",
    )  # fmt: skip
    return issue
