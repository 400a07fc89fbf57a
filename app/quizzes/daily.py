"""Daily practice (每日一练): a few questions a day, chosen for the member; nothing counts or asks for it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember, ancestors
from app.errors import Conflict
from app.library.models import Issue
from app.quizzes.drawing import matching
from app.quizzes.models import Attempt, NotebookEntry, Question, Quiz, QuizQuestion
from app.quizzes.practice import check_practised, in_notebook, today_of
from app.quizzes.practice_schemas import PractisedQuestion
from app.quizzes.service import rules_of
from app.quizzes.standing import list_hidden

# A few minutes' worth.
DAILY = 5


class PracticeOver(Conflict):
    """These are the questions of another day."""

    code = "practice_over"
    detail = "这组每日一练已经过期，请刷新后练习今天的题目。不练也没有关系。"


async def pick(session: AsyncSession, member: CurrentMember, day: date, now: datetime) -> list[Question]:
    """The questions of a day, at most `DAILY`: those of the notebook first, then of the banks above the member.

    The same all day, on every device: what came into the banks or the notebook on the day itself waits.
    """
    begins = datetime.combine(day, time(), ZoneInfo(member.timezone))
    free = and_(Question.archived_at.is_(None), ~await _off_limits(session, member, day, now), ~_is_withdrawn(member))
    seed = int.from_bytes(blake2b(f"{member.member_id}/{day}".encode(), digest_size=8).digest(), signed=True)
    by_chance = func.hashint8extended(Question.id, seed), Question.id
    wrong = await session.scalars(
        select(Question)
        .join(NotebookEntry, NotebookEntry.question_id == Question.id)
        .where(
            free,
            await in_notebook(session, member, now),
            NotebookEntry.wrong_at < begins,
            or_(NotebookEntry.left_at.is_(None), NotebookEntry.left_at >= begins),
        )
        .order_by(*by_chance)
        .limit(DAILY)
    )
    picked = list(wrong)
    rest = await session.scalars(
        select(Question)
        .where(
            free,
            Question.organisation_id.in_(ancestors(member.path)),
            Question.created_at < begins,
            Question.id.not_in([question.id for question in picked]),
        )
        .order_by(*by_chance)
        .limit(DAILY - len(picked))
    )
    return picked + list(rest)


async def _off_limits(session: AsyncSession, member: CurrentMember, day: date, now: datetime) -> ColumnElement[bool]:
    """The condition that a `Question` is, or may come, in a quiz that the member has yet to answer or to review.

    A quiz that is not published yet is one of those: its answers would be known before it begins. A draw that was
    missed is none once its week is over: it would hold back the whole bank for good.
    """
    tries = select(Attempt.id).where(Attempt.quiz_id == Quiz.id, Attempt.member_id == member.member_id)
    submitted = tries.where(Attempt.submitted_at.is_not(None)).exists()
    fixed, monday = func.jsonb_array_length(Quiz.draw) == 0, day - timedelta(days=day.weekday())
    found = await session.execute(
        select(Quiz, Issue.organisation_id)
        .join(Issue, Issue.id == Quiz.issue_id)
        .where(
            Issue.organisation_id.in_(ancestors(member.path)),
            or_(
                Issue.state.not_in(("published", "withdrawn")),
                and_(
                    Issue.state == "published",
                    or_(
                        and_(~submitted, or_(fixed, Issue.week >= monday)),
                        tries.where(Attempt.submitted_at.is_(None)).exists(),
                        Quiz.id.in_(await list_hidden(session, member.member_id, now)),
                    ),
                ),
            ),
        )
    )
    quizzes = found.all()
    listed = select(QuizQuestion.question_id).where(QuizQuestion.quiz_id.in_([quiz.id for quiz, _ in quizzes]))
    drawable = [
        and_(Question.organisation_id == organisation_id, matching(rule))
        for quiz, organisation_id in quizzes
        for rule in rules_of(quiz)
    ]
    return or_(Question.id.in_(listed), false(), *drawable)


def _is_withdrawn(member: CurrentMember) -> ColumnElement[bool]:
    """The condition that a `Question` is listed in quizzes of withdrawn issues, and in no other that reaches here."""
    withdrawn = (
        select(QuizQuestion.question_id)
        .join(Quiz, Quiz.id == QuizQuestion.quiz_id)
        .join(Issue, Issue.id == Quiz.issue_id)
        .where(Issue.organisation_id.in_(ancestors(member.path)))
        .group_by(QuizQuestion.question_id)
        .having(func.bool_and(Issue.state == "withdrawn"))
    )
    return Question.id.in_(withdrawn)


async def practise_daily(
    session: AsyncSession, member: CurrentMember, day: date, answers: Mapping[str, Sequence[str]], now: datetime
) -> list[PractisedQuestion]:
    """Checks answers to questions of today's practice; raises `PracticeOver`, `UnknownQuestion` or `BadAnswer`."""
    today = today_of(member, now)
    # Who began before midnight may end after it.
    if day not in (today, today - timedelta(days=1)):
        raise PracticeOver
    return await check_practised(session, member, await pick(session, member, day, now), answers, now)
