"""Adapters by name, from the entry points of the group `zhijian.adapters`; a broken one fails at the start."""

from importlib.metadata import entry_points
from typing import cast

from scheduler.adapters.base import Build

GROUP = "zhijian.adapters"


class BrokenAdapter(Exception):
    """An entry point cannot be loaded, is no callable, or takes a name that another package has."""


def load_adapters() -> dict[str, Build]:
    """Every installed adapter; raises `BrokenAdapter` rather than going on without one."""
    found: dict[str, Build] = {}
    for entry in entry_points(group=GROUP):
        try:
            build = entry.load()
        except Exception as error:
            raise BrokenAdapter(f"{entry.name} ({entry.value}): {error}") from error
        if not callable(build) or entry.name in found:
            raise BrokenAdapter(f"{entry.name} ({entry.value}): not callable, or the name is taken twice")
        found[entry.name] = cast(Build, build)
    return found
