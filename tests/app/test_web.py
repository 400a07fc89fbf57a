"""The application as a whole: health, readiness, and what the document promises."""

import httpx
import pytest
from sqlalchemy import text

from app.db.engine import transaction
from app.resources import Service
from app.web import REVISION, create_api


async def test_a_process_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    for path in ("healthz", "readyz"):
        answer = await client.get(f"http://test/{path}")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    ("revision", "status"), [("20200101_1", 503), (REVISION, 200), ("29991231_1", 200), (None, 503)]
)
async def test_a_process_is_ready_for_its_own_revision_and_newer_ones(
    client: httpx.AsyncClient, service: Service, revision: str | None, status: int
) -> None:
    async with transaction(service.sessions) as session:
        await session.execute(text("DELETE FROM alembic_version"))
        if revision is not None:
            await session.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    answer = await client.get("http://test/readyz")
    assert answer.status_code == status
    if status == 503:
        assert answer.json()["code"] == "not_migrated"
        assert answer.headers["retry-after"] == "5"


async def test_a_database_without_tables_is_not_ready(client: httpx.AsyncClient, service: Service) -> None:
    async with transaction(service.sessions) as session:
        await session.execute(text("DROP TABLE alembic_version"))
    answer = await client.get("http://test/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_migrated")


def test_every_operation_tells_its_errors_as_problems() -> None:
    document = create_api().openapi()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status in ("401", "403", "404", "422", "503"):
                content = operation["responses"][status]["content"]
                assert list(content) == ["application/problem+json"], (path, method, status)


def test_operations_of_ours_stand_under_the_base_of_the_contract() -> None:
    paths = set(create_api().openapi()["paths"])
    assert {path for path in paths if not path.startswith("/api/v1/")} == {"/healthz", "/readyz", "/metrics"}
