"""The package of `docs/adapters.md`, built and installed by pip: it passes the suite, and a real sender uses it."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.clock import system_clock
from app.messaging.models import DeliveryState
from tests.conftest import DATA_KEY, SIGNING_KEY, MovableClock
from tests.scheduler.scene import Scene
from tests.world import APPID

ROOT = Path(__file__).parents[3]
FAKE = Path(__file__).with_name("county_fake.py")
SENDER = [sys.executable, "-c", "from app.cli import main; main()", "sender"]
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "county-gateway"
version = "1.0"

[tool.hatch.build.targets.wheel]
only-include = ["county_gateway.py", "county_fake.py"]
"""


def block(language: str, holding: str) -> str:
    """The block of code in the page that holds these words."""
    page = (ROOT / "docs" / "adapters.md").read_text()
    (found,) = (code for code in re.findall(rf"```{language}\n(.*?)```", page, re.S) if holding in code)
    return str(found)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which pip has installed the package; it was built without an index or a network."""
    source, target = tmp_path_factory.mktemp("county"), tmp_path_factory.mktemp("site")
    (source / "pyproject.toml").write_text(PROJECT + block("toml", "zhijian.adapters"))
    (source / "county_gateway.py").write_text(block("python", "COUNTY_GATEWAY = "))
    shutil.copy(FAKE, source / "county_fake.py")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--disable-pip-version-check", "--target", target, source], check=True, timeout=120)
    assert list(target.glob("county_gateway-1.0.dist-info/entry_points.txt"))
    return target


@pytest.fixture(scope="module")
def gateway(installed: Path) -> Iterator[str]:
    """The county's gateway, run from the installed package."""
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    command = [sys.executable, "-m", "county_fake", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening on ").strip()
        process.terminate()


def test_it_passes_the_conformance_suite(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "test_county_gateway.py").write_text(block("python", "cases(COUNTY)"))
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-cov", str(tmp_path)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    found = re.search(r"(\d+) passed", done.stdout)
    assert found is not None
    assert int(found[1]) > 20, done.stdout
    assert "skipped" not in done.stdout


async def test_a_real_sender_sends_through_it(
    installed: Path, gateway: str, scene: Scene, database: str, clock: MovableClock, tmp_path: Path
) -> None:
    members = await scene.followers([f"o-{number}" for number in range(30)], accepted=0, appid=APPID)
    channel_id = await scene.channel(
        "county_gateway", secret="county-key-0001", config={"settings": {"url": gateway}}
    )  # fmt: skip
    batch_id = await scene.batch(await scene.campaign("meeting_notice"), channel_id, members)
    ahead = tmp_path / "clock"
    ahead.write_text(str((clock.now - system_clock()).total_seconds()))
    environment = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "DATABASE_URL": database,
        "ZHIJIAN_MODE": "test",
        "ZHIJIAN_SIGNING_KEY": SIGNING_KEY,
        "ZHIJIAN_DATA_KEY": DATA_KEY,
        "ZHIJIAN_TEST_CLOCK": str(ahead),
        "ZHIJIAN_VAR": str(tmp_path / "var"),
    }
    process = await asyncio.create_subprocess_exec(*SENDER, env=environment, cwd=ROOT)
    try:
        async with asyncio.timeout(60):
            while set(await scene.states(batch_id)) != {DeliveryState.SENT}:
                assert process.returncode is None
                await asyncio.sleep(0.05)
    finally:
        process.terminate()
        await process.wait()
    async with httpx.AsyncClient() as http:
        notices = (await http.get(f"{gateway}/_control/sent")).json()
    assert sorted(notice["to"] for notice in notices) == sorted(members)
