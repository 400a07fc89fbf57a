"""The embedded PostgreSQL: one owner starts and stops it, others use it."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from app.db.embedded import FolderInUse, embedded_postgres
from app.resources import open_database
from app.settings import Settings
from tests.conftest import DATA_KEY, SIGNING_KEY, make_settings

ROOT = Path(__file__).parents[3]
OTHER = """
import asyncio, sys
from pathlib import Path
from app.db.embedded import FolderInUse, embedded_postgres

async def main():
    try:
        async with embedded_postgres(Path(sys.argv[1]), serve=sys.argv[2] == "serve") as url:
            print(url)
    except FolderInUse as error:
        print("in use", error)

asyncio.run(main())
"""


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder that does not exist yet, on a path that the server's own user may pass."""
    # Not `tmp_path`: another pytest that starts meanwhile closes the folder above it to everybody else.
    folder = Path(tempfile.mkdtemp(prefix="zhijian-test-"))
    yield folder / "made" / "var"
    shutil.rmtree(folder, ignore_errors=True)


async def execute(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def other_process(var: Path, how: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(var), how], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.strip()


def server_runs(var: Path) -> bool:
    return (var / "postgres" / "postmaster.pid").exists()


async def test_a_second_start_finds_the_data_of_the_first(var: Path) -> None:
    async with embedded_postgres(var, serve=True) as url:
        await execute(url, "CREATE TABLE kept (value int)")
        await execute(url, "INSERT INTO kept VALUES (7)")
        assert await execute(url, "SELECT current_database()") == "zhijian"
    assert not server_runs(var)
    async with embedded_postgres(var) as url:
        assert await execute(url, "SELECT value FROM kept") == 7
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await execute(url, f"SHOW {name}") == "on"
    assert not server_runs(var)


async def test_another_process_shares_the_running_server_and_leaves_it_running(var: Path) -> None:
    async with embedded_postgres(var, serve=True) as url:
        assert other_process(var, "use") == url
        assert await execute(url, "SELECT 1") == 1
        assert other_process(var, "serve") == f"in use {var.resolve()}"
        assert await execute(url, "SELECT 1") == 1
        with pytest.raises(FolderInUse):
            async with embedded_postgres(var, serve=True):
                pass
        async with embedded_postgres(var, "another") as other:
            assert await execute(other, "SELECT current_database()") == "another"
        assert await execute(url, "SELECT 1") == 1
    assert not server_runs(var)
    assert other_process(var, "serve") == url, "and the folder is free again"
    assert not server_runs(var)


async def test_an_error_of_its_user_stops_the_server_too(var: Path) -> None:
    with pytest.raises(RuntimeError):
        async with embedded_postgres(var, serve=True):
            raise RuntimeError
    assert not server_runs(var)


async def test_the_operators_database_is_used_where_one_is_set(var: Path) -> None:
    settings = make_settings("postgresql://elsewhere/theirs", var=var)
    async with open_database(settings, serve=True) as url:
        assert url == "postgresql://elsewhere/theirs"
    assert not var.exists()


async def test_the_embedded_one_is_used_where_none_is_set(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    settings = Settings.model_validate({"signing_key": SIGNING_KEY, "data_key": DATA_KEY, "var": var})
    async with open_database(settings, serve=True) as url:
        assert await execute(url, "SELECT 1") == 1
    assert not server_runs(var)
