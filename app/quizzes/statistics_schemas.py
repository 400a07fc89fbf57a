"""Shapes of the figures of questions."""

from app.quizzes.schemas import QuestionOut
from app.schemas import Out


class OptionShare(Out):
    """How many chose an option, by its letter in the bank."""

    letter: str
    chosen: int


class QuestionStatistics(Out):
    """How a question does in first attempts; null below `respondents_needed`.

    `share_correct` is 0 to 1; `discrimination` is -1 to 1 (who has it right has more of the others right), null where
    it was asked alone or all answered alike. `options` is empty where none are chosen: fill-ins and orderings.
    """

    question: QuestionOut
    respondents: int
    respondents_needed: int
    unanswered: int | None = None
    share_correct: float | None = None
    discrimination: float | None = None
    options: list[OptionShare] | None = None


class QuizStatistics(Out):
    """The figures of the questions that a quiz has asked."""

    items: list[QuestionStatistics]
