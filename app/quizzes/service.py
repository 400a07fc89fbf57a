"""The quiz of an issue: put together at the desk, shown to the member."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentMember, CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.library.audience import is_for
from app.library.issues import DESK, find_issue, lock_draft, note_change
from app.library.models import Issue
from app.quizzes.models import Attempt, Question, Quiz, QuizQuestion
from app.quizzes.schemas import QuestionOut, QuizDraft, QuizIn, QuizOut


class QuizAnswered(Conflict):
    """Attempts rest on the questions as they are."""

    code = "quiz_answered"
    detail = "已有人作答，测验不能再修改。如需更换题目，请撤回这一期后新建一期。"


class QuestionTwice(Invalid):
    """A question has one place in a quiz."""

    code = "question_twice"
    detail = "同一道题在一份测验里只能出现一次，请去掉重复的。"


class QuestionOutOfReach(NotFound):
    """One of the questions does not exist, or may not be used here."""

    code = "question_not_found"
    detail = "有试题不存在，或不在您的管理范围内，请重新选择。"


async def put_quiz(session: AsyncSession, staff: CurrentStaff, issue_id: int, body: QuizIn, now: datetime) -> None:
    """Sets the quiz of a draft issue; raises what this module defines, `IssueNotDraft` or `NotFound`.

    Questions come from the banks in the editor's reach: another's would show their answers.
    """
    issue, _ = await lock_draft(session, staff, issue_id)
    if len(set(body.question_ids)) != len(body.question_ids):
        raise QuestionTwice
    found = await session.scalars(
        select(Question.id)
        .join(Organisation, Organisation.id == Question.organisation_id)
        .where(Question.id.in_(body.question_ids), within(Organisation.path, staff.paths("editor")))
    )
    if len(found.all()) != len(body.question_ids):
        raise QuestionOutOfReach
    await write_quiz(session, issue_id, body.title, body.pass_mark, body.attempts_allowed, body.question_ids, now)
    note_change(session, staff, issue, {"quiz": body.model_dump()}, now)
    audit.record(
        session, staff.actor, "quiz.put", "issue", issue_id,
        now=now, organisation_id=issue.organisation_id, questions=len(body.question_ids),
    )  # fmt: skip


async def write_quiz(
    session: AsyncSession,
    issue_id: int,
    title: str,
    pass_mark: int,
    attempts_allowed: int,
    question_ids: Sequence[int],
    now: datetime,
) -> None:
    """Stores the quiz in place of the one before; raises `QuizAnswered`."""
    values = {"title": title, "pass_mark": pass_mark, "attempts_allowed": attempts_allowed}
    quiz_id = await session.scalar(
        insert(Quiz)
        .values(issue_id=issue_id, created_at=now, **values)
        .on_conflict_do_update(index_elements=["issue_id"], set_=values)
        .returning(Quiz.id)
    )
    assert quiz_id is not None  # noqa: S101 - RETURNING of an upsert always has its row
    if await session.scalar(select(Attempt.id).where(Attempt.quiz_id == quiz_id).limit(1)) is not None:
        raise QuizAnswered
    await session.execute(delete(QuizQuestion).where(QuizQuestion.quiz_id == quiz_id))
    session.add_all(
        QuizQuestion(quiz_id=quiz_id, position=position, question_id=question_id)
        for position, question_id in enumerate(question_ids, start=1)
    )
    await session.flush()


async def list_asked(session: AsyncSession, quiz_id: int) -> list[Question]:
    """The questions of a quiz in their order, answers and all: what goes out is up to the caller."""
    found = await session.scalars(
        select(Question)
        .join(QuizQuestion, QuizQuestion.question_id == Question.id)
        .where(QuizQuestion.quiz_id == quiz_id)
        .order_by(QuizQuestion.position)
    )
    return list(found)


async def get_draft(session: AsyncSession, staff: CurrentStaff, issue_id: int) -> QuizDraft:
    """The quiz of an issue with its answers, for the desk; raises `NotFound`."""
    await find_issue(session, staff, issue_id, *DESK)
    quiz = await session.scalar(select(Quiz).where(Quiz.issue_id == issue_id))
    if quiz is None:
        raise NotFound
    return QuizDraft(
        id=quiz.id,
        issue_id=issue_id,
        title=quiz.title,
        pass_mark=quiz.pass_mark,
        attempts_allowed=quiz.attempts_allowed,
        questions=[QuestionOut.model_validate(each) for each in await list_asked(session, quiz.id)],
    )


async def get_quiz(session: AsyncSession, member: CurrentMember, issue_id: int) -> QuizOut:
    """The quiz of a published issue that is meant for the member; raises `NotFound`."""
    quiz = await session.scalar(
        select(Quiz).join(Issue, Issue.id == Quiz.issue_id).where(Issue.id == issue_id, is_for(member))
    )
    if quiz is None:
        raise NotFound
    count = await session.scalar(select(func.count()).where(QuizQuestion.quiz_id == quiz.id))
    tries = await session.scalars(
        select(Attempt).where(Attempt.quiz_id == quiz.id, Attempt.member_id == member.member_id)
    )
    attempts = tries.all()
    return QuizOut(
        id=quiz.id,
        title=quiz.title,
        pass_mark=quiz.pass_mark,
        attempts_allowed=quiz.attempts_allowed,
        attempts_used=len(attempts),
        question_count=count or 0,
        best_score=max((each.score for each in attempts if each.score is not None), default=None),
        passed=any(each.passed for each in attempts),
        open_attempt_id=next((each.id for each in attempts if each.submitted_at is None), None),
    )
