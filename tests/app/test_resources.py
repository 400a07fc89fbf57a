"""What a process holds: opened once, whatever state the database is in."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from app.clock import system_clock
from app.db.engine import transaction
from app.directory.models import Organisation
from app.resources import open_service
from tests.conftest import make_settings


async def test_a_service_is_open_while_it_is_needed(database: str) -> None:
    async with open_service(make_settings(database), database) as service:
        async with transaction(service.sessions) as session:
            assert await session.get(Organisation, 1) is None
        assert not service.http.is_closed
        assert service.clock is system_clock
    assert service.http.is_closed


async def test_a_database_that_may_lose_what_it_acknowledged_is_named(database: str) -> None:
    with capture_logs() as lines:
        async with open_service(make_settings(database), database):
            pass
    # The server of the tests is one: its data is thrown away.
    found = {line["setting"] for line in lines if line["event"] == "unsafe_database_setting"}
    assert found == {"fsync", "synchronous_commit"}
    assert {line["log_level"] for line in lines} == {"warning"}


async def test_a_database_that_is_away_at_the_start_may_come_later() -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    with capture_logs() as lines:
        async with open_service(make_settings(url), url) as service:
            assert not service.http.is_closed
    assert [line["event"] for line in lines] == ["database_away_at_start"]


async def test_a_database_that_will_never_come_is_an_error(database: str) -> None:
    url = database.replace("/t_", "/no_such_")
    with pytest.raises(DBAPIError, match="does not exist"):
        async with open_service(make_settings(url), url):
            raise AssertionError


async def test_a_test_moves_the_clock_of_the_process(database: str, tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("86400")
    settings = make_settings(database, test_clock=tmp_path / "clock")
    async with open_service(settings, database) as service:
        assert service.clock() - system_clock() > timedelta(hours=23)
