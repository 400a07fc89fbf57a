"""The settings of a channel, and what becomes of one whose settings cannot work."""

from collections.abc import Callable

from app.platforms.errors import PlatformConfigurationError
from scheduler.adapters.base import Adapter, ChannelInfo, Outside, Refusing
from scheduler.adapters.outcomes import outcome_of

Build = Callable[[ChannelInfo, Outside], Adapter]


def setting(channel: ChannelInfo, name: str, default: str = "") -> str:
    """One of the channel's own settings (`config.settings`), without white space around it."""
    settings = channel.config.get("settings")
    value = settings.get(name) if isinstance(settings, dict) else None
    return value.strip() if isinstance(value, str) and value.strip() else default


def build_or_refuse(build: Build) -> Build:
    """A builder that turns the PlatformConfigurationError of `build` into an adapter which says so."""

    def built(channel: ChannelInfo, outside: Outside) -> Adapter:
        try:
            return build(channel, outside)
        except PlatformConfigurationError as error:
            return Refusing(outcome_of(error))

    return built
