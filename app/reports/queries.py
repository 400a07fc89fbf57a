"""The figures of a week, counted from the rows themselves.

A week is counted where its members stood at its end (a running week: where they stand): whoever moves later leaves
their figures behind. An issue is meant for the members whose path begins with the path of its organisation. Only
published issues count; a member is due with at least one of them, unless exempt (《党员教育管理工作条例》 article 23).
Practice organisations count in their own figures only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, RowMapping, and_, any_, cast, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.directory.models import Member, Organisation
from app.library.audience import is_meant, meant
from app.library.models import Issue, IssueLesson
from app.reading.editions import completed_at, edition_at, recorded_at
from app.reading.models import ReadingProgress
from app.schemas import monday_of

# Everything is looked up by kind of member first: who stands in the same organisation shares its issues and, where an
# issue of the week is narrowed, who has the same stage, roster and tags besides. The publishers of a place are the
# ids on its path, so that the cost does not grow with organisations times issues.
STUDY = """
WITH people AS ({people}),
kinds AS (SELECT DISTINCT kind, path, stage, roster, tags FROM people),
meant AS (
    SELECT member.kind, issue.id AS issue_id
    FROM kinds member
    CROSS JOIN LATERAL unnest(CAST(string_to_array(btrim(member.path, '/'), '/') AS bigint[])) publisher (id)
    JOIN issues issue ON issue.organisation_id = publisher.id
    WHERE issue.week = :week AND issue.state = 'published' AND {meant}
),
needed AS (
    SELECT meant.kind, place.lesson_id, bool_or(place.required) AS required, {edition} AS edition
    FROM meant JOIN issue_lessons place USING (issue_id)
    GROUP BY meant.kind, place.lesson_id
),
tested AS (
    SELECT meant.kind, quiz.id AS quiz_id, quiz.score_counts FROM meant JOIN quizzes quiz USING (issue_id)
),
asked AS (
    SELECT kind, coalesce(lessons.number, 0) AS lessons, coalesce(quizzes.number, 0) AS quizzes
    FROM (SELECT DISTINCT kind FROM meant) asking
    LEFT JOIN (SELECT kind, count(*) AS number FROM needed WHERE required GROUP BY 1) lessons USING (kind)
    LEFT JOIN (SELECT kind, count(*) AS number FROM tested GROUP BY 1) quizzes USING (kind)
),
reading AS (
    SELECT id, count(*) FILTER (WHERE done) AS lessons, count(*) FILTER (WHERE done AND recorded) AS recorded
    FROM (
        SELECT people.id, needed.required AND {completed_at} IS NOT NULL AS done, false AS recorded
        FROM people
        JOIN needed USING (kind)
        JOIN reading_progress progress ON progress.member_id = people.id AND progress.lesson_id = needed.lesson_id
        UNION ALL
        -- Once for a lesson, and only where it is not done otherwise: two ways are not two completions.
        SELECT id, done, true FROM (
            SELECT DISTINCT people.id, needed.lesson_id, needed.required AS done
            FROM recorded_studies study
            JOIN people ON people.id = study.member_id
            JOIN needed ON needed.kind = people.kind AND needed.lesson_id = study.lesson_id
                AND needed.edition <= study.edition
            LEFT JOIN reading_progress progress
                ON progress.member_id = people.id AND progress.lesson_id = needed.lesson_id
            WHERE study.completes AND study.withdrawn_at IS NULL AND {completed_at} IS NULL
        ) on_paper
    ) studied
    GROUP BY id
),
counting AS (
    SELECT id, max(score) AS score, bool_or(passed) AS passed
    FROM (
        SELECT people.id, attempt.quiz_id, attempt.score, attempt.passed
        FROM people
        JOIN tested USING (kind)
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
        UNION ALL
        -- On paper nobody knows which try it was: beside tries here it counts only where the best one does.
        SELECT people.id, study.quiz_id, study.score, study.passed
        FROM recorded_studies study
        JOIN people ON people.id = study.member_id
        JOIN tested ON tested.kind = people.kind AND tested.quiz_id = study.quiz_id
        WHERE study.completes AND study.withdrawn_at IS NULL AND (tested.score_counts = 'best' OR NOT EXISTS (
            SELECT FROM attempts own
            WHERE own.quiz_id = study.quiz_id AND own.member_id = study.member_id AND own.submitted_at IS NOT NULL
        ))
    ) tries
    GROUP BY id, quiz_id
),
scored AS (
    SELECT id, avg(score) AS score, count(*) FILTER (WHERE passed) AS passed FROM counting GROUP BY id
),
study AS (
    SELECT people.*,
        people.counted AND asked.kind IS NOT NULL AS due,
        reading.id IS NOT NULL AS started,
        asked.kind IS NOT NULL AND coalesce(reading.lessons, 0) = asked.lessons AS completed,
        coalesce(asked.quizzes > 0 AND scored.passed = asked.quizzes, false) AS quiz_passed,
        coalesce(reading.lessons, 0) AS lessons_completed,
        coalesce(reading.recorded, 0) AS lessons_recorded,
        coalesce(asked.lessons, 0) AS lessons_required,
        scored.score
    FROM people
    LEFT JOIN asked USING (kind)
    LEFT JOIN reading USING (id)
    LEFT JOIN scored USING (id)
)
"""

PEOPLE = """
    SELECT member.id, member.name, place.organisation_id, organisation.name AS organisation, place.path,
        member.exempt_reason IS NULL AS counted, kind.stage, kind.roster, kind.tags,
        concat_ws('|', place.organisation_id, kind.stage, kind.roster, CAST(kind.tags AS text)) AS kind
    FROM placements place
    JOIN members member ON member.id = place.member_id
    JOIN organisations organisation ON organisation.id = place.organisation_id
    CROSS JOIN (
        SELECT EXISTS (
            SELECT FROM issues WHERE week = :week
                AND cardinality(audience_stages || audience_rosters || audience_tags) > 0
        ) AS narrowed
    ) week
    CROSS JOIN LATERAL (
        SELECT CASE WHEN week.narrowed THEN member.stage ELSE '' END AS stage,
            CASE WHEN week.narrowed THEN member.roster ELSE '' END AS roster,
            CASE WHEN week.narrowed THEN member.tags ELSE '{}' END AS tags
    ) kind
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
    count(*) FILTER (WHERE due AND completed AND lessons_recorded > 0) AS recorded,
    count(*) FILTER (WHERE due AND quiz_passed) AS quiz_passed,
    round(avg(score) FILTER (WHERE due), 1) AS average_score
