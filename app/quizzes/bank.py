"""The question bank of an organisation: it holds no question twice."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.quizzes.models import Question
from content.errors import Rejected
from content.questions.sheet import ParsedQuestion, QuestionSheet, normalise_answer

DUPLICATE = "duplicate_in_bank"
DUPLICATE_REASON = "题库中已有相同的试题（题型、题干和选项都相同），请删除这一行。"


@dataclass(frozen=True)
class ImportResult:
    """What was taken and what was refused: `question_ids` is empty where nothing was stored."""

    accepted: int
    rejected: Sequence[Rejected]
    question_ids: Sequence[int]


def fingerprint(question: ParsedQuestion) -> bytes:
    """What makes a question the same: its kind, stem and options, as they are compared, in whatever order."""
    parts = [question.kind, normalise_answer(question.stem), *sorted(map(normalise_answer, question.options))]
    return blake2b("\n".join(parts).encode(), digest_size=16).digest()


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


async def add_questions(
    session: AsyncSession, organisation_id: int, author_id: int, questions: Sequence[ParsedQuestion], now: datetime
) -> list[Question]:
    """Stores questions that are not in the bank yet, in their order."""
    rows = [
        Question(
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
        for question in questions
    ]
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
