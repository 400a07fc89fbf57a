"""What a client of a platform raises becomes the outcome of a delivery; adapters share this."""

from app.platforms.errors import (
    PlatformConfigurationError,
    PlatformError,
    QuotaExceeded,
    RecipientError,
    TransientError,
    UnknownOutcome,
)
from scheduler.adapters.base import Outcome, Status

# Anything else that the platform refuses is final for this member and this message.
_STATUSES: tuple[tuple[type[PlatformError], Status], ...] = (
    (TransientError, Status.RETRY),
    (UnknownOutcome, Status.UNKNOWN),
    (PlatformConfigurationError, Status.CHANNEL_DOWN),
    (QuotaExceeded, Status.QUOTA),
    (RecipientError, Status.UNREACHABLE),
)


def outcome_of(error: PlatformError) -> Outcome:
    """The outcome of a delivery that a platform refused, or that could not be asked for."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), Status.FAILED)
    after = error.after if isinstance(error, TransientError) else 0
    return Outcome(status, str(error.code), error.message, retry_after=after)


def bad_template(error: Exception) -> Outcome:
    """The channel's own template settings do not fit what is sent: nobody is reached until they are mended."""
    return Outcome(Status.CHANNEL_DOWN, "bad_template", f"模板设置有误：{error}")
