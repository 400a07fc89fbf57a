"""What can go wrong with an outside platform, by what the caller must do about it."""


class PlatformError(Exception):
    """A platform refused, or could not be asked.

    ``code`` is the platform's own number, or a short word of ours (``connect``, ``http_503``) where it gave none.
    Raised as this base class when the platform answered with a code that no subclass covers: the request was refused,
    and nothing is known of whether another try would help. The text never holds a secret or a token.
    """

    def __init__(self, code: int | str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class TransientError(PlatformError):
    """Certainly not delivered; try again with backoff, and not before `after` seconds where the platform says so."""

    def __init__(self, code: int | str, message: str, after: int = 0) -> None:
        super().__init__(code, message)
        self.after = after


class PlatformConfigurationError(PlatformError):
    """The account, its secret or its settings are wrong: stop the channel, alert an operator, keep the deliveries."""


class RecipientError(PlatformError):
    """This member can not be reached by this channel; code 43101 means that the subscription balance is zero."""


class ContentRejected(PlatformError):
    """The platform refuses what the message says; for 47003 the message names the field."""


class QuotaExceeded(PlatformError):
    """The day's quota is spent: resume the next day, never loop."""


class BadLoginCode(PlatformError):
    """The login code is unknown, expired or used: ask the phone for a new one."""


class NotMainlandNumber(PlatformError):
    """The member's WeChat phone number is not one of +86, and the roster holds no other: bind by the slip instead."""


class UnknownOutcome(PlatformError):
    """The request was written and no answer could be read: it may have been delivered."""
