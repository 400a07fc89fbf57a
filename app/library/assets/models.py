"""Media of organisations, and the objects of the store that are on their way."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db.base import Base, Id
from app.directory.models import one_of

ASSET_STATES = ("uploading", "ready")


class Asset(Base):
    """A media file; `key` names its object in the store and is in its address, `file_name` is only shown."""

    __tablename__ = "assets"
    __table_args__ = (
        CheckConstraint(one_of("state", ASSET_STATES), name="state"),
        CheckConstraint("0 <= received AND received <= size", name="received"),
        CheckConstraint(
            "(state = 'ready') = (key IS NOT NULL AND media_type IS NOT NULL AND sha256 IS NOT NULL"
            " AND stored_size IS NOT NULL)",
            name="ready",
        ),
        Index("ix_assets_touched_at", "touched_at", postgresql_where=text("state = 'uploading'")),
        Index("ix_assets_account_id", "account_id", postgresql_where=text("state = 'uploading'")),
    )

    id: Mapped[Id]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    file_name: Mapped[str]
    size: Mapped[int]
    # How many bytes have arrived; they are kept as `media_objects` until the last one is there.
    received: Mapped[int]
    state: Mapped[str]
    key: Mapped[str | None] = mapped_column(unique=True)
    media_type: Mapped[str | None]
    sha256: Mapped[bytes | None]
    # The bytes of the object: of a picture, which is encoded anew, not those of the upload.
    stored_size: Mapped[int | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    seconds: Mapped[float | None]
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]


class MediaObject(Base):
    """An object of the store that is no asset: written down before the store hears of it, so that none is forgotten.

    A piece of an upload has its asset, its `start` and, once it is whole, its `size`. What has no asset is to be
    removed, or is about to become one; after a day it can only be the former.
    """

    __tablename__ = "media_objects"
    __table_args__ = (Index("ix_media_objects_created_at", "created_at"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("assets.id", ondelete="SET NULL"), index=True)
    start: Mapped[int]
    size: Mapped[int | None]
    created_at: Mapped[datetime]
