"""How questions do in first attempts, for editors; never of so few people that one could be told apart."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff
from app.library.issues import DESK
from app.quizzes.models import Question
from app.quizzes.questions import find_question
from app.quizzes.schemas import QuestionOut
from app.quizzes.service import find_quiz, list_asked
from app.quizzes.statistics_schemas import OptionShare, QuestionStatistics
from content.questions.check import LETTERS

# With fewer a figure says little about the question, and may say something about a person.
MIN_RESPONDENTS = 10

# Of first attempts only: later ones know the key. `discrimination` is the correlation of having it right with the share
# that is right of the other questions: of a question's own weight a short test would make a correlation by itself
# (Henrysson, "Correction of item-total correlations in item analysis", Psychometrika 28, 1963, 211-218).
# Practice organisations count in their own figures only.
ITEMS = """
WITH tries AS (
    SELECT attempt.question_ids, attempt.correct_ids, attempt.answers, place.practice
    FROM attempts attempt
    JOIN members member ON member.id = attempt.member_id
    JOIN organisations place ON place.id = member.organisation_id
    WHERE attempt.number = 1 AND attempt.correct_ids IS NOT NULL AND {condition}
),
given AS (
    SELECT question.id AS question_id, question.kind, tries.answers -> question.id::text AS answer,
        question.id = ANY(tries.correct_ids) AS correct,
        cardinality(tries.correct_ids) - (question.id = ANY(tries.correct_ids))::int AS others_right,
        cardinality(tries.question_ids) - 1 AS others
    FROM tries
    CROSS JOIN LATERAL unnest(tries.question_ids) AS asked (id)
    JOIN questions question ON question.id = asked.id AND question.id = ANY(:question_ids)
    JOIN organisations bank ON bank.id = question.organisation_id
    WHERE bank.practice OR NOT tries.practice
),
chosen AS (
    SELECT question_id, jsonb_object_agg(letter, number) AS letters
    FROM (
        SELECT question_id, letter, count(*) AS number
        FROM given CROSS JOIN LATERAL jsonb_array_elements_text(answer) AS letter
        WHERE kind IN ('single', 'multiple', 'true_false')
        GROUP BY question_id, letter
    ) counted
    GROUP BY question_id
)
SELECT question_id, count(*) AS respondents, count(*) FILTER (WHERE answer IS NULL) AS unanswered,
    avg(correct::int) AS share_correct,
    corr(correct::int, others_right::double precision / NULLIF(others, 0)) AS discrimination,
    coalesce((SELECT letters FROM chosen WHERE chosen.question_id = given.question_id), '{{}}') AS letters
FROM given
GROUP BY question_id
"""


async def _count(
    session: AsyncSession, question_ids: Sequence[int], condition: str, **values: object
) -> dict[int, RowMapping]:
    statement = text(ITEMS.format(condition=condition)).bindparams(bindparam("question_ids", type_=ARRAY(BIGINT)))
    found = await session.execute(statement, {"question_ids": question_ids, **values})
    return {row["question_id"]: row for row in found.mappings()}


def _show(question: Question, row: RowMapping | None) -> QuestionStatistics:
    """The figures of a question; none where too few were asked it."""
    respondents = row["respondents"] if row else 0
    if row is None or respondents < MIN_RESPONDENTS:
        return QuestionStatistics(
            question=QuestionOut.model_validate(question), respondents=respondents, respondents_needed=MIN_RESPONDENTS
        )
    letters = LETTERS[: len(question.options)] if question.kind in ("single", "multiple", "true_false") else ""
    discrimination = row["discrimination"]
    return QuestionStatistics(
        question=QuestionOut.model_validate(question),
        respondents=respondents,
        respondents_needed=MIN_RESPONDENTS,
        unanswered=row["unanswered"],
        share_correct=round(float(row["share_correct"]), 3),
        discrimination=None if discrimination is None else round(discrimination, 3),
        options=[OptionShare(letter=letter, chosen=row["letters"].get(letter, 0)) for letter in letters],
    )


async def get_question_statistics(session: AsyncSession, staff: CurrentStaff, question_id: int) -> QuestionStatistics:
    """The figures of a question over all quizzes that asked it; raises `NotFound`."""
    question = await find_question(session, staff, question_id, *DESK)
    condition = "attempt.question_ids @> CAST(:question_ids AS bigint[])"
    rows = await _count(session, [question_id], condition)
    return _show(question, rows.get(question_id))


async def list_quiz_statistics(session: AsyncSession, staff: CurrentStaff, quiz_id: int) -> list[QuestionStatistics]:
    """The figures of all questions that a quiz has asked, by id; raises `NotFound`."""
    quiz, _ = await find_quiz(session, staff, quiz_id)
    asked = await session.scalars(
        text("SELECT DISTINCT unnest(question_ids) AS id FROM attempts WHERE quiz_id = :quiz_id ORDER BY id"),
        {"quiz_id": quiz.id},
    )
    question_ids = list(asked)
    rows = await _count(session, question_ids, "attempt.quiz_id = :quiz_id", quiz_id=quiz.id)
    return [_show(each, rows.get(each.id)) for each in await list_asked(session, question_ids)]
