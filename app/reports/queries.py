"""The figures of a week, counted from the rows themselves.

A week is counted where its members stood at its end (a running week: where they stand): whoever moves later leaves
their figures behind. An issue is meant for the members whose path begins with the path of its organisation. Only
published issues count; a member is due with at least one of them, unless exempt (《党员教育管理工作条例》 article 23).
Practice organisations count in their own figures only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, RowMapping, and_, any_, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.directory.models import Member, Organisation
from app.library.models import Issue, IssueLesson
from app.reading.models import ReadingProgress

# Everything is looked up by organisation first: the members of one share its issues. The publishers of a place are the
# ids on its path, so that the cost does not grow with organisations times issues.
STUDY = """
WITH people AS ({people}),
meant AS (
    SELECT place.organisation_id, issue.id AS issue_id
    FROM (SELECT DISTINCT organisation_id, path FROM people) place
    CROSS JOIN LATERAL unnest(CAST(string_to_array(btrim(place.path, '/'), '/') AS bigint[])) publisher (id)
    JOIN issues issue ON issue.organisation_id = publisher.id
    WHERE issue.week = :week AND issue.state = 'published'
),
needed AS (
    SELECT meant.organisation_id, place.lesson_id, bool_or(place.required) AS required
    FROM meant JOIN issue_lessons place USING (issue_id)
    GROUP BY meant.organisation_id, place.lesson_id
),
tested AS (
    SELECT meant.organisation_id, quiz.id AS quiz_id, quiz.score_counts FROM meant JOIN quizzes quiz USING (issue_id)
),
asked AS (
    SELECT organisation_id, coalesce(lessons.number, 0) AS lessons, coalesce(quizzes.number, 0) AS quizzes
    FROM (SELECT DISTINCT organisation_id FROM meant) places
    LEFT JOIN (SELECT organisation_id, count(*) AS number FROM needed WHERE required GROUP BY 1) lessons
        USING (organisation_id)
    LEFT JOIN (SELECT organisation_id, count(*) AS number FROM tested GROUP BY 1) quizzes USING (organisation_id)
),
reading AS (
    SELECT people.id, count(*) FILTER (WHERE needed.required AND progress.completed_at IS NOT NULL) AS lessons
    FROM people
    JOIN needed USING (organisation_id)
    JOIN reading_progress progress ON progress.member_id = people.id AND progress.lesson_id = needed.lesson_id
    GROUP BY people.id
),
counting AS (
    SELECT people.id, max(attempt.score) AS score, bool_or(attempt.passed) AS passed
    FROM people
    JOIN tested USING (organisation_id)
    JOIN attempts attempt ON attempt.member_id = people.id AND attempt.quiz_id = tested.quiz_id
    WHERE attempt.submitted_at IS NOT NULL AND CASE tested.score_counts
        WHEN 'best' THEN true
        WHEN 'first' THEN attempt.number = 1
        ELSE NOT EXISTS (
            SELECT FROM attempts later
            WHERE later.quiz_id = attempt.quiz_id AND later.member_id = attempt.member_id
                AND later.number > attempt.number AND later.submitted_at IS NOT NULL
        )
    END
    GROUP BY people.id, attempt.quiz_id
),
scored AS (
    SELECT id, avg(score) AS score, count(*) FILTER (WHERE passed) AS passed FROM counting GROUP BY id
),
study AS (
    SELECT people.*,
        people.counted AND asked.organisation_id IS NOT NULL AS due,
        reading.id IS NOT NULL AS started,
        asked.organisation_id IS NOT NULL AND coalesce(reading.lessons, 0) = asked.lessons AS completed,
        coalesce(asked.quizzes > 0 AND scored.passed = asked.quizzes, false) AS quiz_passed,
        coalesce(reading.lessons, 0) AS lessons_completed,
        coalesce(asked.lessons, 0) AS lessons_required,
        scored.score
    FROM people
    LEFT JOIN asked USING (organisation_id)
    LEFT JOIN reading USING (id)
    LEFT JOIN scored USING (id)
)
"""

PEOPLE = """
    SELECT member.id, member.name, place.organisation_id, organisation.name AS organisation, place.path,
        member.exempt_reason IS NULL AS counted
    FROM placements place
    JOIN members member ON member.id = place.member_id
    JOIN organisations organisation ON organisation.id = place.organisation_id
    WHERE starts_with(place.path, :path) AND tstzrange(place.from_at, place.until_at) @> CAST(:at AS timestamptz)
        AND (NOT organisation.practice OR :practice)
