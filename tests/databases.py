"""Fresh, migrated databases: a clone of the template for the first test, then emptied and lent to the next one.

A clone costs ten times as much as emptying. What a test has done to the structure itself is seen by a fingerprint, and
such a database is dropped.
"""

import asyncio
import os
import secrets

import asyncpg

TEMPLATE = "zhijian_template"
SERVER = "ZHIJIAN_TEST_SERVER"

# Everything that a test could have changed besides rows: columns, constraints, indexes, triggers, functions, rights.
FINGERPRINT = """
SELECT md5(string_agg(part, E'\\n' ORDER BY part)) FROM (
    SELECT c.relname || '.' || a.attname || a.atttypid || a.attnotnull || coalesce(c.relacl::text, '') AS part
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    UNION ALL SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT version_num FROM alembic_version
) parts
"""
EMPTY = """
SET session_replication_role = replica;
DO $$ DECLARE each regclass; BEGIN
    FOR each IN SELECT oid::regclass FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
    LOOP EXECUTE 'DELETE FROM ' || each; END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace;
END $$;
"""
# So long whoever is sent away may take to go.
LEAVE_SECONDS = 10
OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

_idle: list[str] = []
_fingerprint: str | None = None


def dsn_of(database: str) -> str:
    """The DSN of a database of the run's server."""
    return os.environ[SERVER].replace("/postgres?", f"/{database}?")


def name_of(dsn: str) -> str:
    """The name of the database in a DSN."""
    return dsn.split("?")[0].rsplit("/", 1)[1]


async def _on_server(statement: str) -> None:
    connection = await asyncpg.connect(os.environ[SERVER])
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def clone_template() -> str:
    """A new copy of the migrated template; its DSN."""
    name = f"t_{secrets.token_hex(6)}"
    await _on_server(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE} STRATEGY FILE_COPY')
    return dsn_of(name)


async def drop_database(dsn: str) -> None:
    """Drops a database with whoever is connected to it."""
    await _on_server(f'DROP DATABASE IF EXISTS "{name_of(dsn)}" WITH (FORCE)')


async def lend() -> str:
    """An empty, migrated database."""
    global _fingerprint
    if _idle:
        return _idle.pop()
    dsn = await clone_template()
    if _fingerprint is None:
        connection = await asyncpg.connect(dsn)
        _fingerprint = await connection.fetchval(FINGERPRINT)
        await connection.close()
    return dsn


async def give_back(dsn: str) -> None:
    """Empties the database for the next test, or drops it where more than its rows has changed."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            await connection.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
            # What a failed test has left running may connect anew without end: then the database is dropped.
            async with asyncio.timeout(LEAVE_SECONDS):
                while await connection.fetchval(f"SELECT count(*) {OTHERS} AND backend_type = 'client backend'"):
                    await asyncio.sleep(0.005)
            reusable = await connection.fetchval(FINGERPRINT) == _fingerprint
            if reusable:
                await connection.execute(EMPTY)
        finally:
            await connection.close()
    except (asyncpg.PostgresError, OSError, TimeoutError):
        reusable = False
    if reusable:
        _idle.append(dsn)
    else:
        await drop_database(dsn)
