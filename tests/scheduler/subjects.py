"""What campaigns are about: issues and meetings, made through the tables."""

from datetime import UTC, date, datetime, timedelta

from app.db.engine import transaction
from app.library.models import Issue, IssueLesson, Lesson
from app.meetings.models import Meeting
from app.messaging.service import ISSUE_LATE, schedule_once
from tests.scheduler.scene import Scene

MONDAY_8 = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)  # 08:00 in Shanghai


async def issue(scene: Scene, state: str, *titles: str) -> tuple[int, list[int]]:
    """An issue of the committee for 2026-W47 with required lessons; gives its id and theirs, in order."""
    author = (await scene.world.staff(("editor", 1))).id
    now = scene.service.clock()
    times = {"created_at": now, "updated_at": now}
    words = dict.fromkeys(("summary", "source", "article", "source_url", "markdown", "html"), "x")
    async with transaction(scene.service.sessions) as session:
        row = Issue(
            organisation_id=1,
            week=date(2026, 11, 16),
            title="第四十七周",
            summary="",
            state=state,
            author_id=author,
            publish_at=MONDAY_8,
            **times,
        )
        lessons = [
            Lesson(
                organisation_id=1,
                author_id=author,
                changed_by=author,
                title=title,
                nodes=[],
                characters=1,
                **words,
                **times,
            )
            for title in titles
        ]
        session.add_all([row, *lessons])
        await session.flush()
        # The last one first, so that only `position` can put them in order.
        for position, lesson in reversed(list(enumerate(lessons, 1))):
            session.add(IssueLesson(issue_id=row.id, lesson_id=lesson.id, position=position, required=True))
        return row.id, [lesson.id for lesson in lessons]


async def issue_due(scene: Scene, state: str = "scheduled") -> int:
    """An issue with two lessons that is to be published on Monday at 08:00; gives its id."""
    issue_id, _ = await issue(scene, state, "三会一课", "主题党日")
    async with transaction(scene.service.sessions) as session:
        schedule_once(
            session,
            "weekly_issue",
            organisation_id=1,
            subject_id=issue_id,
            title="第四十七周",
            at=MONDAY_8,
            timezone="Asia/Shanghai",
            late=ISSUE_LATE,
            now=scene.service.clock(),
        )
    return issue_id


async def meeting_due(scene: Scene, starts_at: datetime, before: timedelta, *, cancelled: bool = False) -> int:
    """A meeting of the general branch 10 with one reminder."""
    leader = (await scene.world.staff(("leader", 10))).id
    now = scene.service.clock()
    async with transaction(scene.service.sessions) as session:
        meeting = Meeting(
            organisation_id=10,
            kind="party_lecture",
            title="第四季度党课",
            agenda="",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=2),
            join_link="https://meeting.example/j/1",
            meeting_code="123-456-789",
            meeting_password="",
            created_by=leader,
            created_at=now,
            cancelled_at=now if cancelled else None,
        )
        session.add(meeting)
        await session.flush()
        schedule_once(
            session,
            "meeting_reminder",
            organisation_id=10,
            subject_id=meeting.id,
            title=meeting.title,
            at=starts_at - before,
            timezone="Asia/Shanghai",
            late=before,
            now=now,
        )
        return meeting.id
