"""Zones that organisations had before there were settings are their own settings from then on."""

import asyncio

import asyncpg
from alembic import command

from app.db.migrate import alembic_config

BEFORE = "20261122_1"
TREE = (
    (1, None, "/1/", "Asia/Shanghai"),
    (10, 1, "/1/10/", "Asia/Urumqi"),
    (100, 10, "/1/10/100/", "Asia/Urumqi"),
    (101, 10, "/1/10/101/", "Asia/Shanghai"),
    (2, None, "/2/", "Asia/Kashgar"),
)


async def test_a_zone_that_differs_from_the_superiors_is_kept_as_a_setting(database: str) -> None:
    config = alembic_config(database)
    await asyncio.to_thread(command.downgrade, config, BEFORE)
    connection = await asyncpg.connect(database.replace("+asyncpg", ""))
    try:
        for id_, parent, path, zone in TREE:
            await connection.execute(
                "INSERT INTO organisations (id, parent_id, path, kind, name, timezone, created_at)"
                " OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, 'committee', $3, $4, now())",
                id_, parent, path, zone,
            )  # fmt: skip
        await asyncio.to_thread(command.upgrade, config, "head")
        rows = await connection.fetch("SELECT organisation_id, key, value FROM organisation_settings ORDER BY 1")
    finally:
        await connection.close()
    assert [tuple(row) for row in rows] == [
        (2, "timezone", '"Asia/Kashgar"'), (10, "timezone", '"Asia/Urumqi"'), (101, "timezone", '"Asia/Shanghai"'),
    ]  # fmt: skip
