"""Shapes of media."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.schemas import Id, In, Line, Out

MOST_BYTES = 10 * 1024**3
# The type of a piece of an upload, as in tus 1.0.
PIECE_TYPE = "application/offset+octet-stream"


class AssetIn(In):
    """A file that is about to be uploaded: its name is only shown, `size` is in bytes."""

    organisation_id: Id
    file_name: Line
    size: Annotated[int, Field(ge=1, le=MOST_BYTES)]


class AssetOut(Out):
    """A media file: `received` of `size` bytes have arrived; what is null is not known, or not yet.

    A picture is encoded anew: `sha256`, `media_type`, `width` and `height` are those of what is kept.

    `address` is what a lesson refers to, and opens nothing by itself; `url` is signed and opens it for some hours.
    """

    id: int
    organisation_id: int
    file_name: str
    size: int
    received: int
    state: Literal["uploading", "ready"]
    media_type: str | None
    sha256: str | None
    width: int | None
    height: int | None
    seconds: float | None
    address: str | None
    url: str | None
    created_at: datetime
