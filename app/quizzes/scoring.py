"""How answers are checked and scored: pure, and the same for every attempt; letters are those of the bank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from content.questions.check import normalise_answer


@dataclass(frozen=True)
class Key:
    """The answer to a question: letters, or the accepted texts of a fill-in."""

    question_id: int
    kind: str
    answer: Sequence[str]


@dataclass(frozen=True)
class Score:
    """`percent` is rounded half up; `correct` says it of each question."""

    percent: int
    passed: bool
    correct: Mapping[int, bool]


def is_correct(key: Key, given: Sequence[str]) -> bool:
    """Exactly the letters of the key (of an ordering: in that order), or an accepted text however it is written."""
    if key.kind == "fill_in":
        accepted = {normalise_answer(text) for text in key.answer}
        return any(normalise_answer(text) in accepted for text in given)
    if key.kind == "ordering":
        return list(given) == list(key.answer)
    return set(given) == set(key.answer)


def score(keys: Sequence[Key], answers: Mapping[str, Sequence[str]], pass_mark: int) -> Score:
    """The score of `answers` (by question id as text) to at least one question; all questions weigh the same."""
    correct = {key.question_id: is_correct(key, answers.get(str(key.question_id), ())) for key in keys}
    percent = (200 * sum(correct.values()) + len(keys)) // (2 * len(keys))
    return Score(percent, percent >= pass_mark, correct)
