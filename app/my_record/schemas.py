"""Shapes of a member's own record."""

from datetime import date
from typing import Literal

from app.organisations.effective import Day
from app.records.schemas import Hours, HoursOfKind, RuleOut
from app.schemas import In, Out


class WeekOut(Out):
    """An issue of the period; `way` says how its required lessons were done, null where none is."""

    week: str
    issue_id: int
    title: str
    organisation: str
    lessons_total: int
    lessons_completed: int
    completed: bool
    completed_on: date | None
    way: Literal["online", "recorded", "both"] | None


class QuizOut(Out):
    """A quiz of the period with the score that counts; a `recorded` one was done on paper or at home."""

    week: str
    title: str
    score: int
    passed: bool
    on: date
    recorded: bool


class RecordOut(Out):
    """The member's own record from one day to another, both included; a week belongs to the day that it begins on."""

    name: str
    organisation: str
    begins_on: date
    ends_on: date
    hours: Hours
    recorded: Hours
    rule: RuleOut
    kinds: list[HoursOfKind]
    weeks: list[WeekOut]
    quizzes: list[QuizOut]


class CertificateIn(In):
    """The period, both days included: at most two years, up to today."""

    begins_on: Day
    ends_on: Day


class CertificateCheck(Out):
    """What the paper says, for whoever holds its number, so that nothing on it can be altered; only the surname."""

    valid: bool
    name_masked: str
    begins_on: date
    ends_on: date
    issues_completed: int
    hours: Hours
    issued_on: date
