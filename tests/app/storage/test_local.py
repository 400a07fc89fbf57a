"""The folder: for the service's eyes only, and never half an object."""

import errno
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.storage.base import StorageUnavailable
from app.storage.local import LocalStore

NAME = "0123456789abcdef0123456789abcdef"


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_nobody_else_may_read_what_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    await LocalStore(folder).put(NAME, once(b"x"))
    file = folder / "01" / "23" / NAME
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert {stat.S_IMODE(each.stat().st_mode) & 0o077 for each in (file.parent,)} == {0}
    assert [each for each in folder.rglob("*") if each.is_file()] == [file]


async def test_nothing_is_seen_under_its_name_before_it_is_whole(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    seen: list[list[str]] = []

    async def watching() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(2 * 1024 * 1024)
            seen.append([each.suffix for each in tmp_path.rglob("*") if each.is_file()])

    await store.put(NAME, watching())
    assert seen == [[".tmp"]] * 3
    assert [each.name for each in tmp_path.rglob("*") if each.is_file()] == [NAME]


async def test_what_a_process_that_died_had_begun_is_deleted_as_well(tmp_path: Path) -> None:
    begun = tmp_path / "01" / "23" / f"{NAME}.tmp"
    begun.parent.mkdir(parents=True)
    begun.write_bytes(b"half")
    await LocalStore(tmp_path).delete([NAME])
    assert not begun.exists()


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageUnavailable):
        await LocalStore(tmp_path).put(NAME, once(bytes(100)))
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == []


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageUnavailable):
        await LocalStore(tmp_path / "file").put(NAME, once(b"x"))
    with pytest.raises(StorageUnavailable):
        await LocalStore(tmp_path / "file").delete([NAME])
