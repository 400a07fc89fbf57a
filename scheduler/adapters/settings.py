"""The settings of a channel, and what becomes of one whose settings cannot work."""

from collections.abc import Callable, Sequence

from app.platforms.errors import PlatformConfigurationError
from scheduler.adapters.base import Adapter, ChannelInfo, Envelope, Outcome, Outside
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
            return Refusing(error)

    return built


class Refusing:
    """Stands for a channel whose settings cannot work: it sends nothing and says why, which stops the channel."""

    def __init__(self, error: PlatformConfigurationError) -> None:
        self._outcome = outcome_of(error)

    async def send(self, envelopes: Sequence[Envelope]) -> Sequence[Outcome]:
        """The same reason for each."""
        return [self._outcome] * len(envelopes)
