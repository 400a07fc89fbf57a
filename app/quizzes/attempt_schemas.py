"""Shapes of attempts. What goes out before submission has no field for an answer."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.quizzes.schemas import Kind
from app.schemas import In, Out


class AskedQuestion(Out):
    """A question as it is asked: options are lettered A, B, C … in the order in which they are shown."""

    id: int
    kind: Kind
    stem: str
    options: list[str]
    your_answer: list[str]


class OpenAttempt(Out):
    """An attempt that goes on: by the server's clock until `deadline_at`, with grace for answers on their way."""

    id: int
    quiz_id: int
    number: int
    state: Literal["open"] = "open"
    started_at: datetime
    deadline_at: datetime | None
    remaining_seconds: int | None
    grace_seconds: int
    questions: list[AskedQuestion]


class ScoredQuestion(AskedQuestion):
    """A question after submission; the rest is null for as long as the attempt is not `explained`."""

    answer: list[str] | None
    explanation: str | None
    source: str | None
    correct: bool | None


class SubmittedAttempt(Out):
    """An attempt that is over; `score` is a percentage, and `timed_out` says that its time was up.

    `explained_from` is when its answers are shown, where that is a time.
    """

    id: int
    quiz_id: int
    number: int
    state: Literal["submitted"] = "submitted"
    started_at: datetime
    submitted_at: datetime
    timed_out: bool
    score: int
    passed: bool
    explained: bool
    explained_from: datetime | None
    questions: list[ScoredQuestion]


# Letters as they are shown (of an ordering: all, first to last), or the one text of a fill-in; nothing takes it back.
Given = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=8)]
# No longer than `MAX_ID`.
QuestionKey = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,15}$")]


class AnswersIn(In):
    """Answers by question id; questions that are not named keep theirs."""

    answers: Annotated[
        dict[QuestionKey, Given],
        Field(min_length=1, max_length=100, json_schema_extra={"additionalProperties": False}),
    ]
