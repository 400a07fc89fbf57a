"""Shapes of channels, schedules and subscriptions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas import Id, In, Line, Out

TemplateId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# A field of a platform's template, such as WeChat's thing1 or a short message's ${title}, and what goes into it.
FieldName = Annotated[str, Field(pattern=r"^[a-z_]{1,24}[0-9]{0,3}$")]
TemplateKind = Literal["weekly_issue", "meeting", "unfinished_reminder"]
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
    """Templates by the kind of campaign, the state of the mini-program that a message opens, and what else it needs."""

    templates: Annotated[dict[TemplateKind, Template], Field(max_length=3)] = Field(default_factory=dict)
    miniprogram_state: Literal["developer", "trial", "formal"] = "formal"
    # For adapters of other packages; never a secret, which has its own sealed place.
    settings: Annotated[
        dict[SettingName, SettingValue], Field(max_length=20, json_schema_extra={"additionalProperties": False})
    ] = Field(default_factory=dict)


Secret = Annotated[str, Field(min_length=8, max_length=256, pattern=r"^[\x21-\x7e]+$")]


class CallbackFields(In):
    """How the platform calls us: set as a whole, replaced as a whole, never read; `off` strikes it off."""

    callback_token: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{3,32}$")] | None = None
    callback_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{43}$")] | None = None
    # Which calls are taken: encrypted ones only (if none is named), both, or plain ones.
    callback_mode: Literal["off", "safe", "compatible", "plain"] | None = None


class ChannelIn(CallbackFields):
    """A new channel; WeChat needs the mini-program's appid as `account`, and its secret."""

    organisation_id: Id
    adapter: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    name: Line
    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@+-]{0,64}$")] = ""
    secret: Secret | None = None
    config: ChannelConfig = Field(default_factory=ChannelConfig)
    enabled: bool = True

    @model_validator(mode="after")
    def _complete(self) -> "ChannelIn":
        if self.adapter == "wechat_miniprogram" and (not self.account or self.secret is None):
            raise PydanticCustomError("missing", "account and secret are needed")
        return self


class ChannelPatch(CallbackFields):
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
    has_callback: bool
    # To paste into the platform's console; null where the platform does not call, or our own address is not set.
    callback_url: str | None
    callback_checked_at: datetime | None
    config: ChannelConfig
    enabled: bool
    stopped_reason: str | None


class Channels(Out):
    """A page of channels."""

    items: list[ChannelOut]
    next: str | None


CronText = Annotated[str, Field(min_length=9, max_length=100, pattern=r"^[0-9a-zA-Z*/,\- ]+$")]
LateSeconds = Annotated[int, Field(ge=0, le=7 * 86400)]


class ScheduleIn(In):
    """A standing reminder for those who have not finished: off unless an organisation sets one up."""

    organisation_id: Id
    kind: Literal["unfinished_reminder"]
    cron: CronText
    late_policy: Literal["send", "expire"] = "expire"
    late_seconds: LateSeconds = 3600
    enabled: bool = True


class SchedulePatch(In):
    """What of a schedule changes."""

    cron: CronText | None = None
    late_policy: Literal["send", "expire"] | None = None
    late_seconds: LateSeconds | None = None
    enabled: bool | None = None


class ScheduleOut(Out):
    """A schedule: `subject_id` is the issue or the meeting that made it."""

    id: int
    organisation_id: int
    kind: str
    subject_id: int | None
    cron: str | None
    once_at: datetime | None
    timezone: str
    late_policy: str
    late_seconds: int
    enabled: bool
    next_due_at: datetime | None


class Schedules(Out):
    """A page of schedules."""

    items: list[ScheduleOut]
    next: str | None


class SubscriptionIn(In):
    """What the member tapped when the mini-program asked for one message of a template."""

    template: TemplateId
    accepted: bool


class SubscriptionOut(Out):
    """How many messages of the template may still be sent."""

    template: str
    balance: int
