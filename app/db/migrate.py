"""Migrations to head, run from the program."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(database_url: str = "") -> Config:
    """The configuration of Alembic, with no ini file."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["database_url"] = database_url
    return config


def migrate(database_url: str) -> None:
    """Upgrades the database to the newest revision; blocks, and runs its own event loop."""
    command.upgrade(alembic_config(database_url), "head")


def head_revision() -> str:
    """The newest revision that this code knows; revisions are dates and sort."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None  # noqa: S101 - the migrations ship with the code
    return head
