"""The question bank of an organisation: it holds no question twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import cast

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.errors import Conflict
from app.library.lessons import get_organisation
from app.quizzes.models import Question
from content.errors import Rejected
from content.questions.check import ParsedQuestion, QuestionKind, identity
from content.questions.collect import QuestionSheet

DUPLICATE = "duplicate_in_bank"
# A package of QTI has its manifest besides.
MOST_EXPORTED = 1_999
DUPLICATE_REASON = "题库中已有相同的试题（题型、题干和选项都相同），请删除这一行。"


class BankEmpty(Conflict):
    """There is nothing to export."""

    code = "bank_empty"
    detail = "这个组织的题库还没有试题，无法导出。"


class TooManyToExport(Conflict):
    """More than a file may hold that could be imported again."""

    code = "too_many_to_export"


class NoSuchPart(Conflict):
    """The bank has fewer parts."""

    code = "no_such_part"


@dataclass(frozen=True)
class ImportResult:
    """What was taken and what was refused: `question_ids` is empty where nothing was stored."""

    accepted: int
    rejected: Sequence[Rejected]
    question_ids: Sequence[int]


def fingerprint(question: ParsedQuestion) -> bytes:
    """What makes a question the same in a bank and in a file, in 16 bytes."""
    return blake2b("\n".join(identity(question)).encode(), digest_size=16).digest()


async def hold_bank(session: AsyncSession, organisation_id: int) -> None:
    """Imports into a bank come one after the other, until the end of the transaction."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"bank:{organisation_id}", 2))))


async def find_same(
    session: AsyncSession, organisation_id: int, questions: Sequence[ParsedQuestion]
) -> dict[bytes, Question]:
    """Those of the bank that are the same as one of `questions` and not archived, by fingerprint."""
    found = await session.scalars(
        select(Question).where(
            Question.organisation_id == organisation_id,
            Question.archived_at.is_(None),
            Question.fingerprint.in_(map(fingerprint, questions)),
        )
    )
    return {question.fingerprint: question for question in found}


def row_of(question: ParsedQuestion, organisation_id: int, author_id: int, now: datetime) -> Question:
    """A question as it is kept."""
    return Question(
        organisation_id=organisation_id,
        author_id=author_id,
        kind=question.kind,
        stem=question.stem,
        options=list(question.options),
        answer=list(question.answer),
        explanation=question.explanation,
        source=question.source,
        difficulty=question.difficulty,
        tags=list(question.tags),
        fingerprint=fingerprint(question),
        created_at=now,
    )


async def add_questions(
    session: AsyncSession, organisation_id: int, author_id: int, questions: Sequence[ParsedQuestion], now: datetime
) -> list[Question]:
    """Stores questions that are not in the bank yet, in their order."""
    rows = [row_of(question, organisation_id, author_id, now) for question in questions]
    session.add_all(rows)
    await session.flush()
    audit.record(
        session, f"account:{author_id}", "questions.imported", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, count=len(rows),
    )  # fmt: skip
    return rows


async def import_questions(
    session: AsyncSession,
    sheet: QuestionSheet,
    *,
    organisation_id: int,
    author_id: int,
    now: datetime,
    dry_run: bool,
) -> ImportResult:
    """Stores all questions of a sheet, or, where one line is refused or in a dry run, none."""
    await hold_bank(session, organisation_id)
    known = await find_same(session, organisation_id, sheet.questions)
    taken: list[ParsedQuestion] = []
    again: list[Rejected] = []
    for question in sheet.questions:
        if fingerprint(question) in known:
            again.append(Rejected(question.line, DUPLICATE, DUPLICATE_REASON))
        else:
            taken.append(question)
    rejected = sorted((*sheet.rejected, *again), key=lambda line: line.line)
    if dry_run or rejected:
        return ImportResult(len(taken), rejected, [])
    stored = await add_questions(session, organisation_id, author_id, taken, now)
    return ImportResult(len(taken), [], [question.id for question in stored])


async def export_questions(
    session: AsyncSession,
    staff: CurrentStaff,
    organisation_id: int,
    file_format: str,
    now: datetime,
    part: int | None = None,
) -> list[ParsedQuestion]:
    """The questions of a bank in an editor's reach, oldest first; that they left the system is on record.

    `part` counts from 1: the bank in pieces that a file may hold. Raises `NotFound`, `BankEmpty`, `TooManyToExport`
    where the whole is too much, or `NoSuchPart`.
    """
    organisation = await get_organisation(session, staff, organisation_id)
    bank = (Question.organisation_id == organisation.id, Question.archived_at.is_(None))
    total = await session.scalar(select(func.count()).select_from(Question).where(*bank)) or 0
    parts = -(-total // MOST_EXPORTED)
    if not total:
        raise BankEmpty
    if part is None and parts > 1:
        raise TooManyToExport(
            f"题库有 {total} 道试题，一个文件最多 {MOST_EXPORTED} 道：请填写第几部分，分 {parts} 次导出。"
        )
    if (part or 1) > parts:
        raise NoSuchPart(f"题库有 {total} 道试题，只有 {parts} 部分，请重新选择。")
    first = ((part or 1) - 1) * MOST_EXPORTED
    found = await session.scalars(
        select(Question).where(*bank).order_by(Question.id).offset(first).limit(MOST_EXPORTED)
    )
    rows = found.all()
    audit.record(
        session, staff.actor, "questions.exported", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, count=len(rows), format=file_format,
        **({} if part is None else {"part": part}),
    )  # fmt: skip
    return [_parsed(row) for row in rows]


def _parsed(row: Question) -> ParsedQuestion:
    return ParsedQuestion(
        line=0,
        kind=cast(QuestionKind, row.kind),
        stem=row.stem,
        options=tuple(row.options),
        answer=tuple(row.answer),
        explanation=row.explanation,
        source=row.source,
        difficulty=row.difficulty,
        tags=tuple(row.tags),
    )
