"""The document against a running server: every operation, asked by somebody who may use it, with no finding."""

import json
import os
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from app.db.engine import transaction
from app.directory.models import Account
from app.web import create_api
from tests.conftest import MovableClock
from tests.contract.hooks import REFUSALS
from tests.journeys.program import ROOT, installed
from tests.security.asks import PASSWORD_HASH, Ask
from tests.security.matrix import ROWS
from tests.security.rules import MEMBERS, STAFF, Row
from tests.security.targets import Targets
from tests.world import Person, World

# So many things of each operation's kind are there to be found by its generated requests.
SEEDED = 3
EXAMPLES = 10
DOCUMENT = create_api().openapi()["paths"]
# A mini-program and a platform are needed for the one, a file that holds something for the others: the journeys have
# them, and now and then a generated file is one.
MAY_NEVER_SUCCEED = {
    "POST /api/v1/sessions/wechat",
    "POST /api/v1/rosters/import",
    "POST /api/v1/questions/import",
    "PUT /api/v1/organisations/{organisation_id}/word-list",
    "POST /api/v1/channels/{channel_id}/addresses/import",
    "PUT /api/v1/lessons/{lesson_id}/draft/document",
}
CONFIG = (ROOT / "schemathesis.toml").read_text(encoding="utf-8")
ACCEPTED = tomllib.loads(CONFIG)["checks"]["positive_data_acceptance"]["expected-statuses"]


@dataclass
class Seeds:
    """A configuration that grows by operation, and the example of each."""

    lines: list[str] = field(default_factory=list)
    examples: dict[str, object] = field(default_factory=dict)

    async def add(self, world: World, targets: Targets, row: Row) -> None:
        """Somebody who may do this, a request that succeeds, and ids for the generated ones."""
        actor = await actor_of(world, row)
        found: dict[str, list[int]] = defaultdict(list)
        for _ in range(SEEDED):
            for place, value in known_in(await row.make(targets, where(row), actor)).items():
                found[place].append(value)
        ask = await row.make(targets, where(row), actor)
        described = DOCUMENT[f"/api/v1{row.template}"][row.method.lower()]
        operation = described["operationId"]
        self.examples[operation] = {"parameters": {**ask.path, **ask.query}, "json": ask.json}
        for place, values in found.items():
            self.lines += [f"[dictionaries.{json.dumps(f'{operation} {place}')}]", f"values = {values}"]
        self.lines += ["[[operations]]", f'include-operation-id = "{operation}"']
        if takes_if_match(described):
            # Which revision is the present one depends on who has saved last.
            self.lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps([*ACCEPTED, '412'])}")
        self.lines.append(f'headers = {{ Authorization = "{actor.auth["Authorization"]}" }}')
        self.lines.append("[operations.parameters]")
        for place in found:
            self.lines.append(f'"{place}" = {{ dictionary = "{operation} {place}", probability = 0.8 }}')


def takes_if_match(operation: dict[str, Any]) -> bool:
    """Whether an operation may be refused with 412."""
    return any(each["in"] == "header" and each["name"] == "if-match" for each in operation.get("parameters", []))


def where(row: Row) -> int:
    """The organisation of a target: a new privacy notice would have all the members of 10 asked for consent anew."""
    return 100 if row.template == "/organisations/{organisation_id}/privacy-notices" else 10


async def actor_of(world: World, row: Row) -> Person:
    """Somebody new who may do this."""
    if row.who[0] in STAFF:
        return await world.staff((next(role for role in row.who if row.reach_of(role)), where(row)))
    if row.who[-1] in MEMBERS:
        person = await world.signed_in_member(10)
        person.name = row.who[-1]
        return person
    return await world.unbound_wechat()


def known_in(ask: Ask) -> dict[str, int]:
    """The ids of what was seeded, by the parameter that takes them."""
    known = {f"path.{name}": value for name, value in ask.path.items() if isinstance(value, int)}
    known |= {f"query.{name}": value for name, value in ask.query.items() if isinstance(value, int)}
    return known | ids_in(ask.json, "body")


def ids_in(value: object, place: str) -> dict[str, int]:
    """The ids in a body by their place, such as `body.lessons[*].lesson_id`."""
    if isinstance(value, dict):
        return {k: v for name, inner in value.items() for k, v in ids_in(inner, f"{place}.{name}").items()}
    if isinstance(value, list):
        return {k: v for inner in value for k, v in ids_in(inner, f"{place}[*]").items()}
    return {place: value} if isinstance(value, int) and place.removesuffix("[*]").endswith(("_id", "_ids")) else {}


@pytest.fixture
async def api(
    database: str, tmp_path: Path, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The address of a `zhijian api` of its own, which logs to `api-….log` in `tmp_path`."""
    # A generated id may hit on something that is never over: nobody watches it for ten minutes here.
    monkeypatch.setenv("ZHIJIAN_STREAM_SECONDS", "1")
    with installed(database, tmp_path, "http://127.0.0.1:9") as program:
        program.set_clock(clock())
        yield program.start("api")
        program.stop()


def run(api: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Schemathesis over the document of the server, with the configuration in `folder`."""
    program = str(Path(sys.executable).with_name("schemathesis"))
    return subprocess.run(
        [program, f"--config-file={folder / 'schemathesis.toml'}", "run", f"{api}/openapi.json", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CONTRACT_EXAMPLES": str(folder / "examples.json")},
        capture_output=True,
        text=True,
        check=False,
    )


def succeeded(folder: Path) -> set[str]:
    """The operations that the server has answered with success."""
    (log,) = folder.glob("api-*.log")
    requests: list[dict[str, Any]] = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return {
        f"{each['method']} {each['route']}"
        for each in requests
        if each.get("event") == "request" and each["status"] < 300
    }


@pytest.mark.timeout(1500)
async def test_the_server_does_what_its_document_says(api: str, world: World, tmp_path: Path) -> None:
    targets = await Targets.build(world)
    seeds = Seeds()
    for row in {row.operation: row for row in reversed(ROWS)}.values():
        await seeds.add(world, targets, row)
    # Schemathesis tries the logins that other answers show it.
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Account).values(password_hash=PASSWORD_HASH))
    (tmp_path / "schemathesis.toml").write_text("\n".join([CONFIG, *seeds.lines]), encoding="utf-8")
    (tmp_path / "examples.json").write_text(json.dumps(seeds.examples), encoding="utf-8")
    done = run(api, tmp_path, "--continue-on-failure", f"--max-examples={EXAMPLES}", "--seed=1", "--workers=1")
    assert done.returncode == 0, done.stdout + done.stderr
    asked = {f"{method.upper()} {path}" for path, operations in DOCUMENT.items() for method in operations}
    assert asked - succeeded(tmp_path) <= MAY_NEVER_SUCCEED, done.stdout


def test_every_listed_refusal_is_of_an_operation_that_there_is() -> None:
    operations = {each["operationId"] for path in DOCUMENT.values() for each in path.values()}
    assert set(REFUSALS) <= operations
