"""Which completions count for a week, and what of a lesson is news to a member (decision 14).

A substantive correction begins a new edition of a lesson. A week asks for the edition that there was at its end: who
has completed that one or a later one has done the week's reading, whatever comes afterwards.
"""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.library.models import LessonVersion
from app.library.schemas import Changed
from app.reading.models import ReadingProgress

REPUBLISHED = "资料重新发布，内容有改动。"


def edition_at(lesson_id: str, at: str) -> str:
    """The SQL of the edition that a lesson had at a time; before its first publication, the first."""
    return f"""(
        SELECT coalesce(max(published.edition), 1) FROM lesson_versions published
        WHERE published.lesson_id = {lesson_id} AND published.created_at <= {at}
    )"""  # noqa: S608 - names of columns and parameters, none from outside


def completed_at(progress: str, edition: str) -> str:
    """The SQL of when the member of a row of `reading_progress` completed this edition or a later one, if at all.

    Of several completions the latest; an earlier one is looked for only where there is no other.
    """
    return f"""coalesce(
        CASE WHEN {progress}.edition >= {edition} THEN {progress}.completed_at END,
        (
            SELECT max(earlier.completed_at) FROM earlier_completions earlier
            WHERE earlier.member_id = {progress}.member_id AND earlier.lesson_id = {progress}.lesson_id
                AND earlier.edition >= {edition}
        )
    )"""  # noqa: S608 - names of tables and columns, none from outside


def recorded_at(member: str, lesson: str, edition: str) -> str:
    """The SQL of when a leader recorded that a member studied this edition or a later one on paper or at home, if so.

    Only a day is known: noon in UTC is on the same day all over China.
    """
    return f"""(
        SELECT max(least(study.recorded_at, (study.studied_on + time '12:00') AT TIME ZONE 'UTC'))
        FROM recorded_studies study
        WHERE study.member_id = {member} AND study.lesson_id = {lesson} AND study.edition >= {edition}
            AND study.completes AND study.withdrawn_at IS NULL
    )"""  # noqa: S608 - names of columns and parameters, none from outside


async def list_changed(session: AsyncSession, member_id: int, lesson_ids: Collection[int]) -> dict[int, Changed]:
    """What was published of these lessons since the member last opened them, by lesson."""
    found = await session.execute(
        select(
            ReadingProgress.lesson_id,
            func.max(LessonVersion.number),
            func.string_agg(func.nullif(LessonVersion.note, ""), "\n"),
            func.max(LessonVersion.created_at),
            func.bool_or(LessonVersion.edition > ReadingProgress.edition),
        )
        .join(LessonVersion, LessonVersion.lesson_id == ReadingProgress.lesson_id)
        .where(
            ReadingProgress.member_id == member_id,
            ReadingProgress.lesson_id.in_(lesson_ids),
            LessonVersion.number > ReadingProgress.version,
        )
        .group_by(ReadingProgress.lesson_id)
    )
    return {
        lesson_id: Changed(version=number, note=notes or REPUBLISHED, at=at, substantive=substantive)
        for lesson_id, number, notes, at, substantive in found
    }
