"""Adapters are found by their entry points, and a broken one is loud."""

import sys
from pathlib import Path

import pytest

from scheduler.adapters.registry import BrokenAdapter, load_adapters

PIGEON = """
from scheduler.adapters.base import AdapterKind


def build(channel, outside): ...


PIGEON = AdapterKind(build)
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, source: str = "") -> None:
    """A tiny distribution of somebody else's, on sys.path with its own dist-info."""
    package = value.split(":")[0]
    (folder / f"{package}.py").write_text(source)
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[zhijian.adapters]\n{name} = {value}\n")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, package, raising=False)


def test_the_two_built_in_adapters_are_found() -> None:
    assert {"console", "wechat_miniprogram"} <= set(load_adapters())


def test_an_adapter_of_another_package_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "pigeon", "pigeon_post:PIGEON", PIGEON)
    adapters = load_adapters()
    assert {"console", "wechat_miniprogram", "pigeon"} <= set(adapters)
    assert (adapters["pigeon"].rings, adapters["pigeon"].address, adapters["pigeon"].subscribed) == (
        True,
        "member",
        False,
    )


@pytest.mark.parametrize(
    ("name", "value", "source"),
    [
        ("pigeon", "broken_import:build", "import a_package_that_is_not_there\n"),
        ("pigeon", "without_build:build", ""),
        ("pigeon", "no_kind:build", "def build(channel, outside): ...\n"),
        ("console", "name_taken:PIGEON", PIGEON),
    ],
)
def test_a_broken_adapter_stops_the_start_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, source: str
) -> None:
    install(tmp_path, monkeypatch, name, value, source)
    with pytest.raises(BrokenAdapter, match=name):
        load_adapters()
