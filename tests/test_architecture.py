"""The walls between the rooms, the wall around the tests, and the document that clients are written against."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_socket import SocketConnectBlockedError

from app.web import create_api

ROOT = Path(__file__).parents[1]


def test_imports_run_downward_only() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_no_test_reaches_beyond_this_machine() -> None:
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection(("192.0.2.1", 80), timeout=1)


def test_the_exported_document_is_the_one_that_the_code_makes() -> None:
    exported = json.loads((ROOT / "docs" / "openapi.json").read_text())
    assert exported == create_api().openapi(), "run `make openapi`"


def test_every_operation_has_a_name_of_its_own_and_a_sentence() -> None:
    operations = [operation for path in create_api().openapi()["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert all(operation.get("description") for operation in operations)