FROM (SELECT study.*, split_part(substr(path, length(CAST(:path AS text)) + 1), '/', 1) AS branch FROM study) placed
GROUP BY ROLLUP (branch)
"""

BY_MEMBER = """
SELECT id AS member_id, name, organisation, due, started, completed, quiz_passed, lessons_completed, lessons_recorded,
    lessons_required, round(score, 1) AS best_score
FROM study ORDER BY path, id
"""


def _study(people: str) -> str:
    """The query of what these people have done."""
    return STUDY.format(
        people=people,
        meant=meant("issue", "member"),
        edition=edition_at("place.lesson_id", "CAST(:at AS timestamptz)"),
        completed_at=completed_at("progress", "needed.edition"),
    )


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
    found = await session.execute(text(_study(PEOPLE) + BY_CHILD), vars(seen))
    return found.mappings().all()


async def list_study(
    session: AsyncSession, seen: Standpoint, *, after: int | None, limit: int | None
) -> Sequence[RowMapping]:
    """What each who stood under the path then has done, by path and id, from the member `after` on."""
    statement = text(_study(PEOPLE + PAGE) + BY_MEMBER)
    found = await session.execute(statement, {**vars(seen), "after": after, "limit": limit})
    return found.mappings().all()


def counted_at(week: str, timezone: str, now: datetime) -> datetime:
    """The moment whose state counts for a week: its end in the zone, or now while it is running."""
    ends = datetime.combine(monday_of(week) + timedelta(weeks=1), time(), ZoneInfo(timezone))
    return min(now, ends - timedelta(microseconds=1))


def unfinished(week: date, at: datetime) -> ColumnElement[bool]:
    """The condition, for a SELECT of `Member`, of being due in the week of this Monday and not having finished it.

    What there was to read is what was published `at` the time that counts. Exempt and archived members never meet it.
    """
    place = aliased(Organisation)
    publishers = cast(func.string_to_array(func.btrim(place.path, "/"), "/"), ARRAY(BIGINT))
    edition = edition_at("issue_lessons.lesson_id", "CAST(:counted_at AS timestamptz)")
    done = text(f"{completed_at('reading_progress', edition)} IS NOT NULL").bindparams(counted_at=at)
    on_paper = recorded_at("members.id", "issue_lessons.lesson_id", edition)
    read = select(ReadingProgress.lesson_id).where(
        ReadingProgress.member_id == Member.id, ReadingProgress.lesson_id == IssueLesson.lesson_id, done
    )
    unread = (
        select(IssueLesson.lesson_id)
        .join(Issue, Issue.id == IssueLesson.issue_id)
        .join(place, Issue.organisation_id == any_(publishers))
        .where(
            place.id == Member.organisation_id,
            Issue.week == week,
            Issue.state == "published",
            is_meant(),
            IssueLesson.required,
            ~read.correlate(Member, IssueLesson).exists(),
            text(f"{on_paper} IS NULL").bindparams(counted_at=at),
        )
    )
    return and_(Member.archived_at.is_(None), Member.exempt_reason.is_(None), unread.correlate(Member).exists())
