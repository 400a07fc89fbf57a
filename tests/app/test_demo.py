"""`make run`: everything in one process, shown to somebody who has just cloned it."""

import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.demo import kept_secrets
from app.demo_data import APPID, PEOPLE, PHONES
from app.settings import Settings
from tests.journeys.program import ROOT, ZHIJIAN, Phone, eventually

SETTINGS = re.compile(r"ZHIJIAN_(?!TEST_SERVER$)|DATABASE_URL$|PORT$")


@pytest.fixture
def var() -> Iterator[Path]:
    """The folder of a demonstration."""
    # Not `tmp_path`: another pytest that starts meanwhile closes the folder above it to the server's own user.
    folder = Path(tempfile.mkdtemp(prefix="zhijian-test-"))
    yield folder / "var"
    shutil.rmtree(folder, ignore_errors=True)


def living(process_id: int) -> bool:
    """Whether a process is there, and is not one that has ended and waits for its parent."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@dataclass
class Demonstration:
    """A running demonstration: what it has said, and its processes."""

    process: subprocess.Popen[str]
    said: str
    var: Path

    @property
    def address(self) -> str:
        """Where it answers."""
        return self.found(r"演示环境已就绪：(\S+)")

    @property
    def platform(self) -> str:
        """Where the fake WeChat answers."""
        return self.found(r"仿真微信平台：(\S+)")

    @property
    def password(self) -> str:
        """The password of all accounts."""
        return self.found(r"密码均为 (\S+?)）")

    def found(self, pattern: str) -> str:
        """What it has said in this place."""
        match = re.search(pattern, self.said)
        assert match is not None, self.said
        return match[1]

    def family(self) -> list[int]:
        """The process, those that it started, and the database's."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        postmaster = (self.var / "postgres" / "postmaster.pid").read_text().splitlines()[0]
        return [self.process.pid, *map(int, children), int(postmaster)]

    def stop(self) -> None:
        """Ctrl-C: the terminal tells every process of the foreground group, and everything ends."""
        family = self.family()
        assert len(family) >= 3
        assert all(living(each) for each in family)
        os.killpg(self.process.pid, signal.SIGINT)
        rest, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, rest
        assert str(self.var.resolve()) in rest, "and says where the data is kept"
        assert eventually(lambda: not any(living(each) for each in family))


