"""pgbouncer and nats-server as processes of their own, for the tests and the benches that need them."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

# Where Debian puts them; not everybody has it in PATH.
PLACES = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def tool(name: str) -> str:
    """The program; where it is not installed the test is skipped, but fails in CI."""
    found = shutil.which(name, path=PLACES)
    if found is None:
        missing = pytest.fail if os.environ.get("CI") else pytest.skip
        missing(f"{name} is not installed: apt-get install {name}")
    return found


def free_port() -> int:
    """A port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _until_answering(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"nothing answers on port {port}")
        time.sleep(0.02)


@contextmanager
def pgbouncer(direct: str, folder: Path, *, connections: int = 4) -> Iterator[str]:
    """A pgbouncer in transaction mode before the server of this DSN (a Unix socket's); gives the DSN through it."""
    program = tool("pgbouncer")
    parts = urlsplit(direct)
    name, port = parts.path.removeprefix("/"), free_port()
    lines = [
        "[databases]",
        f"{name} = host={parse_qs(parts.query)['host'][0]} user={parts.username or 'postgres'}",
        "[pgbouncer]",
        "listen_addr = 127.0.0.1",
        f"listen_port = {port}",
        "unix_socket_dir =",
        "auth_type = any",
        "pool_mode = transaction",
        f"default_pool_size = {connections}",
        # It does not run as root; where the embedded server was started by root, this user may open its socket.
        *(["user = pgserver"] if os.geteuid() == 0 else []),
    ]
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    settings = folder / "pgbouncer.ini"
    settings.write_text("\n".join(lines) + "\n")
    with subprocess.Popen([program, "-q", str(settings)], stderr=subprocess.DEVNULL) as process:
        try:
            _until_answering(port)
            yield f"postgresql://postgres@127.0.0.1:{port}/{name}"
        finally:
            process.terminate()


@dataclass
class Nats:
    """A NATS server with JetStream, which can be killed, started again, and robbed of what it has kept."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, which stays the same."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it and waits until it answers."""
        command = [tool("nats-server"), "-js", "-sd", str(self.folder), "-a", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _until_answering(self.port)

    def kill(self) -> None:
        """As the machine's fall would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def wipe(self) -> None:
        """Kills it and throws away the streams."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def nats_server(folder: Path) -> Iterator[Nats]:
    """A server that is started by its user, and killed at the end."""
    tool("nats-server")
    server = Nats(folder, free_port())
    try:
        yield server
    finally:
        server.kill()
