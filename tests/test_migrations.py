"""From empty to head, and no drift between the migrations and the models."""

import asyncio
from datetime import timedelta

from alembic import command
from alembic.util.exc import CommandError
from sqlalchemy import select

from app.db.engine import transaction
from app.db.migrate import alembic_config, head_revision
from app.library.desk_models import LessonText
from app.library.models import Lesson, LessonVersion
from app.library.texts import searchable
from app.meetings.models import Meeting
from app.messaging.models import Schedule
from app.messaging.service import schedule_once
from app.reading.models import ReadingProgress
from app.resources import Service
from app.web import REVISION
from tests.app.library.desk import MONDAY, make_issue
from tests.study import Study
from tests.world import World


async def test_the_migrated_database_is_what_the_models_say(database: str) -> None:
    try:
        await asyncio.to_thread(command.check, alembic_config(database))
    except CommandError as drift:
        raise AssertionError(str(drift)) from drift


async def test_every_migration_goes_down_and_up_again(database: str) -> None:
    config = alembic_config(database)
    await asyncio.to_thread(command.downgrade, config, "base")
    await asyncio.to_thread(command.upgrade, config, "head")
    await asyncio.to_thread(command.check, config)


def test_readiness_asks_for_the_newest_revision() -> None:
    assert head_revision() == REVISION


async def test_lessons_from_before_there_was_a_search_are_found(database: str, world: World, service: Service) -> None:
    study = await Study.build(world)
    issue = await study.issue(1)
    (lesson,) = issue.required
    reader = await world.member(100)
    await study.read(reader, lesson)
    bold = {"name": "strong", "attrs": {}, "children": [{"type": "text", "text": "三会　一课 Ａ"}]}
    nodes = [{"name": "p", "attrs": {}, "children": [{"type": "text", "text": "坚持\n"}, bold]}, bold]
    async with transaction(service.sessions) as session:
        row = await session.get_one(Lesson, lesson)
        version = await session.get_one(LessonVersion, row.current_version_id)
        row.nodes = version.nodes = nodes
        row.title = version.title = "应知 应会"
        version.number = 2
    config = alembic_config(database)
    await asyncio.to_thread(command.downgrade, config, "20261124_2")
    await asyncio.to_thread(command.upgrade, config, "head")
    async with transaction(service.sessions) as session:
        texts = list(await session.scalars(select(LessonText).order_by(LessonText.published)))
        progress = await session.get_one(ReadingProgress, (reader, lesson))
    assert [text.published for text in texts] == [False, True]
    expected = searchable("应知 应会", "", nodes)
    assert all({name: getattr(text, name) for name in expected} == expected for text in texts)
    assert (progress.edition, progress.version) == (1, 2)


async def test_schedules_from_before_they_had_titles_are_named_after_what_made_them(
    database: str, service: Service, world: World
) -> None:
    now = service.clock()
    leader = await world.staff(("leader", 10))
    titles = {"meeting_reminder": "十一月党员大会", "weekly_issue": f"学习{MONDAY}", "anniversary": ""}
    async with transaction(service.sessions) as session:
        meeting = Meeting(
            organisation_id=10, kind="members_meeting", title="十一月党员大会", agenda="", starts_at=now,
            ends_at=now + timedelta(hours=1), join_link="", meeting_code="", meeting_password="", created_by=leader.id,
            created_at=now,
        )  # fmt: skip
        session.add(meeting)
        await session.flush()
    issue = await make_issue(service, 10, leader.id, [])
    subjects = {"meeting_reminder": meeting.id, "weekly_issue": issue, "anniversary": meeting.id}
    async with transaction(service.sessions) as session:
        for kind, subject in subjects.items():
            schedule_once(
                session, kind, organisation_id=10, subject_id=subject, title="", at=now, timezone="Asia/Shanghai",
                late=timedelta(hours=1), now=now,
            )  # fmt: skip
    config = alembic_config(database)
    await asyncio.to_thread(command.downgrade, config, "20261124_992")
    await asyncio.to_thread(command.upgrade, config, "head")
    async with service.sessions() as session:
        named = await session.execute(select(Schedule.kind, Schedule.title))
        assert dict(named.tuples().all()) == titles
