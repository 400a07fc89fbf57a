"""From empty to head, and no drift between the migrations and the models."""

import asyncio

from alembic import command
from alembic.util.exc import CommandError

from app.db.migrate import alembic_config, head_revision
from app.web import REVISION


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
