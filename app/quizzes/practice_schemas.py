"""Shapes of the notebook and of daily practice: a question is asked without its key, and checked on the server."""

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from app.quizzes.attempt_schemas import Given, QuestionKey, ScoredQuestion
from app.quizzes.schemas import Kind
from app.schemas import In, Out

MAX_PRACTISED = 20

Practised = Annotated[
    dict[QuestionKey, Given],
    Field(min_length=1, max_length=MAX_PRACTISED, json_schema_extra={"additionalProperties": False}),
]


class PractiseQuestion(Out):
    """A question to practise: options are lettered A, B, C … in the order in which they are shown to this member."""

    id: int
    kind: Kind
    stem: str
    options: list[str]


class NotebookItem(Out):
    """A question that was answered wrong (last at `wrong_at`), and on how many days it was right since."""

    wrong_at: datetime
    right_days: int
    question: PractiseQuestion


class Notebook(Out):
    """A page of the member's own notebook; a question leaves it once it was right on `right_days_needed` days."""

    items: list[NotebookItem]
    next: str | None
    right_days_needed: int


class DailyPractice(Out):
    """The questions of a day, in the member's zone; whoever leaves them alone misses nothing."""

    day: date
    questions: list[PractiseQuestion]


class NotebookAnswersIn(In):
    """Answers to questions of the notebook, by question id."""

    answers: Practised


class DailyAnswersIn(In):
    """Answers to questions of a day's practice, by question id."""

    day: Annotated[date, Field(strict=False)]
    answers: Practised


class PractisedQuestion(ScoredQuestion):
    """A question that was practised, with its key; `left_notebook` says that it is done with."""

    left_notebook: bool


class PracticeResult(Out):
    """What was right; it is counted in no figure."""

    items: list[PractisedQuestion]
