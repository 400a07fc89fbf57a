"""Shapes of the question bank, quizzes and attempts. What goes out before submission has no field for an answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.schemas import Id, In, Line, Out

ATTEMPTS_ALLOWED = 3
MAX_QUESTIONS = 100

Kind = Literal["single", "multiple", "true_false", "fill_in"]


class RejectedLine(Out):
    """A line of the sheet that cannot be taken, as Excel counts lines."""

    line: int
    code: str
    detail: str


class ImportReport(Out):
    """What an import took, or would take: `question_ids` is empty in a dry run."""

    accepted: int
    rejected: list[RejectedLine]
    question_ids: list[int]


class QuestionOut(Out):
    """A question of the bank with its answer, for the desk."""

    id: int
    organisation_id: int
    kind: Kind
    stem: str
    options: list[str]
    answer: list[str]
    explanation: str
    source: str


class Questions(Out):
    """A page of the bank, newest first."""

    items: list[QuestionOut]
    next: str | None


class QuizIn(In):
    """The quiz of an issue, as a whole: questions in their order; `pass_mark` is a percentage."""

    title: Line
    pass_mark: Annotated[int, Field(ge=1, le=100)] = 60
    attempts_allowed: Annotated[int, Field(ge=1, le=10)] = ATTEMPTS_ALLOWED
    question_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_QUESTIONS)]


class QuizDraft(Out):
    """The quiz of an issue with its answers, for the desk."""

    id: int
    issue_id: int
    title: str
    pass_mark: int
    attempts_allowed: int
    questions: list[QuestionOut]


class QuizOut(Out):
    """The quiz of an issue and how the member stands; `best_score` is a percentage."""

    id: int
    title: str
    pass_mark: int
    attempts_allowed: int
    attempts_used: int
    question_count: int
    best_score: int | None
    passed: bool
    open_attempt_id: int | None


class AskedQuestion(Out):
    """A question as it is asked: options are lettered A, B, C … in their order."""

    id: int
    kind: Kind
    stem: str
    options: list[str]
    your_answer: list[str]


class OpenAttempt(Out):
    """An attempt that goes on."""

    id: int
    quiz_id: int
    number: int
    state: Literal["open"] = "open"
    started_at: datetime
    questions: list[AskedQuestion]


class ScoredQuestion(AskedQuestion):
    """A question after submission."""

    answer: list[str]
    explanation: str
    source: str
    correct: bool


class SubmittedAttempt(Out):
    """An attempt that is over; `score` is a percentage."""

    id: int
    quiz_id: int
    number: int
    state: Literal["submitted"] = "submitted"
    started_at: datetime
    submitted_at: datetime
    score: int
    passed: bool
    questions: list[ScoredQuestion]


# Letters, or the one text of a fill-in; an empty list takes the answer back.
Given = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=8)]
QuestionKey = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,18}$")]


class AnswersIn(In):
    """Answers by question id; questions that are not named keep theirs."""

    answers: Annotated[
        dict[QuestionKey, Given],
        Field(min_length=1, max_length=100, json_schema_extra={"additionalProperties": False}),
    ]
