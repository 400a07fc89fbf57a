"""Questions of the bank at the desk: found, changed while nobody was asked them, archived and restored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, within
from app.content_errors import invalid
from app.directory.models import Organisation
from app.errors import Conflict, NotFound
from app.library.issues import DESK
from app.library.lessons import get_organisation
from app.library.models import Issue
from app.quizzes.bank import DUPLICATE, fingerprint, hold_bank, row_of
from app.quizzes.models import Attempt, Question, Quiz, QuizQuestion
from app.quizzes.schemas import QuestionIn, QuestionPatch
from content.errors import ContentError
from content.questions.check import ParsedQuestion, check_question

# Of a stem, where it only has to be recognised.
SHOWN = 60
# What anybody was shown or has reviewed; difficulty and tags are the desk's own.
FROZEN = {"stem", "options", "answer", "explanation", "source"}


class QuestionInUse(Conflict):
    """Members were asked this, or a quiz with it is reviewed or published: what was asked is what it was scored by."""

    code = "question_in_use"
    detail = "这道题已用于送审或发布的测验，只能修改难度和标签。如需更正，请归档它，再导入更正后的试题。"


class SameQuestion(Conflict):
    """The bank has this question already."""

    code = DUPLICATE
    detail = "题库中已有相同的试题（题型、题干和选项都相同），请修改或归档其中一道。"


@dataclass(frozen=True)
class Wanted:
    """What of the bank is looked for; `q` is part of a stem."""

    organisation_id: int | None = None
    kind: str | None = None
    difficulty: int | None = None
    tag: str | None = None
    q: str | None = None
    archived: bool = False


async def list_questions(
    session: AsyncSession, staff: CurrentStaff, wanted: Wanted, *, before: int | None, limit: int
) -> list[Question]:
    """Questions in the reach of an editor or reviewer, newest first, one more than `limit` where there are more."""
    archived = Question.archived_at.is_not(None) if wanted.archived else Question.archived_at.is_(None)
    statement = (
        select(Question)
        .join(Organisation, Organisation.id == Question.organisation_id)
        .where(within(Organisation.path, staff.paths(*DESK)), archived)
        .order_by(Question.id.desc())
        .limit(limit + 1)
    )
    if wanted.organisation_id is not None:
        statement = statement.where(Question.organisation_id == wanted.organisation_id)
    if wanted.kind is not None:
        statement = statement.where(Question.kind == wanted.kind)
    if wanted.difficulty is not None:
        statement = statement.where(Question.difficulty == wanted.difficulty)
    if wanted.tag is not None:
        statement = statement.where(Question.tags.contains([wanted.tag]))
    if wanted.q is not None:
        statement = statement.where(Question.stem.icontains(wanted.q, autoescape=True))
    if before is not None:
        statement = statement.where(Question.id < before)
    return list(await session.scalars(statement))


async def find_question(session: AsyncSession, staff: CurrentStaff, question_id: int, *roles: str) -> Question:
    """A question in the reach of these roles; raises `NotFound`."""
    question = await session.scalar(
        select(Question)
        .join(Organisation, Organisation.id == Question.organisation_id)
        .where(Question.id == question_id, within(Organisation.path, staff.paths(*roles)))
    )
    if question is None:
        raise NotFound
    return question


async def hold_answers(session: AsyncSession, organisation_id: int, *, shared: bool) -> None:
    """Keeps draws from a bank (shared) and changes of its questions (alone) apart until the end of the transaction."""
    hold = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    await session.execute(select(hold(func.hashtextextended(f"answers:{organisation_id}", 2))))


async def _hold(session: AsyncSession, staff: CurrentStaff, question_id: int) -> Question:
    """A question of the editor's as it is now, with its bank held for a change; raises `NotFound`."""
    question = await find_question(session, staff, question_id, "editor")
    await hold_bank(session, question.organisation_id)
    await session.refresh(question)
    return question


async def create_question(session: AsyncSession, staff: CurrentStaff, body: QuestionIn, now: datetime) -> Question:
    """Adds a question to the bank of an editor's organisation; raises `NotFound`, `Invalid` or `SameQuestion`."""
    organisation = await get_organisation(session, staff, body.organisation_id)
    parsed = _checked(body.kind, body.model_dump(exclude={"organisation_id", "kind"}))
    await hold_bank(session, organisation.id)
    question = row_of(parsed, organisation.id, staff.account_id, now)
    await _check_alone(session, question, question.fingerprint)
    session.add(question)
    await session.flush()
    audit.record(
        session, staff.actor, "question.created", "question", question.id,
        now=now, organisation_id=organisation.id,
    )  # fmt: skip
    return question


