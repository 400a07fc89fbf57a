"""Shapes of the question bank and of quizzes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.schemas import ONE_LINE, Id, In, Line, Out, one_line
from content.questions.check import LETTERS, MAX_EXPLANATION, MAX_OPTION, MAX_SOURCE, MAX_STEM, MAX_TAG, MAX_TAGS

ATTEMPTS_ALLOWED = 3
MAX_QUESTIONS = 100

MAX_RULES = 10

Kind = Literal["single", "multiple", "true_false", "fill_in", "ordering"]
Explanations = Literal["after_submission", "after_last_attempt", "after_week"]
ScoreCounts = Literal["best", "first", "last"]
# 1 (easiest) to 5.
Difficulty = Annotated[int, Field(ge=1, le=5)]
Tag = Annotated[str, Field(min_length=1, max_length=MAX_TAG, json_schema_extra={**ONE_LINE}), AfterValidator(one_line)]
Count = Annotated[int, Field(ge=1, le=MAX_QUESTIONS)]


class RejectedLine(Out):
    """A line of the sheet that cannot be taken, as Excel counts lines."""

    line: int
    code: str
    detail: str


class ImportReport(Out):
    """What an import took, or would take: `question_ids` is empty in a dry run.

    `notes` tell what the file says besides and is not kept, such as the names of questions.
    """

    accepted: int
    rejected: list[RejectedLine]
    notes: list[RejectedLine]
    question_ids: list[int]


class QuestionOut(Out):
    """A question of the bank with its answer, for the desk; `difficulty` is 1 to 5, or 0 where it is not given."""

    id: int
    organisation_id: int
    kind: Kind
    stem: str
    options: list[str]
    answer: list[str]
    explanation: str
    source: str
    difficulty: int
    tags: list[str]
    archived_at: datetime | None


class Questions(Out):
    """A page of the bank, newest first."""

    items: list[QuestionOut]
    next: str | None


Options = Annotated[list[Annotated[str, Field(max_length=MAX_OPTION)]], Field(max_length=len(LETTERS))]
Answer = Annotated[list[Annotated[str, Field(max_length=MAX_OPTION)]], Field(max_length=10)]


class QuestionIn(In):
    """A new question: `answer` has letters of the options, for fill_in the texts that are right; 0 is no difficulty."""

    organisation_id: Id
    kind: Kind
    stem: Annotated[str, Field(max_length=MAX_STEM)]
    options: Options = Field(default_factory=list)
    answer: Answer
    explanation: Annotated[str, Field(max_length=MAX_EXPLANATION)] = ""
    source: Annotated[str, Field(max_length=MAX_SOURCE)] = ""
    difficulty: Annotated[int, Field(ge=0, le=5)] = 0
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] = Field(default_factory=list)


class QuestionPatch(In):
    """What changes of a question; `difficulty` 0 takes it back."""

    stem: Annotated[str | None, Field(max_length=MAX_STEM)] = None
    options: Options | None = None
    answer: Answer | None = None
    explanation: Annotated[str | None, Field(max_length=MAX_EXPLANATION)] = None
    source: Annotated[str | None, Field(max_length=MAX_SOURCE)] = None
    difficulty: Annotated[int | None, Field(ge=0, le=5)] = None
    tags: Annotated[list[Tag] | None, Field(max_length=MAX_TAGS)] = None


class DrawRule(In):
    """Draws `count` questions: of one of `kinds`, with one of `tags`; where a list is empty, of any."""

    count: Count
    kinds: Annotated[list[Kind], Field(max_length=5)] = Field(default_factory=list)
    tags: Annotated[list[Tag], Field(max_length=MAX_TAGS)] = Field(default_factory=list)
    difficulty_from: Difficulty | None = None
    difficulty_to: Difficulty | None = None


class QuizSettings(In):
    """How a quiz is taken.

    `pass_mark` is a percentage; `time_limit_seconds` null is no limit. `explanations` says when a member sees the
    answers: with each result, after the last attempt or a pass, or when the issue's week is over. `score_counts` says
    which attempt counts in the figures.
    """

    title: Line
    pass_mark: Annotated[int, Field(ge=1, le=100)] = 60
    attempts_allowed: Annotated[int, Field(ge=1, le=10)] = ATTEMPTS_ALLOWED
    time_limit_seconds: Annotated[int | None, Field(ge=60, le=14_400)] = None
    shuffle_options: bool = True
    shuffle_questions: bool = False
    explanations: Explanations = "after_submission"
    score_counts: ScoreCounts = "best"


class QuizIn(QuizSettings):
    """The quiz of an issue, as a whole: either questions in their order, or rules that draw them for each attempt."""

    question_ids: Annotated[list[Id], Field(max_length=MAX_QUESTIONS)] = Field(default_factory=list)
    draw: Annotated[list[DrawRule], Field(max_length=MAX_RULES)] = Field(default_factory=list)


class DrawRuleOut(Out):
    """A rule, and how many questions of the bank it could draw now."""

    count: int
    kinds: list[Kind]
    tags: list[str]
    difficulty_from: int | None
    difficulty_to: int | None
    available: int


class QuizDraft(Out):
    """The quiz of an issue with its answers, for the desk; where it is drawn, `questions` is empty."""

    id: int
    issue_id: int
    title: str
    pass_mark: int
    attempts_allowed: int
    time_limit_seconds: int | None
    shuffle_options: bool
    shuffle_questions: bool
    explanations: Explanations
    score_counts: ScoreCounts
    questions: list[QuestionOut]
    draw: list[DrawRuleOut]


class AttemptRow(Out):
    """An attempt of the member's in the list of a quiz; `score` is a percentage."""

    id: int
    number: int
    state: Literal["open", "submitted"]
    submitted_at: datetime | None
    score: int | None
    passed: bool | None


class QuizOut(Out):
    """The quiz of an issue and how the member stands.

    `score` is the percentage that counts, and `passed` goes by it; answers that arrive up to `grace_seconds` after the
    time limit are still taken, for the sake of slow networks.
    """

    id: int
    title: str
    pass_mark: int
    attempts_allowed: int
    attempts_used: int
    question_count: int
    time_limit_seconds: int | None
    grace_seconds: int
    explanations: Explanations
    score_counts: ScoreCounts
    score: int | None
    best_score: int | None
    passed: bool
    open_attempt_id: int | None
    attempts: list[AttemptRow]
