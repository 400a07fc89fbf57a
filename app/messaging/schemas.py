"""Shapes of channels and subscriptions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas import Id, In, Line, Out

TemplateId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# A field of a platform's template, such as thing1 or time2, and what goes into it.
FieldName = Annotated[str, Field(pattern=r"^[a-z_]{1,24}[0-9]{1,3}$")]
TemplateKind = Literal[
    "weekly_issue", "meeting", "unfinished_reminder", "anniversary", "joining_anniversary", "hours_reminder"
]
Value = Literal["title", "time", "organisation", "note"]
SettingName = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
SettingValue = Annotated[str, Field(max_length=500)]


class Template(In):
    """A platform's message template and which value fills which of its fields."""

    template_id: TemplateId
    fields: Annotated[
        dict[FieldName, Value],
        Field(min_length=1, max_length=10, json_schema_extra={"additionalProperties": False}),
    ]


class ChannelConfig(In):
    """Templates by the kind of campaign, the state of the mini-program that a message opens, and what else it needs.

    `rate`: deliveries a second at most, where the account has a limit of its own; `burst`: how many of them at once.
    """

    templates: Annotated[dict[TemplateKind, Template], Field(max_length=6)] = Field(default_factory=dict)
    miniprogram_state: Literal["developer", "trial", "formal"] = "formal"
    rate: Annotated[float, Field(gt=0, le=10_000)] | None = None
    burst: Annotated[int, Field(ge=1, le=10_000)] | None = None
    # For adapters of other packages; never a secret, which has its own sealed place.
    settings: Annotated[
        dict[SettingName, SettingValue], Field(max_length=20, json_schema_extra={"additionalProperties": False})
    ] = Field(default_factory=dict)


Secret = Annotated[str, Field(min_length=8, max_length=256, pattern=r"^[\x21-\x7e]+$")]


class ChannelIn(In):
    """A new channel; WeChat needs the mini-program's appid as `account`, and its secret."""

    organisation_id: Id
    adapter: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    name: Line
    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] = ""
    secret: Secret | None = None
    config: ChannelConfig = Field(default_factory=ChannelConfig)
    enabled: bool = True

    @model_validator(mode="after")
    def _complete(self) -> "ChannelIn":
        if self.adapter == "wechat_miniprogram" and (not self.account or self.secret is None):
            raise PydanticCustomError("missing", "account and secret are needed")
        return self


class ChannelPatch(In):
    """What of a channel changes; the secret can be replaced, never read."""

    name: Line | None = None
    secret: Secret | None = None
    config: ChannelConfig | None = None
    enabled: bool | None = None


class ChannelOut(Out):
    """A channel, without its secret."""

    id: int
    organisation_id: int
    adapter: str
    name: str
    account: str
    has_secret: bool
    config: ChannelConfig
    enabled: bool
    stopped_reason: str | None
    rests_until: datetime | None


class Channels(Out):
    """A page of channels."""

    items: list[ChannelOut]
    next: str | None


class SubscriptionIn(In):
    """What the member tapped when the mini-program asked for one message of a template."""

    template: TemplateId
    accepted: bool


class SubscriptionOut(Out):
    """How many messages of the template may still be sent."""

    template: str
    balance: int


class UnreachedOut(Out):
    """A member whom no channel reaches: `id` is the member's, `kind` what could not be told last."""

    id: int
    name: str
    organisation_id: int
    organisation: str
    kind: str
    reason: str
    why: str
    advice: str
    since: datetime


class UnreachedMembers(Out):
    """A page of those whom no channel reaches."""

    items: list[UnreachedOut]
    next: str | None
