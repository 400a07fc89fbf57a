"""An S3 server in a process of its own, spoken to over HTTP."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

BUCKET = "media"


@contextmanager
def s3_server() -> Iterator[str]:
    """Runs moto's S3 until the block ends; gives its address. It has one empty bucket."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port, process)
            address = f"http://127.0.0.1:{port}"
            assert httpx.put(f"{address}/{BUCKET}").status_code == 200
            yield address
        finally:
            process.terminate()
            process.wait(10)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the S3 server did not start")


def settings_of(address: str) -> dict[str, object]:
    """The settings that choose this bucket."""
    return {"s3_endpoint": address, "s3_bucket": BUCKET, "s3_access_key": "access", "s3_secret_key": "secret"}
