"""Both stores, for tests that hold for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.base import Store
from app.storage.opening import open_store
from tests.app.storage.bucket import s3_server, settings_of
from tests.conftest import make_settings


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store, as the settings choose it."""
    if request.param == "folder":
        return open_store(make_settings("postgresql://", media=tmp_path / "media"))
    return open_store(make_settings("postgresql://", **settings_of(request.getfixturevalue("s3"))))
