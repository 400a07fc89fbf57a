"""Shapes of the calls of platforms."""

from typing import Annotated

from fastapi import Path
from pydantic import ConfigDict, Field

from app.schemas import In

Account = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$", description="The appid or the corpid")]
Word = Annotated[str, Field(max_length=128)]


class CallQuery(In):
    """The query of a call: what signs it. A platform may add to it, so that anything else is passed over."""

    model_config = ConfigDict(extra="ignore", strict=True)

    signature: Word = ""
    msg_signature: Word = ""
    timestamp: Word = ""
    nonce: Word = ""
    encrypt_type: Word = ""


class CheckQuery(CallQuery):
    """The query with which a platform checks the address before it calls it."""

    echostr: Annotated[str, Field(max_length=2048)] = ""
