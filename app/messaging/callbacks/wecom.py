"""What the events of WeCom change: a member of the corporation has another user id, or is gone."""

import re
from collections.abc import Mapping

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.messaging.callbacks.opening import Callback
from app.platforms.callback_bodies import Value, text_at
from app.platforms.models import ChannelAddress

USER_ID = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
CHANGES = ("update_user", "delete_user")


def event_of(body: Mapping[str, Value]) -> str | None:
    """`update_user` with another user id, or `delete_user`; None for anything else."""
    if text_at(body, "MsgType") != "event" or text_at(body, "Event") != "change_contact":
        return None
    change = text_at(body, "ChangeType")
    ids = [text_at(body, "UserID")] + [text_at(body, "NewUserID")] * (change == "update_user")
    return change if change in CHANGES and all(map(USER_ID.fullmatch, ids)) else None


async def apply(session: AsyncSession, vault: Vault, callback: Callback, event: str, body: dict[str, Value]) -> None:
    """Seals the new user id in place of the old one, or deletes the address of who is gone."""
    member_id = await _known_as(session, vault, callback.channel_id, text_at(body, "UserID"))
    if member_id is None:
        return
    row = (ChannelAddress.channel_id == callback.channel_id) & (ChannelAddress.member_id == member_id)
    if event == "delete_user":
        await session.execute(delete(ChannelAddress).where(row))
        return
    cipher = vault.encrypt(text_at(body, "NewUserID"), _place(callback.channel_id, member_id))
    await session.execute(update(ChannelAddress).where(row).values(cipher=cipher))


async def _known_as(session: AsyncSession, vault: Vault, channel_id: int, user_id: str) -> int | None:
    """The member with this user id, in any case of letters: all are sealed, so that each is opened and compared."""
    rows = await session.execute(
        select(ChannelAddress.member_id, ChannelAddress.cipher)
        .where(ChannelAddress.channel_id == channel_id)
        .order_by(ChannelAddress.member_id)
    )
    for member_id, cipher in rows:
        if vault.decrypt(cipher, _place(channel_id, member_id)).lower() == user_id.lower():
            return int(member_id)
    return None


def _place(channel_id: int, member_id: int) -> str:
    return f"channel_addresses:{channel_id}:{member_id}:address"
