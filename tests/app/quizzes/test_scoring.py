"""How an attempt is scored."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.quizzes.scoring import Key, is_correct, score


@pytest.mark.parametrize(
    ("kind", "answer", "given_", "correct"),
    [
        ("single", ["B"], ["B"], True),
        ("single", ["B"], ["A"], False),
        ("single", ["B"], [], False),
        ("multiple", ["A", "C"], ["C", "A"], True),
        ("multiple", ["A", "C"], ["A"], False),
        ("multiple", ["A", "C"], ["A", "B", "C"], False),
        ("true_false", ["A"], ["A"], True),
        ("fill_in", ["月", "1个月"], ["１ 个月"], True),
        ("fill_in", ["ABC"], [" abc"], True),
        ("fill_in", ["月"], ["年"], False),
        ("fill_in", ["月"], ["　"], False),
        ("fill_in", ["月"], [], False),
        ("ordering", ["B", "A", "C"], ["B", "A", "C"], True),
        ("ordering", ["B", "A", "C"], ["A", "B", "C"], False),
        ("ordering", ["B", "A", "C"], [], False),
    ],
)
def test_an_answer_is_right_as_a_whole_or_not_at_all(
    kind: str, answer: list[str], given_: list[str], correct: bool
) -> None:
    assert is_correct(Key(1, kind, answer), given_) is correct


@pytest.mark.parametrize(("right", "total", "percent"), [(1, 3, 33), (2, 3, 67), (1, 8, 13), (1, 200, 1), (0, 4, 0)])
def test_percentages_are_rounded_half_up(right: int, total: int, percent: int) -> None:
    keys = [Key(number, "single", ["A"]) for number in range(1, total + 1)]
    result = score(keys, {str(number): ["A"] for number in range(1, right + 1)}, 60)
    assert (result.percent, sum(result.correct.values())) == (percent, right)


@given(st.lists(st.booleans(), min_size=1, max_size=100), st.integers(1, 100))
def test_the_score_is_the_share_of_right_answers(rights: list[bool], pass_mark: int) -> None:
    keys = [Key(number, "single", ["A"]) for number, _ in enumerate(rights, start=1)]
    answers = {str(key.question_id): ["A" if right else "B"] for key, right in zip(keys, rights, strict=True)}
    result = score(keys, answers, pass_mark)
    exact = Fraction(100 * sum(rights), len(rights))
    assert exact - Fraction(1, 2) < result.percent <= exact + Fraction(1, 2)
    assert result.passed is (result.percent >= pass_mark)
