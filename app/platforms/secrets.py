"""The secret of a channel, sealed for its own row."""

from app.db.vault import Vault
from app.platforms.models import Channel


def _place(channel: Channel) -> str:
    return f"channels:{channel.id}:secret"


def seal_secret(vault: Vault, channel: Channel, secret: str) -> None:
    """Gives a channel, which has its id already, another secret."""
    channel.secret_cipher = vault.encrypt(secret, _place(channel))


def open_secret(vault: Vault, channel: Channel) -> str | None:
    """The secret of a channel, if it has one."""
    return None if channel.secret_cipher is None else vault.decrypt(channel.secret_cipher, _place(channel))