async def change_question(
    session: AsyncSession, staff: CurrentStaff, question_id: int, body: QuestionPatch, now: datetime
) -> Question:
    """Changes a question; raises `QuestionInUse`, `SameQuestion`, `Invalid` or `NotFound`."""
    question = await _hold(session, staff, question_id)
    await hold_answers(session, question.organisation_id, shared=False)
    changes = body.model_dump(exclude_unset=True, exclude_none=True)
    if FROZEN & changes.keys() and await _is_in_use(session, question_id):
        raise QuestionInUse
    parsed = _merged(question, changes)
    question.stem, question.options, question.answer = parsed.stem, list(parsed.options), list(parsed.answer)
    question.explanation, question.source = parsed.explanation, parsed.source
    question.difficulty, question.tags = parsed.difficulty, list(parsed.tags)
    await _check_alone(session, question, fingerprint(parsed))
    question.fingerprint = fingerprint(parsed)
    audit.record(
        session, staff.actor, "question.changed", "question", question.id,
        now=now, organisation_id=question.organisation_id, fields=sorted(changes),
    )  # fmt: skip
    await session.flush()
    return question


def _merged(question: Question, changes: dict[str, object]) -> ParsedQuestion:
    kept = {name: getattr(question, name) for name in ("stem", "options", "answer", "explanation", "source", "tags")}
    return _checked(question.kind, {"difficulty": question.difficulty, **kept, **changes})


def _checked(kind: str, parts: dict[str, Any]) -> ParsedQuestion:
    """The question of these parts, checked as a row of a sheet is; raises `Invalid`."""
    try:
        return check_question(kind, **{**parts, "difficulty": str(parts["difficulty"] or "")})
    except ContentError as error:
        raise invalid(error) from None


async def _check_alone(session: AsyncSession, question: Question, digest: bytes) -> None:
    """Raises `SameQuestion` where another of the bank is the same."""
    with session.no_autoflush:
        same = await session.scalar(
            select(Question).where(
                Question.organisation_id == question.organisation_id,
                Question.archived_at.is_(None),
                Question.fingerprint == digest,
                Question.id.is_distinct_from(question.id),
            )
        )
    if same is not None and question.archived_at is None:
        named = f"编号 {same.id}：{same.stem[:SHOWN]}"
        raise SameQuestion(errors=[{"code": DUPLICATE, "question_id": same.id, "detail": named}])


async def _is_in_use(session: AsyncSession, question_id: int) -> bool:
    """Whether it was asked, or is in a quiz that has left the desk of its author."""
    # Held: a draft that is being sent to review waits, and is then reviewed as it has become.
    states = await session.scalars(
        select(Issue.state)
        .join(Quiz, Quiz.issue_id == Issue.id)
        .join(QuizQuestion, QuizQuestion.quiz_id == Quiz.id)
        .where(QuizQuestion.question_id == question_id)
        .order_by(Issue.id)
        .with_for_update(read=True, of=Issue)
    )
    if any(state != "draft" for state in states):
        return True
    asked = select(Attempt.id).where(Attempt.question_ids.contains([question_id])).limit(1)
    return await session.scalar(asked) is not None


async def archive_question(session: AsyncSession, staff: CurrentStaff, question_id: int, now: datetime) -> Question:
    """Takes a question out of the bank: quizzes that have it keep it, and no other gets it; raises `NotFound`."""
    question = await _hold(session, staff, question_id)
    if question.archived_at is None:
        question.archived_at = now
        audit.record(
            session, staff.actor, "question.archived", "question", question.id,
            now=now, organisation_id=question.organisation_id,
        )  # fmt: skip
    return question


async def restore_question(session: AsyncSession, staff: CurrentStaff, question_id: int, now: datetime) -> Question:
    """Brings an archived question back; raises `SameQuestion` where its like has taken its place, or `NotFound`."""
    question = await _hold(session, staff, question_id)
    if question.archived_at is not None:
        question.archived_at = None
        await _check_alone(session, question, question.fingerprint)
        audit.record(
            session, staff.actor, "question.restored", "question", question.id,
            now=now, organisation_id=question.organisation_id,
        )  # fmt: skip
    return question
