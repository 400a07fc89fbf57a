"""Adapters by name, from the entry points of the group `zhijian.adapters`; a broken one fails at the start."""

from importlib.metadata import entry_points

from app.platforms.installed import ADAPTERS
from scheduler.adapters.base import AdapterKind


class BrokenAdapter(Exception):
    """An entry point cannot be loaded, names no `AdapterKind`, or takes a name that another package has."""


def load_adapters() -> dict[str, AdapterKind]:
    """Every installed adapter; raises `BrokenAdapter` rather than going on without one."""
    found: dict[str, AdapterKind] = {}
    for entry in entry_points(group=ADAPTERS):
        try:
            kind = entry.load()
        except Exception as error:
            raise BrokenAdapter(f"{entry.name} ({entry.value}): {error}") from error
        if not isinstance(kind, AdapterKind) or entry.name in found:
            raise BrokenAdapter(f"{entry.name} ({entry.value}): no AdapterKind, or the name is taken twice")
        found[entry.name] = kind
    return found
