"""Which channel tells a member: any that can, the best of them, and each at most once along the way down."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.adapters.base import AdapterKind, Address
from scheduler.choosing import Addressed, Allowance, Candidate, Recipient, choose, hindrance, ordered, why_none
from tests.scheduler.scripted import Scripted

ADAPTERS = ("email", "sms", "wecom", "wechat")
PATHS = ("/1/", "/1/10/", "/1/10/100/", "/2/20/")
ADDRESSES: tuple[Address, ...] = ("member", "wechat", "unionid", "phone", "channel")


def kind(address: Address = "member", **more: bool) -> AdapterKind:
    return AdapterKind(Scripted().build, address=address, **more)


def at(channel_id: int, each: AdapterKind, *, adapter: str = "email", template: str | None = "t") -> Candidate:
    return Candidate(channel_id, 1, each, "wx", template, stopped=False, adapter=adapter)


MEMBER = Recipient(7, "/1/10/100/", "Asia/Shanghai", 5, "wx", consented=True, has_phone=True)
STRANGER = Recipient(8, "/1/10/100/", "Asia/Shanghai", None, None, consented=True)


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (at(1, kind("wechat")), "not_bound"),
        (at(1, kind("phone")), "no_phone"),
        (at(1, kind("channel")), "no_address"),
        (at(1, kind("unionid")), "no_address"),
    ],
)
def test_a_channel_needs_the_kind_of_address_that_it_writes_to(candidate: Candidate, why: str) -> None:
    assert hindrance(MEMBER, candidate, {}, {(7, 1)}) is None
    assert hindrance(STRANGER, candidate, {}, {(7, 1), (8, 2)}) == why
    assert why_none(STRANGER, [candidate], {}) == why


def test_who_was_never_asked_for_consent_is_to_be_bound_first() -> None:
    assert why_none(replace(MEMBER, consented=False), [at(1, kind("phone"))], {}) == "not_consented"
    assert why_none(replace(STRANGER, consented=False), [at(1, kind("phone"))], {}) == "not_bound"


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (at(1, kind(templated=True), template=None), "no_template"),
        (at(1, kind(subscribed=True), template=None), "no_template"),
        (at(1, kind(subscribed=True)), "no_subscription"),
    ],
)
def test_nothing_is_sent_without_its_template_or_subscription(candidate: Candidate, why: str) -> None:
    assert why_none(MEMBER, [candidate], {(5, "t"): 0}) == why
    assert choose(MEMBER, [candidate], {(5, "t"): 0}) is None


def test_the_reason_is_of_the_best_channel_that_there_is() -> None:
    inbox = Candidate(9, 1, kind(last_resort=True, templated=True), "", None, stopped=False)
    assert why_none(STRANGER, [inbox, at(1, kind("phone"))], {}) == "no_phone"
    assert why_none(STRANGER, [], {}) == "no_channel"
    assert why_none(Recipient(1, "/2/20/", "Asia/Shanghai", None, None, consented=True), [inbox], {}) == "no_channel"


def test_the_order_that_the_member_wants_goes_before_what_is_near() -> None:
    far, near = at(1, kind(), adapter="sms"), Candidate(2, 100, kind(), "", None, stopped=False, adapter="email")
    inbox = at(3, kind(last_resort=True), adapter="console")
    stopped = Candidate(4, 1, kind(), "", None, stopped=True, adapter="sms")
    wanting = Recipient(7, "/1/10/100/", "Asia/Shanghai", None, None, consented=True, wanted=("console", "sms"))
    assert [each.channel_id for each in ordered(wanting, [stopped, inbox, near, far])] == [1, 2, 3, 4]
    assert [each.channel_id for each in ordered(STRANGER, [stopped, inbox, near, far])] == [2, 1, 3, 4]


kinds = st.builds(
    AdapterKind,
    st.just(Scripted().build),
    address=st.sampled_from(ADDRESSES),
    templated=st.booleans(),
    subscribed=st.booleans(),
    last_resort=st.booleans(),
    outside=st.booleans(),
)
recipients = st.builds(
    Recipient,
    st.just(7),
    st.sampled_from(PATHS),
    st.just("Asia/Shanghai"),
    st.sampled_from((None, 5)),
    st.sampled_from((None, "wx")),
    consented=st.booleans(),
    practice=st.booleans(),
    has_phone=st.booleans(),
    wanted=st.lists(st.sampled_from(ADAPTERS), unique=True),
)
channels = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 9),
        st.sampled_from((1, 2, 10, 20, 100)),
        kinds,
        st.sampled_from(("wx", "other")),
        st.sampled_from((None, "t")),
        stopped=st.booleans(),
        adapter=st.sampled_from(ADAPTERS),
    ),
    unique_by=lambda each: each.channel_id,
    max_size=6,
)
balances = st.dictionaries(st.just((5, "t")), st.integers(0, 2))
addressed = st.frozensets(st.tuples(st.just(7), st.integers(1, 9)))


@given(recipients, channels, balances, addressed)
def test_the_choice_can_be_sent_and_nothing_better_can(
    recipient: Recipient,
    candidates: Sequence[Candidate],
    balances: Mapping[Allowance, int],
    addressed: frozenset[Addressed],
) -> None:
    chosen = choose(recipient, candidates, balances, addressed)
    able = [each for each in candidates if hindrance(recipient, each, balances, addressed) is None]
    inside = [each for each in able if f"/{each.organisation_id}/" in recipient.path]
    assert (chosen is None) == (not inside)
    if chosen is None:
        assert why_none(recipient, candidates, balances, addressed)
        return
    assert chosen in inside
    assert chosen.stopped <= min(each.stopped for each in inside)
    peers = [each for each in inside if each.stopped == chosen.stopped]
    assert chosen.kind.last_resort <= min(each.kind.last_resort for each in peers)
    if chosen.kind.outside:
        assert recipient.consented
        assert not recipient.practice
    if chosen.kind.subscribed:
        assert balances[(5, "t")] > 0
        assert chosen.template


@given(recipients, channels, balances, addressed)
def test_going_down_the_channels_tries_each_that_can_once_and_ends(
    recipient: Recipient,
    candidates: Sequence[Candidate],
    balances: Mapping[Allowance, int],
    addressed: frozenset[Addressed],
) -> None:
    left, tried = list(candidates), []
    while (chosen := choose(recipient, left, balances, addressed)) is not None:
        tried.append(chosen.channel_id)
        left.remove(chosen)
    able = [each for each in ordered(recipient, candidates) if hindrance(recipient, each, balances, addressed) is None]
    assert tried == [each.channel_id for each in able]
