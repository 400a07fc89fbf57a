"""Text that fits a platform's limits, which some count in bytes."""

from app.platforms.fields import EMPTY, visible


def lines_of(text: str) -> str:
    """The lines that can be seen, without control characters."""
    return "\n".join(line for each in text.splitlines() if (line := visible(each)))


def clip_bytes(text: str, limit: int) -> str:
    """The text in at most ``limit`` bytes of UTF-8, with "…" where it was cut; "—" where there is nothing to say."""
    encoded = (text or EMPTY).encode("utf-8", "replace")
    if len(encoded) <= limit:
        return encoded.decode()
    ellipsis = "…".encode()
    return encoded[: limit - len(ellipsis)].decode("utf-8", "ignore") + "…"