def start(var: Path) -> Demonstration:
    """Starts a demonstration as somebody would who has set nothing."""
    environment = {name: value for name, value in os.environ.items() if not SETTINGS.match(name)}
    process = subprocess.Popen(
        [*ZHIJIAN, "demo"], cwd=ROOT, env={**environment, "ZHIJIAN_VAR": str(var), "PORT": "0"},
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if "Ctrl-C" in line:
            return Demonstration(process, said, var)
    raise AssertionError(said)


@pytest.fixture
def started(var: Path) -> Iterator[list[Demonstration]]:
    """The demonstrations that the test has started, which are ended whatever happens."""
    found: list[Demonstration] = []
    yield found
    for each in found:
        if each.process.poll() is None:
            each.process.send_signal(signal.SIGINT)
            each.process.communicate(timeout=60)


def by_day() -> str:
    """The name of a zone in which it is about noon now, so that no message waits for the morning."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"


def staff(http: httpx.Client, login: str, password: str) -> tuple[Phone, dict[str, Any]]:
    session = Phone(http).ask("POST", "/sessions/password", 201, json={"login": login, "password": password})
    return Phone(http, session["token"]), session


def open_phone(http: httpx.Client, phone: str) -> Phone:
    """Somebody opens the mini-program on this phone."""
    code = http.post(f"/demonstration/phones/{phone}/login").json()
    session = Phone(http).ask("POST", "/sessions/wechat", 201, json=code)
    assert len(session["members"]) == 1, "bound already"
    return Phone(http, session["token"])


def consent(phone: Phone) -> None:
    """The member reads the privacy notice and agrees."""
    version = phone.ask("GET", "/privacy-notice")["version"]
    phone.ask("PUT", "/me/consent", json={"version": version, "accepted": True})


def call_a_meeting(http: httpx.Client, password: str) -> str:
    """The leader calls a meeting, by day; its title."""
    admin, _ = staff(http, "admin", password)
    leader, session = staff(http, "leader-east", password)
    branch = session["posts"][0]["organisation_id"]
    admin.ask("PATCH", f"/organisations/{branch}", json={"timezone": by_day()})
    floating = open_phone(http, "demo-floating")
    for template in http.post("/demonstration/phones/demo-floating/acceptances").json()["templates"]:
        floating.ask("POST", "/subscriptions", 201, json={"template": template, "accepted": True})
    starts_at = datetime.now(UTC) + timedelta(days=2)
    meeting = {
        "organisation_id": branch, "kind": "party_lecture", "title": "演示党课", "join_link": "https://example.cn/1",
        "starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    leader.ask("POST", "/meetings", 201, json=meeting)
    return str(meeting["title"])


def test_somebody_tries_the_demonstration_and_comes_back_to_it(var: Path, started: list[Demonstration]) -> None:
    first = start(var)
    started.append(first)
    for name in (*(person.login for person in PEOPLE), *PHONES, *(person.title for person in PEOPLE)):
        assert name in first.said
    with httpx.Client(base_url=first.address, timeout=30) as http:
        assert http.get("/readyz").json() == {"status": "ok"}
        assert http.get("/").status_code == 200
        for person in PEOPLE:
            phone, session = staff(http, person.login, first.password)
            assert [post["role"] for post in session["posts"]] == [person.role]
            assert phone.ask("GET", "/staff/me")["name"] == person.title
        members = [open_phone(http, name) for name in PHONES]
        assert members[1].send("GET", "/me").json()["code"] == "consent_needed", "so that the screen can be seen"
        consent(members[1])
        assert [phone.ask("GET", "/me")["roster"] == "floating" for phone in members] == [False, True]
        me = members[0].ask("GET", "/me")
        assert eventually(lambda: members[0].ask("GET", "/issues/current")["items"]), "this week's issue is published"
        messages = eventually(lambda: http.get("/demonstration/messages.json").json()["items"])
        assert messages
        title = call_a_meeting(http, first.password)
        sent = eventually(
            lambda: [
                each
                for each in httpx.get(f"{first.platform}/_control/sent", params={"appid": APPID}).json()
                if title in str(each["data"])
            ]
        )
        assert [each["phone"] for each in sent] == ["demo-floating"]
        admin, _ = staff(http, "admin", first.password)
        kept = [admin.ask("GET", path)["items"] for path in ("/organisations", "/accounts", "/channels")]
    first.stop()

    second = start(var)
    started.append(second)
    assert second.password == first.password
    with httpx.Client(base_url=second.address, timeout=30) as http:
        admin.http = http  # the session goes on too
        assert [admin.ask("GET", path)["items"] for path in ("/organisations", "/accounts", "/channels")] == kept
        assert open_phone(http, "demo-member").ask("GET", "/me") == me, "the same member by the same phone"
    second.stop()


def test_two_demonstrations_do_not_share_a_folder(var: Path, started: list[Demonstration]) -> None:
    first = start(var)
    started.append(first)
    environment = {name: value for name, value in os.environ.items() if not SETTINGS.match(name)}
    second = subprocess.run(
        [*ZHIJIAN, "demo"], cwd=ROOT, env={**environment, "ZHIJIAN_VAR": str(var), "PORT": "0"},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (second.returncode, "Traceback" in second.stderr) == (1, False)
    assert "另一个进程" in second.stderr
    assert httpx.get(f"{first.address}/readyz").status_code == 200
    first.stop()


def test_secrets_are_random_kept_to_the_owner_and_used_again(tmp_path: Path) -> None:
    made = kept_secrets(tmp_path / "one" / "var")
    file = tmp_path / "one" / "var" / "demonstration.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert kept_secrets(tmp_path / "one" / "var") == made
    other = kept_secrets(tmp_path / "two")
    assert not set(asdict(made).values()) & set(asdict(other).values())
    assert len(set(asdict(made).values())) == len(asdict(made))
    settings = Settings.model_validate(
        {"mode": "demonstration", "signing_key": made.signing_key, "data_key": made.data_key}
    )
    assert settings.signing_bytes != settings.data_bytes
