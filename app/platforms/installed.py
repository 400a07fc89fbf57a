"""The adapters that are installed, as their entry points tell: nothing here imports the scheduler that runs them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import httpx
import structlog

from app.platforms.errors import PlatformConfigurationError

log = structlog.get_logger()

ADAPTERS = "zhijian.adapters"
UNUSABLE = ("bad_settings", "这种渠道不能用这样的设置，请照它的说明核对账号、密钥和各项设置。")


@dataclass(frozen=True)
class Setup:
    """A channel that is being set up, and what a sender would have to reach its platform with."""

    account: str
    secret: str = field(repr=False)
    config: Mapping[str, object]
    http: httpx.AsyncClient
    now: Callable[[], datetime]
    hosts: Mapping[str, str]


@runtime_checkable
class Kind(Protocol):
    """What is asked of an adapter when a channel of it is set up; see `scheduler.adapters.base.AdapterKind`."""

    @property
    def address(self) -> str:
        """What it knows people by: "channel" where that is an id which is registered for the channel."""
        ...

    @property
    def templates(self) -> bool:
        """Whether its messages need templates of the channel."""
        ...

    def refusal(self, setup: Setup) -> tuple[str, str] | None:
        """Code and words of why it cannot work with these settings; raises what its builder raises."""
        ...


@cache
def installed() -> Mapping[str, Kind]:
    """Every adapter by its name; a broken one is missing here, and stops the scheduler and the senders."""
    found: dict[str, Kind] = {}
    for entry in entry_points(group=ADAPTERS):
        try:
            kind = entry.load()
        except Exception as error:
            log.error("adapter_broken", adapter=entry.name, exc_info=error)
            continue
        if isinstance(kind, Kind):
            found[entry.name] = kind
    return found


def registering() -> list[str]:
    """The adapters that know people by an id which is registered for the channel."""
    return [name for name, kind in installed().items() if kind.address == "channel"]


def refusal(adapter: str, setup: Setup) -> tuple[str, str] | None:
    """Why an adapter cannot be built with these settings, as a sender would find out: code and words, or None."""
    kind = installed().get(adapter)
    if kind is None:
        return None
    try:
        return kind.refusal(setup)
    except PlatformConfigurationError as error:
        return str(error.code), error.message
    except Exception as error:
        # Its traceback may hold the secret.
        log.warning("adapter_not_built", adapter=adapter, error=type(error).__name__)
        return UNUSABLE
