"""Adapters are found by their entry points, and a broken one is loud."""

import pytest

from scheduler.adapters.registry import BrokenAdapter, load_adapters
from tests.conftest import Install

PIGEON = """
from scheduler.adapters.base import AdapterKind


def build(channel, outside): ...


PIGEON = AdapterKind(build)
"""


def test_the_two_built_in_adapters_are_found() -> None:
    assert {"console", "wechat_miniprogram"} <= set(load_adapters())


def test_an_adapter_of_another_package_is_found(install_adapter: Install) -> None:
    install_adapter("pigeon", "pigeon_post:PIGEON", PIGEON)
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
    install_adapter: Install, name: str, value: str, source: str
) -> None:
    install_adapter(name, value, source)
    with pytest.raises(BrokenAdapter, match=name):
        load_adapters()
