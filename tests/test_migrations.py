"""From empty to head, and no drift between the migrations and the models."""

import asyncio

from alembic import command
from alembic.util.exc import CommandError
from sqlalchemy import select

from app.db.engine import transaction
from app.db.migrate import alembic_config, head_revision
from app.library.desk_models import LessonText
from app.library.models import Lesson, LessonVersion
from app.library.texts import searchable
from app.reading.models import ReadingProgress
from app.resources import Service
from app.web import REVISION
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
