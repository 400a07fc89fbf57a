"""The quiz of an issue, put together at the desk."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.library.issues import DESK, find_issue, lock_draft, note_change
from app.library.models import Issue
from app.quizzes.drawing import BankTooSmall, count_matching, draw
from app.quizzes.models import Attempt, Question, Quiz, QuizQuestion
from app.quizzes.schemas import MAX_QUESTIONS, DrawRule, DrawRuleOut, QuestionOut, QuizDraft, QuizIn


class QuizAnswered(Conflict):
    """Attempts rest on the questions as they are."""

    code = "quiz_answered"
    detail = "已有人作答，测验不能再修改。如需更换题目，请把这一期改到别的周，再为这一周新建一期。"


class QuestionTwice(Invalid):
    """A question has one place in a quiz."""

    code = "question_twice"
    detail = "同一道题在一份测验里只能出现一次，请去掉重复的。"


class QuestionsOrDraw(Invalid):
    """A quiz has either a list of questions or rules."""

    code = "questions_or_draw"
    detail = f"请选定试题，或设置抽题条件，两者选一；一份测验 1 至 {MAX_QUESTIONS} 题。"


class EmptyRange(Invalid):
    """No difficulty lies between the two."""

    code = "empty_difficulty_range"
    detail = "抽题条件里最低难度高于最高难度，请修改。"


class QuestionOutOfReach(NotFound):
    """One of the questions does not exist, is archived, or may not be used here."""

    code = "question_not_found"
    detail = "有试题不存在、已归档，或不在您的管理范围内，请重新选择。"


async def put_quiz(session: AsyncSession, staff: CurrentStaff, issue_id: int, body: QuizIn, now: datetime) -> None:
    """Sets the quiz of a draft issue; raises what this module defines, `BankTooSmall`, `IssueNotDraft` or `NotFound`.

    Questions come from the banks in the editor's reach: another's would show their answers. Rules draw from the bank
    of the issue's organisation, which is in that reach.
    """
    _check_shape(body)
    issue, _ = await lock_draft(session, staff, issue_id)
    if await _is_so(session, issue_id, body):
        return
    found = await session.scalars(
        select(Question.id)
        .join(Organisation, Organisation.id == Question.organisation_id)
        .where(
            Question.id.in_(body.question_ids),
            Question.archived_at.is_(None),
            within(Organisation.path, staff.paths("editor")),
        )
    )
    if len(found.all()) != len(body.question_ids):
        raise QuestionOutOfReach
    await _check_drawable(session, issue.organisation_id, body.draw)
    await write_quiz(session, issue_id, body, now)
    note_change(session, staff, issue, {"quiz": body.model_dump()}, now)
    audit.record(
        session, staff.actor, "quiz.put", "issue", issue_id,
        now=now, organisation_id=issue.organisation_id, questions=len(body.question_ids), rules=len(body.draw),
    )  # fmt: skip


async def _is_so(session: AsyncSession, issue_id: int, body: QuizIn) -> bool:
    """Whether the quiz is just that already: a retried request is no change."""
    values = body.model_dump(exclude={"question_ids"})
    # Columns, so that the session holds no quiz that the upsert would leave behind.
    columns = [getattr(Quiz, name) for name in values]
    row = (await session.execute(select(Quiz.id, *columns).where(Quiz.issue_id == issue_id))).first()
    if row is None or list(row[1:]) != list(values.values()):
        return False
    return await fixed_ids(session, row[0]) == body.question_ids


def _check_shape(body: QuizIn) -> None:
    total = len(body.question_ids) + sum(rule.count for rule in body.draw)
    if bool(body.question_ids) == bool(body.draw) or total > MAX_QUESTIONS:
        raise QuestionsOrDraw
    if len(set(body.question_ids)) != len(body.question_ids):
        raise QuestionTwice
    if any((rule.difficulty_from or 1) > (rule.difficulty_to or 5) for rule in body.draw):
        raise EmptyRange


async def _check_drawable(session: AsyncSession, organisation_id: int, rules: Sequence[DrawRule]) -> None:
    """Raises `BankTooSmall`, with the numbers, where the bank cannot serve all the rules."""
    try:
        await draw(session, organisation_id, rules, seed=0)
    except BankTooSmall:
        numbers = [await count_matching(session, organisation_id, rule) for rule in rules]
        said = "；".join(
            f"第 {place} 条要抽 {rule.count} 题，符合条件的有 {number} 题"
            for place, (rule, number) in enumerate(zip(rules, numbers, strict=True), start=1)
        )
        raise BankTooSmall(f"题库中的试题不够抽：{said}（各条之间不重复）。请补充试题，或放宽条件。") from None


async def remove_quiz(session: AsyncSession, staff: CurrentStaff, issue_id: int, now: datetime) -> None:
    """Takes the quiz of a draft issue away; raises `QuizAnswered`, `IssueNotDraft` or `NotFound`."""
    issue, _ = await lock_draft(session, staff, issue_id)
    quiz_id = await session.scalar(select(Quiz.id).where(Quiz.issue_id == issue_id))
    if quiz_id is None:
        raise NotFound
    await _check_unanswered(session, quiz_id)
    await session.execute(delete(QuizQuestion).where(QuizQuestion.quiz_id == quiz_id))
    await session.execute(delete(Quiz).where(Quiz.id == quiz_id))
    note_change(session, staff, issue, {"quiz": None}, now)
    audit.record(
        session, staff.actor, "quiz.removed", "issue", issue_id, now=now, organisation_id=issue.organisation_id
    )


async def _check_unanswered(session: AsyncSession, quiz_id: int) -> None:
    if await session.scalar(select(Attempt.id).where(Attempt.quiz_id == quiz_id).limit(1)) is not None:
        raise QuizAnswered


async def write_quiz(session: AsyncSession, issue_id: int, body: QuizIn, now: datetime) -> None:
    """Stores the quiz in place of the one before; raises `QuizAnswered`."""
    values = body.model_dump(exclude={"question_ids"})
    quiz_id = await session.scalar(
        insert(Quiz)
        .values(issue_id=issue_id, created_at=now, **values)
        .on_conflict_do_update(index_elements=["issue_id"], set_=values)
        .returning(Quiz.id)
    )
    assert quiz_id is not None  # noqa: S101 - RETURNING of an upsert always has its row
    await _check_unanswered(session, quiz_id)
    await session.execute(delete(QuizQuestion).where(QuizQuestion.quiz_id == quiz_id))
    session.add_all(
        QuizQuestion(quiz_id=quiz_id, position=position, question_id=question_id)
        for position, question_id in enumerate(body.question_ids, start=1)
    )
    await session.flush()


def rules_of(quiz: Quiz) -> list[DrawRule]:
    """The rules of a quiz that is drawn; none where its questions are fixed."""
    return [DrawRule.model_validate(rule) for rule in quiz.draw]


async def fixed_ids(session: AsyncSession, quiz_id: int) -> list[int]:
    """The ids of the questions of a quiz with a fixed list, in their order."""
    found = await session.scalars(
        select(QuizQuestion.question_id).where(QuizQuestion.quiz_id == quiz_id).order_by(QuizQuestion.position)
    )
    return list(found)


async def list_asked(session: AsyncSession, question_ids: Sequence[int]) -> list[Question]:
    """The questions in the order of their ids, answers and all: what goes out is up to the caller."""
    found = await session.scalars(select(Question).where(Question.id.in_(question_ids)))
    by_id = {question.id: question for question in found}
    return [by_id[question_id] for question_id in question_ids]


async def find_quiz(session: AsyncSession, staff: CurrentStaff, quiz_id: int) -> tuple[Quiz, Issue]:
    """A quiz in the reach of an editor or reviewer, and its issue; raises `NotFound`."""
    quiz = await session.get(Quiz, quiz_id)
    if quiz is None:
        raise NotFound
    issue, _ = await find_issue(session, staff, quiz.issue_id, *DESK)
    return quiz, issue


async def get_draft(session: AsyncSession, staff: CurrentStaff, issue_id: int) -> QuizDraft:
    """The quiz of an issue with its answers, for the desk; raises `NotFound`."""
    issue, _ = await find_issue(session, staff, issue_id, *DESK)
    quiz = await session.scalar(select(Quiz).where(Quiz.issue_id == issue_id))
    if quiz is None:
        raise NotFound
    asked = await list_asked(session, await fixed_ids(session, quiz.id))
    drawn = [
        DrawRuleOut(**rule.model_dump(), available=await count_matching(session, issue.organisation_id, rule))
        for rule in rules_of(quiz)
    ]
    return QuizDraft.model_validate(
        {
            **{name: getattr(quiz, name) for name in QuizDraft.model_fields.keys() - {"questions", "draw"}},
            "questions": [QuestionOut.model_validate(each) for each in asked],
            "draw": drawn,
        }
    )
