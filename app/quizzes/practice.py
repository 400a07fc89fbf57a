"""Practising questions of one's notebook: checked on the server, for the member alone."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember
from app.library.models import Issue
from app.quizzes.answering import asked, check_given, key_shown
from app.quizzes.attempts import UnknownQuestion
from app.quizzes.closing import key_of
from app.quizzes.models import Attempt, NotebookEntry, Question, Quiz
from app.quizzes.notebook import note_practice
from app.quizzes.practice_schemas import NotebookItem, PractisedQuestion, PractiseQuestion
from app.quizzes.scoring import is_correct
from app.quizzes.shuffling import options_in, order_of, to_bank
from app.quizzes.standing import list_hidden

# A repeated request finds what its first one has done with.
REPEATED_WITHIN = timedelta(days=1)


def today_of(member: CurrentMember, now: datetime) -> date:
    """The day that it is for the member."""
    return now.astimezone(ZoneInfo(member.timezone)).date()


def order_for(member: CurrentMember, question: Question) -> str:
    """The order of the options in which this member practises the question, whenever and wherever."""
    return order_of(question, member.member_id, shuffle=True)


def show_question(member: CurrentMember, question: Question) -> PractiseQuestion:
    """A question to practise."""
    options = options_in(question, order_for(member, question))
    return PractiseQuestion(id=question.id, kind=question.kind, stem=question.stem, options=options)


async def in_notebook(session: AsyncSession, member: CurrentMember, now: datetime) -> ColumnElement[bool]:
    """The condition that a `NotebookEntry` is one that the member may see: of a published quiz with known answers."""
    published = (
        select(Attempt.id)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .join(Issue, Issue.id == Quiz.issue_id)
        .where(
            Attempt.id == NotebookEntry.attempt_id,
            Issue.state == "published",
            Quiz.id.not_in(await list_hidden(session, member.member_id, now)),
        )
    )
    return and_(NotebookEntry.member_id == member.member_id, published.exists())


async def list_notebook(
    session: AsyncSession, member: CurrentMember, now: datetime, *, before: int | None, limit: int
) -> list[tuple[NotebookEntry, Question]]:
    """What is in the member's notebook, newest first, one more than `limit` where there are more.

    A question whose answer may not be seen yet is not in it yet, and one that is archived or withdrawn no more.
    """
    statement = (
        select(NotebookEntry, Question)
        .join(Question, Question.id == NotebookEntry.question_id)
        .where(await in_notebook(session, member, now), NotebookEntry.left_at.is_(None), Question.archived_at.is_(None))
        .order_by(NotebookEntry.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(NotebookEntry.id < before)
    return [(entry, question) for entry, question in await session.execute(statement)]


def show_entry(member: CurrentMember, entry: NotebookEntry, question: Question) -> NotebookItem:
    """An item of the notebook."""
    return NotebookItem(wrong_at=entry.wrong_at, right_days=entry.right_days, question=show_question(member, question))


async def practise_notebook(
    session: AsyncSession, member: CurrentMember, answers: Mapping[str, Sequence[str]], now: datetime
) -> list[PractisedQuestion]:
    """Checks answers to questions of the notebook; raises `UnknownQuestion` or `BadAnswer`."""
    found = await session.scalars(
        select(Question)
        .join(NotebookEntry, NotebookEntry.question_id == Question.id)
        .where(
            await in_notebook(session, member, now),
            NotebookEntry.question_id.in_([int(key) for key in answers]),
            or_(NotebookEntry.left_at.is_(None), NotebookEntry.left_at > now - REPEATED_WITHIN),
        )
    )
    return await check_practised(session, member, found.all(), answers, now)


async def check_practised(
    session: AsyncSession,
    member: CurrentMember,
    questions: Sequence[Question],
    answers: Mapping[str, Sequence[str]],
    now: datetime,
) -> list[PractisedQuestion]:
    """Checks answers to some of `questions`, and says it with the key; raises `UnknownQuestion` or `BadAnswer`."""
    by_id = {str(question.id): question for question in questions}
    kept: dict[int, list[str]] = {}
    for key, given in answers.items():
        if key not in by_id:
            raise UnknownQuestion
        check_given(by_id[key], given)
        kept[int(key)] = to_bank(by_id[key], order_for(member, by_id[key]), given)
    results = {key: is_correct(key_of(by_id[str(key)]), given) for key, given in kept.items()}
    left = await note_practice(session, member.member_id, results, today_of(member, now), now)
    return [_practised(member, by_id[str(key)], given, left=key in left) for key, given in kept.items()]


def _practised(member: CurrentMember, question: Question, kept: list[str], *, left: bool) -> PractisedQuestion:
    order = order_for(member, question)
    return PractisedQuestion.model_validate(
        {**asked(question, order, kept), **key_shown(question, order, kept), "left_notebook": left}
    )
