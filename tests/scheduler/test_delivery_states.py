"""The state machine of deliveries against a plain model: whatever the platform says and whenever a sender dies.

The model is the law as a member sees it: how often the phone rang, and what may be said about it.
"""

from datetime import UTC, datetime, time, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.messaging.models import CAMPAIGN_KINDS, DeliveryState
from app.messaging.times import Night
from app.platforms.models import Channel
from scheduler.adapters.base import Outcome, Status
from scheduler.claims import MAX_TRIES, RESENT_WHEN_UNKNOWN, Claim, Note, settle

OPEN = (DeliveryState.PENDING, DeliveryState.SENDING)
OVER = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.EXPIRED)


class Deliveries(RuleBasedStateMachine):
    """One batch of four, in which each step marks some and hears what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 16, 2, tzinfo=UTC)
        self.asked = [0] * 4  # how often the platform was asked
        self.arrived = [0] * 4  # how often the phone rang
        self.ended: dict[int, int] = {}

    @initialize(kind=st.sampled_from(CAMPAIGN_KINDS))
    def begin(self, kind: str) -> None:
        """A new batch."""
        self.claim = Claim(
            batch_id=1,
            fence=1,
            campaign_id=1,
            kind=kind,
            subject_id=1,
            event={},
            night=Night("Asia/Shanghai", time(21), time(8)),
            channel=Channel(id=1, account="", config={}),
            members=[1, 2, 3, 4],
            states=bytearray(4),
            held_until=self.now,
        )

    def keep(self, note: Note | None) -> None:
        """What `save` keeps in memory."""
        if note is None:
            return
        self.claim.tries[note.position] = self.claim.tries.get(note.position, 0) + 1
        self.claim.next_tries.pop(note.position, None)
        if note.next_try_at is not None:
            self.claim.next_tries[note.position] = note.next_try_at

    @rule(
        status=st.sampled_from(Status),
        arrives=st.booleans(),
        position=st.integers(0, 3),
        wait=st.integers(0, 3000),
    )
    def send(self, status: Status, arrives: bool, position: int, wait: int) -> None:
        """One delivery is asked for, if it is due; with no answer nobody knows whether it arrived."""
        self.now += timedelta(seconds=wait)
        if position not in self.claim.ready(self.now):
            return
        self.claim.states[position] = DeliveryState.SENDING
        self.asked[position] += 1
        self.arrived[position] += status is Status.SENT or (status is Status.UNKNOWN and arrives)
        self.keep(settle(self.claim, position, Outcome(status, "code"), self.now))
        if self.claim.states[position] in OVER:
            self.ended[position] = self.claim.states[position]

    @rule()
    def expire(self) -> None:
        """The campaign is over."""
        for position in self.claim.positions(DeliveryState.PENDING):
            self.claim.end(position, DeliveryState.EXPIRED)
            self.ended[position] = self.claim.states[position]

    @invariant()
    def nothing_that_ended_changes(self) -> None:
        """An end is an end."""
        assert all(self.claim.states[position] == state for position, state in self.ended.items())

    @invariant()
    def what_is_said_is_true(self) -> None:
        """SENT means that it rang; FAILED and EXPIRED mean that it did not; UNKNOWN only where that is not known."""
        for position, state in enumerate(self.claim.states):
            if state == DeliveryState.SENT:
                assert self.arrived[position] >= 1
            elif state in (DeliveryState.FAILED, DeliveryState.EXPIRED):
                assert self.arrived[position] == 0
            elif state == DeliveryState.UNKNOWN:
                assert position in self.claim.ambiguous

    @invariant()
    def a_reminder_rings_once_at_most(self) -> None:
        """Reminders never twice."""
        if self.claim.kind not in RESENT_WHEN_UNKNOWN:
            assert max(self.arrived) <= 1

    @invariant()
    def tries_are_bounded_and_spaced(self) -> None:
        """A delivery that keeps failing is given up, and one that waits has a time."""
        for position in range(4):
            assert self.claim.tries.get(position, 0) <= MAX_TRIES
            if self.claim.tries.get(position, 0) and self.claim.states[position] in OPEN:
                assert position in self.claim.next_tries


TestDeliveries = Deliveries.TestCase


def test_a_platform_that_says_when_to_come_again_is_left_alone_until_then() -> None:
    now = datetime(2026, 11, 16, 2, tzinfo=UTC)

    def pause(retry_after: int) -> timedelta:
        claim = Claim(
            batch_id=1,
            fence=1,
            campaign_id=1,
            kind="weekly_issue",
            subject_id=1,
            event={},
            night=Night("Asia/Shanghai", time(21), time(8)),
            channel=Channel(id=1, account="", config={}),
            members=[1],
            states=bytearray([DeliveryState.SENDING]),
            held_until=now,
        )
        note = settle(claim, 0, Outcome(Status.RETRY, retry_after=retry_after), now)
        assert note is not None
        assert note.next_try_at is not None
        return note.next_try_at - now

    assert [pause(seconds).total_seconds() for seconds in (0, 7, 120)] == [10, 10, 120]
