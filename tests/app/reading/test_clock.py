"""Each moment of a member is used once, and what is left stays within reach."""

from hypothesis import given
from hypothesis import strategies as st

from app.library.rules import HANDED_IN_WITHIN_DAYS
from app.reading.clock import MOST_STRETCHES, SECOND, Clock, available, new_clock, take

MONTH = HANDED_IN_WITHIN_DAYS * 86_400 * SECOND


def test_the_earliest_moments_go_first_and_none_goes_twice() -> None:
    clock = Clock(100, ((0, 10), (50, 60)))
    after = take(clock, 5, 120, 12)
    assert after == Clock(120, ((0, 5), (57, 60), (100, 120)))
    assert available(after, 5, 120) == available(clock, 5, 120) - 12


def test_stretches_that_touch_become_one() -> None:
    assert take(Clock(10, ((0, 10),)), 5, 20, 2) == Clock(20, ((0, 5), (7, 20)))


def test_a_new_member_has_as_much_left_as_a_ticket_reaches() -> None:
    assert available(new_clock(2 * MONTH), 0, 2 * MONTH) == MONTH


def test_what_no_ticket_reaches_any_more_is_forgotten() -> None:
    assert take(Clock(100, ((0, 10),)), 100, 100 + MONTH, 1).free == ((101, 100 + MONTH),)


def test_of_many_stretches_the_shortest_are_forgotten() -> None:
    stretches = tuple((number * 1000, number * 1000 + 1 + number) for number in range(MOST_STRETCHES + 5))
    clock = take(Clock(10**6, stretches), 10**6, 10**6 + 10, 10)
    assert clock.free == stretches[5:]


@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(0, 60)), max_size=30),
)
def test_it_is_as_if_every_moment_were_ticked_off(taken: list[tuple[int, int, int]]) -> None:
    """Against the plainest model: a set of the moments that are left."""
    clock, left, seen = Clock(0), set[int](), 0
    for since, now, wanted in taken:
        left |= set(range(seen, now))
        seen = max(seen, now)
        reach = sorted(moment for moment in left if since <= moment < now)
        assert available(clock, since, now) == len(reach)
        amount = min(wanted, len(reach))
        clock = take(clock, since, now, amount)
        left -= set(reach[:amount])
