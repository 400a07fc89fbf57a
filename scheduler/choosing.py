"""Which channel a member is told by, and why none: no database here."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from app.access.principals import ancestors
from scheduler.adapters.base import AdapterKind

# A WeChat user and a template, which the ledger counts subscriptions by.
Allowance = tuple[int | None, str | None]
# A member and a channel that knows where to find them.
Addressed = tuple[int, int]

NO_CHANNEL = "no_channel"


@dataclass(frozen=True)
class Candidate:
    """A channel as the planner sees it: where it may be used, and whom it can reach."""

    channel_id: int
    organisation_id: int
    kind: AdapterKind
    account: str
    template: str | None
    stopped: bool
    adapter: str = ""


@dataclass(frozen=True)
class Recipient:
    """A member of the audience with the WeChat user they are bound to, if any; `consented` to the notice in force.

    With `practice` one of a practice organisation. `wanted` are adapters in the member's own order; `quiet_from` and
    `quiet_until` their own quiet hours (HH:MM), where they have set any.
    """

    member_id: int
    path: str
    timezone: str
    wechat_user_id: int | None
    appid: str | None
    consented: bool
    practice: bool = False
    has_phone: bool = False
    wanted: Sequence[str] = ()
    quiet_from: str | None = None
    quiet_until: str | None = None


def allowance(recipient: Recipient, candidate: Candidate) -> Allowance:
    """What a message to the member on this channel takes one of."""
    return recipient.wechat_user_id, candidate.template


def _address_missing(recipient: Recipient, candidate: Candidate, addressed: Collection[Addressed]) -> str | None:
    address = candidate.kind.address
    if address == "wechat" and recipient.appid != candidate.account:
        return "not_bound"
    if address == "phone" and not recipient.has_phone:
        return "no_phone"
    if address in ("unionid", "channel") and (recipient.member_id, candidate.channel_id) not in addressed:
        return "no_address"
    return None


def hindrance(
    recipient: Recipient,
    candidate: Candidate,
    balances: Mapping[Allowance, int],
    addressed: Collection[Addressed] = frozenset(),
) -> str | None:
    """Why this channel cannot tell the member; None where it can.

    Nothing leaves the house for who has not consented, or practises: only the console's inbox is left for them. There
    is never a send without a template where one is needed, nor without a subscription left.
    """
    kind = candidate.kind
    if kind.outside and recipient.practice:
        return "practice"
    if kind.outside and not recipient.consented:
        # Consent is asked for once a phone is bound: whoever has none bound has not refused.
        return "not_bound" if recipient.wechat_user_id is None else "not_consented"
    if missing := _address_missing(recipient, candidate, addressed):
        return missing
    if (kind.templated or kind.subscribed) and candidate.template is None:
        return "no_template"
    if kind.subscribed and balances.get(allowance(recipient, candidate), 0) <= 0:
        return "no_subscription"
    return None


def ordered(recipient: Recipient, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The channels of the member's organisations, the best first.

    The last resorts come after all others, then the order that the member wants, then the nearest organisation's. A
    stopped channel comes last of all: the delivery waits there until an operator has mended it.
    """
    depth = {organisation: level for level, organisation in enumerate(ancestors(recipient.path))}
    wish = {adapter: place for place, adapter in enumerate(recipient.wanted)}
    return sorted(
        (candidate for candidate in candidates if candidate.organisation_id in depth),
        key=lambda each: (
            each.stopped,
            each.kind.last_resort,
            wish.get(each.adapter, len(wish)),
            -depth[each.organisation_id],
            each.channel_id,
        ),
    )


def choose(
    recipient: Recipient,
    candidates: Sequence[Candidate],
    balances: Mapping[Allowance, int],
    addressed: Collection[Addressed] = frozenset(),
) -> Candidate | None:
    """The channel for a member, the best that can tell them; None if none can."""
    return next(
        (each for each in ordered(recipient, candidates) if hindrance(recipient, each, balances, addressed) is None),
        None,
    )


def why_none(
    recipient: Recipient,
    candidates: Sequence[Candidate],
    balances: Mapping[Allowance, int],
    addressed: Collection[Addressed] = frozenset(),
) -> str:
    """Why `choose` found nothing: what hinders the best channel that there is, or that there is none."""
    best = next(iter(ordered(recipient, candidates)), None)
    return (best and hindrance(recipient, best, balances, addressed)) or NO_CHANNEL
