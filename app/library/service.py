"""The editorial workflow: draft → in_review → scheduled → published → withdrawn; who writes does not review."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.directory.models import Organisation
from app.errors import Conflict, Forbidden, Invalid
from app.library.desk_models import LessonCorrection
from app.library.issues import DESK, check_reach, find_issue, flush_week, lock_issue
from app.library.models import Issue, IssueLesson, Lesson
from app.library.recording import record_change
from app.library.reviews import OwnIssue, approve, has_written, void_reviews
from app.library.revisions import Expected, StaleRevision, check_revision
from app.library.rules import next_publishing
from app.library.versions import freeze
from app.library.warnings import Looked, check_confirmed
from app.messaging.service import ISSUE_LATE, cancel_schedules, end_campaigns, hold_schedules, schedule_once
from content.documents.result import open_placeholders

KIND = "weekly_issue"
# The clocks of a browser and of the server differ a little.
EARLIEST = timedelta(minutes=-1)
LATEST = timedelta(days=366)

STATES = {"draft": "草稿", "in_review": "待审核", "scheduled": "已定时", "published": "已发布", "withdrawn": "已撤回"}
# What a person may do, what it is called, and whose it is. `scheduled → published` is the scheduler's alone.
MOVES: dict[tuple[str, str], tuple[str, frozenset[str]]] = {
    ("draft", "in_review"): ("提交审核（in_review）", frozenset({"editor"})),
    ("draft", "withdrawn"): ("放弃这份草稿（withdrawn）", frozenset({"editor"})),
    ("in_review", "scheduled"): ("审核通过并定时发布（scheduled）", frozenset({"reviewer"})),
    ("in_review", "draft"): ("退回草稿（draft）", frozenset({"reviewer", "author"})),
    ("scheduled", "draft"): ("取消定时、退回草稿（draft）", frozenset({"editor", "reviewer"})),
    ("published", "withdrawn"): ("撤回（withdrawn）", frozenset({"editor", "reviewer"})),
    ("withdrawn", "draft"): ("转为草稿（draft）", frozenset({"editor"})),
}


class WrongTransition(Conflict):
    """The issue cannot go there from where it is."""

    code = "wrong_transition"


class NoLessons(Conflict):
    """There is nothing to review."""

    code = "no_lessons"
    detail = "这一期还没有学习资料，请先加入至少一篇再提交审核。"


class PermissionUnknown(Conflict):
    """A text of somebody else may be printed again only where that is allowed."""

    code = "permission_unknown"


class PicturesMissing(Conflict):
    """A text has places that wait for a picture."""

    code = "pictures_missing"


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
    session: AsyncSession,
    staff: CurrentStaff,
    issue_id: int,
    to: str,
    publish_at: datetime | None,
    now: datetime,
    expected: Expected = None,
    looked: Looked | None = None,
) -> Issue:
    """Moves an issue on or back; raises what this module and `app.library.issues` define, and `NotFound`.

    It is scheduled with the last approval that it needs, and stays under review until then. `looked` is what was
    found in its lessons before; where they are others by now: `StaleRevision`.
    """
    _, path = await find_issue(session, staff, issue_id, *DESK)
    await hold_schedules(session, KIND, issue_id)
    issue = await lock_issue(session, issue_id)
    assert issue is not None  # noqa: S101 - issues are never deleted
    check_revision(issue.revision, expected)
    check_move(issue, to, _roles(staff, issue, path))
    if to == "in_review":
        await _submit(session, staff, issue, path)
    elif to == "scheduled":
        if not await _review(session, staff, issue, publish_at, now, looked):
            return issue
        await _schedule(session, staff, issue, publish_at, now)
    elif to == "draft":
        await cancel_schedules(session, KIND, issue.id)
        await void_reviews(session, issue.id, now)
        issue.reviewer_id = issue.publish_at = issue.published_at = None
    elif to == "withdrawn":
        await end_campaigns(session, (KIND,), issue.id, now)
    set_state(session, issue, to, now, staff)
    await flush_week(session)
    return issue


def set_state(session: AsyncSession, issue: Issue, to: str, now: datetime, staff: CurrentStaff | None = None) -> None:
    """Moves the issue, which the caller holds, and keeps that; without `staff` the program does it by itself."""
    before, issue.state = issue.state, to
    issue.updated_at = now
    issue.revision += 1
    record_change(
        session, staff.account_id if staff else None, "moved", issue_id=issue.id,
        before={"state": before}, after={"state": to}, now=now,
    )  # fmt: skip
    audit.record(
        session, staff.actor if staff else audit.SYSTEM, "issue.moved", "issue", issue.id,
        now=now, organisation_id=issue.organisation_id, before=before, after=to,
    )  # fmt: skip


async def _submit(session: AsyncSession, staff: CurrentStaff, issue: Issue, path: str) -> None:
    # Held from here on: an editor who is saving one of them comes before the review, or finds it locked.
    held = of_issue(issue.id).with_for_update(read=True, of=Lesson).execution_options(populate_existing=True)
    lessons = (await session.scalars(held)).all()
    if not lessons:
        raise NoLessons
    check_permission(lessons)
    check_pictures(lessons)
    await check_reach(session, staff, path, [lesson.id for lesson in lessons])


def of_issue(issue_id: int) -> Select[Lesson]:
    """The lessons of an issue in the order of their ids."""
    return (
        select(Lesson)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .where(IssueLesson.issue_id == issue_id)
        .order_by(Lesson.id)
    )


def check_permission(lessons: Sequence[Lesson | LessonCorrection]) -> None:
    """Raises `PermissionUnknown` where somebody is named as the author, and nobody has said that it may be printed.

    A text that names no author is the editors' own, or the public document that its source says.
    """
    unsaid = [each for each in lessons if each.author_line and each.reprint_permission == "unknown"]
    if unsaid:
        names = "、".join(f"《{each.title}》" for each in unsaid)
        raise PermissionUnknown(f"资料{names}署了作者，但没有注明转载许可，请先在资料中注明，再提交审核。")


def check_pictures(lessons: Sequence[Lesson | LessonCorrection]) -> None:
    """Raises `PicturesMissing` where a text still has places that wait for a picture."""
    missing = [(each.title, open_placeholders(each.html)) for each in lessons]
    said = [f"《{title}》缺图 {'、'.join(map(str, numbers))}" for title, numbers in missing if numbers]
    if said:
        raise PicturesMissing(f"资料{'；'.join(said)}，请先在资料中逐张上传，再提交审核。")


async def _review(
    session: AsyncSession,
    staff: CurrentStaff,
    issue: Issue,
    publish_at: datetime | None,
    now: datetime,
    looked: Looked | None,
) -> bool:
    """Takes the approval; whether it was the last one that was needed."""
    if await has_written(session, staff.account_id, issue.id):
        raise OwnIssue
    if publish_at is not None and not now + EARLIEST <= publish_at <= now + LATEST:
        raise PublishAtOutOfRange
    if looked is not None:
        texts = {lesson.id: lesson.revision for lesson in await session.scalars(of_issue(issue.id))}
        if texts != looked.revisions:
            raise StaleRevision
        check_confirmed(looked.warnings, looked.confirmed)
    enough = await approve(session, staff.account_id, issue.organisation_id, now, issue_id=issue.id)
    issue.revision += 1
    record_change(session, staff.account_id, "approved", issue_id=issue.id, before={}, after={}, now=now)
    audit.record(
        session, staff.actor, "issue.approved", "issue", issue.id,
        now=now, organisation_id=issue.organisation_id, confirmed_warnings=len(looked.warnings) if looked else 0,
    )  # fmt: skip
    return enough


async def _schedule(
    session: AsyncSession, staff: CurrentStaff, issue: Issue, publish_at: datetime | None, now: datetime
) -> None:
    timezone = await session.scalar(select(Organisation.timezone).where(Organisation.id == issue.organisation_id))
    assert timezone is not None  # noqa: S101 - the column and the foreign key are not null
    issue.reviewer_id = staff.account_id
    issue.publish_at = publish_at or next_publishing(timezone, now, issue.week)
    schedule_once(
        session,
        KIND,
        organisation_id=issue.organisation_id,
        subject_id=issue.id,
        title=issue.title,
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
    held = of_issue(issue.id).with_for_update(of=Lesson, key_share=True).execution_options(populate_existing=True)
    for lesson in (await session.scalars(held)).all():
        await freeze(session, lesson, now)
    issue.published_at = now
    set_state(session, issue, "published", now)
    return issue
