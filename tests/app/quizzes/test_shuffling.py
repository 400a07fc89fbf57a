"""What the seed decides: an order of the options, and the way back to the letters of the bank."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.quizzes.scoring import Key, is_correct
from app.quizzes.shuffling import arranged, options_in, order_of, to_bank, to_shown
from content.questions.check import LETTERS

SEEDS = st.integers(0, 2**63 - 1)


@dataclass(frozen=True)
class Sample:
    """A question as far as shuffling knows it."""

    id: int
    kind: str
    options: list[str]


def samples(*kinds: str) -> st.SearchStrategy[Sample]:
    """Questions with two to eight options."""
    options = st.integers(2, 8).map(lambda number: [f"选项{place}" for place in range(number)])
    return st.builds(Sample, st.integers(1, 10**6), st.sampled_from(kinds), options)


LETTERED = samples("single", "multiple", "ordering")


@given(LETTERED, SEEDS)
def test_every_option_is_shown_once(question: Sample, seed: int) -> None:
    order = order_of(question, seed, shuffle=True)
    assert sorted(options_in(question, order)) == sorted(question.options)
    assert order == order_of(question, seed, shuffle=True)


@given(LETTERED, SEEDS, st.data())
def test_letters_come_back_as_they_were_given(question: Sample, seed: int, data: st.DataObject) -> None:
    order = order_of(question, seed, shuffle=True)
    letters = LETTERS[: len(question.options)]
    given_ = data.draw(st.permutations(letters).map(lambda each: each[: data.draw(st.integers(0, len(letters)))]))
    kept = to_bank(question, order, given_)
    back = to_shown(question, order, kept)
    assert back == (given_ if question.kind == "ordering" else sorted(given_))
    # The member means the texts, and those are kept.
    shown = [options_in(question, order)[LETTERS.index(letter)] for letter in given_]
    stored = [question.options[LETTERS.index(letter)] for letter in kept]
    assert stored == shown if question.kind == "ordering" else set(stored) == set(shown)


@given(LETTERED, SEEDS, SEEDS, st.data())
def test_the_score_of_the_same_texts_is_the_same_in_every_order(
    question: Sample, one: int, other: int, data: st.DataObject
) -> None:
    letters = list(LETTERS[: len(question.options)])
    size = 1 if question.kind == "single" else len(letters) if question.kind == "ordering" else 2
    answer = data.draw(st.permutations(letters))[:size]
    meant = data.draw(st.permutations(letters))[:size]
    key = Key(question.id, question.kind, answer)
    results = set()
    for seed in (one, other):
        order = order_of(question, seed, shuffle=True)
        shown = options_in(question, order)
        given_ = [LETTERS[shown.index(question.options[LETTERS.index(letter)])] for letter in meant]
        results.add(is_correct(key, to_bank(question, order, given_)))
    same = answer == meant if question.kind == "ordering" else set(answer) == set(meant)
    assert results == {same}


@given(SEEDS)
def test_some_orders_are_not_for_chance(seed: int) -> None:
    assert order_of(Sample(1, "true_false", ["正确", "错误"]), seed, shuffle=True) == "AB"
    assert order_of(Sample(1, "fill_in", []), seed, shuffle=True) == ""
    assert order_of(Sample(1, "single", ["甲", "乙", "丙"]), seed, shuffle=False) == "ABC"


def test_an_ordering_never_stays_in_the_order_of_the_bank_for_everybody() -> None:
    ordering = Sample(1, "ordering", ["甲", "乙", "丙"])
    assert len({order_of(ordering, seed, shuffle=False) for seed in range(200)}) == 6


def test_each_order_is_as_likely_as_any_other() -> None:
    seen = Counter("".join(arranged(seed, "7", "ABC")) for seed in range(6_000))
    assert len(seen) == 6
    assert all(850 < number < 1150 for number in seen.values())  # five standard deviations around 1000


def test_an_order_outlives_versions_of_python() -> None:
    assert "".join(arranged(2026, "1", "ABCDEFGH")) == "ECADHFBG"


@given(st.lists(st.text(max_size=20), max_size=1), SEEDS)
def test_texts_of_fill_ins_pass_as_they_are(given_: list[str], seed: int) -> None:
    question = Sample(1, "fill_in", [])
    order = order_of(question, seed, shuffle=True)
    assert to_shown(question, order, to_bank(question, order, given_)) == given_