"""

PAGE = """
    AND (CAST(:after AS bigint) IS NULL OR (place.path, member.id) > (
        SELECT last.path, last.member_id FROM placements last
        WHERE last.member_id = :after AND tstzrange(last.from_at, last.until_at) @> CAST(:at AS timestamptz)
    ))
    ORDER BY place.path, member.id
    LIMIT :limit
"""

# `branch` is the part of a member's path right below the organisation: the child's id, or nothing for its own members.
# ROLLUP adds the totals, whose branch is null.
BY_CHILD = """
SELECT branch IS NULL AS total, NULLIF(branch, '') AS child,
    count(*) FILTER (WHERE due) AS due,
    count(*) FILTER (WHERE due AND started) AS started,
    count(*) FILTER (WHERE due AND completed) AS completed,
    count(*) FILTER (WHERE due AND quiz_passed) AS quiz_passed,
    round(avg(score) FILTER (WHERE due), 1) AS average_score
FROM (SELECT study.*, split_part(substr(path, length(CAST(:path AS text)) + 1), '/', 1) AS branch FROM study) placed
GROUP BY ROLLUP (branch)
"""

BY_MEMBER = """
SELECT id AS member_id, name, organisation, due, started, completed, quiz_passed, lessons_completed, lessons_required,
    round(score, 1) AS best_score
FROM study ORDER BY path, id
"""


@dataclass(frozen=True)
class Standpoint:
    """From where a week is looked at: the `path` that the organisation had `at` the time that counts."""

    path: str
    practice: bool
    week: date
    at: datetime


async def count_completion(session: AsyncSession, seen: Standpoint) -> Sequence[RowMapping]:
    """The figures of who stood under the path then: a `total` row, one for each `child`, and one for its own.

    `child` is an id as text, null for the organisation's own members.
    """
    found = await session.execute(text(STUDY.format(people=PEOPLE) + BY_CHILD), vars(seen))
    return found.mappings().all()


async def list_study(
    session: AsyncSession, seen: Standpoint, *, after: int | None, limit: int | None
) -> Sequence[RowMapping]:
    """What each who stood under the path then has done, by path and id, from the member `after` on."""
    statement = text(STUDY.format(people=PEOPLE + PAGE) + BY_MEMBER)
    found = await session.execute(statement, {**vars(seen), "after": after, "limit": limit})
    return found.mappings().all()


def unfinished(week: date) -> ColumnElement[bool]:
    """The condition, for a SELECT of `Member`, of being due in the week of this Monday and not having finished it.

    Exempt and archived members never meet it.
    """
    place = aliased(Organisation)
    publishers = cast(func.string_to_array(func.btrim(place.path, "/"), "/"), ARRAY(BIGINT))
    read = select(ReadingProgress.lesson_id).where(
        ReadingProgress.member_id == Member.id,
        ReadingProgress.lesson_id == IssueLesson.lesson_id,
        ReadingProgress.completed_at.is_not(None),
    )
    unread = (
        select(IssueLesson.lesson_id)
        .join(Issue, Issue.id == IssueLesson.issue_id)
        .join(place, Issue.organisation_id == any_(publishers))
        .where(
            place.id == Member.organisation_id,
            Issue.week == week,
            Issue.state == "published",
            IssueLesson.required,
            ~read.correlate(Member, IssueLesson).exists(),
        )
    )
    return and_(Member.archived_at.is_(None), Member.exempt_reason.is_(None), unread.correlate(Member).exists())
