"""Shapes of channels and subscriptions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.schemas import Id, In, Line, Out

TemplateId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# A field of a platform's template, such as WeChat's thing1 or a short message's ${title}, and what goes into it.
FieldName = Annotated[str, Field(pattern=r"^[a-z_]{1,24}[0-9]{0,3}$")]
TemplateKind = Literal[
    "weekly_issue", "meeting", "unfinished_reminder", "anniversary", "joining_anniversary", "hours_reminder"
]
# A value of the notice, or words of the organisation's own after "=".
Value = Annotated[str, Field(pattern=r"^(title|time|organisation|note|=[^\x00-\x1f\x7f]{1,100})$")]
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

    `rate`: deliveries a second at most, where the account has a limit of its own, and `burst` how many at once after a
    rest; what is not set is the platform's.
    """

    templates: Annotated[dict[TemplateKind, Template], Field(max_length=6)] = Field(default_factory=dict)
    miniprogram_state: Literal["developer", "trial", "formal"] = "formal"
    rate: Annotated[float, Field(ge=0.01, le=10_000, description="Deliveries a second, at least 0.01")] | None = None
    burst: Annotated[int, Field(ge=1, le=10_000)] | None = None
    # What else the adapter needs, see `GET /channel-kinds`; never a secret, which has its own sealed place.
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
    """A new channel; what its platform needs as `account`, secret and settings is in `GET /channel-kinds`."""

    organisation_id: Id
    adapter: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    name: Line
    account: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@+-]{0,64}$")] = ""
    secret: Secret | None = None
    config: ChannelConfig = Field(default_factory=ChannelConfig)
    enabled: bool = True


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
    rests_until: datetime | None


class Channels(Out):
    """A page of channels."""

    items: list[ChannelOut]
    next: str | None


class SettingOut(Out):
    """A setting of a kind of channel, as a form asks for it."""

    name: str
    label: str
    hint: str
    required: bool
    choices: list[str]


class ChannelKindOut(Out):
    """A kind of channel that is installed: what its account and secret are called, or null where it has none.

    `templates`: its messages need them; `addresses`: it knows members by ids that are registered for the channel.
    """

    adapter: str
    label: str
    account: str | None
    secret: str | None
    settings: list[SettingOut]
    templates: bool
    addresses: bool
    known: bool


class ChannelKinds(Out):
    """Every kind of channel that is installed."""

    items: list[ChannelKindOut]


class CheckOut(Out):
    """What a platform says of an account and its secret, and what to do."""

    result: Literal["accepted", "refused", "away", "not_checked"]
    detail: str


class PreviewPart(Out):
    """A part of a notice as it is shown; `cut`: it is longer than the platform allows."""

    label: str
    text: str
    cut: bool


class PreviewOut(Out):
    """How one kind of notice looks on the channel; without parts where `problem` says why it does not go there."""

    kind: str
    parts: list[PreviewPart]
    problem: str | None


class Previews(Out):
    """How each kind of notice looks on a channel."""

    items: list[PreviewOut]


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
