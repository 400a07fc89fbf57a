"""Shapes of completion and nudges."""

from app.schemas import In, Out, Week


class IssueRef(Out):
    """An issue that the week's figures are about."""

    id: int
    title: str
    organisation: str


class Figures(Out):
    """Counts of members; `average_score` is the mean of the members' means, null where nobody tried.

    `recorded` are those of `completed` whose leader recorded some of it for them: on paper, or at home (送学上门).
    Of the attempts at a quiz, its `score_counts` says which one is meant.
    """

    due: int
    started: int
    completed: int
    recorded: int
    quiz_passed: int
    average_score: float | None


class OrganisationRow(Figures):
    """A child organisation with its subtree; the organisation itself stands for the members directly in it (本级)."""

    organisation_id: int
    organisation: str


class MemberRow(Out):
    """A member; exempt ones are shown and never `due`. `lessons_recorded` of them were on paper or at home."""

    member_id: int
    name: str
    organisation: str
    due: bool
    started: bool
    completed: bool
    quiz_passed: bool
    lessons_completed: int
    lessons_recorded: int
    lessons_required: int
    best_score: float | None


class Completion(Out):
    """The week of an organisation: totals, and rows for its children or for a page of its members."""

    organisation_id: int
    organisation: str
    week: str
    issues: list[IssueRef]
    totals: Figures
    items: list[OrganisationRow] | list[MemberRow]
    next: str | None


class NudgeIn(In):
    """Whom to remind: those who have not finished this week."""

    week: Week


class NudgeOut(Out):
    """The reminder that goes out, and how many members it is meant for."""

    id: int
    organisation_id: int
    week: str
    unfinished: int
