"""Search in titles, summaries and texts of lessons: exactly those that hold each word of the query.

A word is what stands between spaces, whatever the script: without spaces it is found as it is written.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Text, and_, case, cast, false, func, literal, or_, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentMember, CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Invalid
from app.library.audience import holds_for
from app.library.desk_models import LessonText
from app.library.lessons import DESK
from app.library.models import Lesson
from app.library.planning_schemas import Found, Snippet
from app.library.words import fold, tidy, tokens_wanted

# Characters around a match.
BEFORE, AFTER = 30, 60


class NothingToSearch(Invalid):
    """There is not one visible character."""

    code = "nothing_to_search"
    detail = "请输入要查找的文字。"


async def search_read(
    session: AsyncSession, member: CurrentMember, query: str, *, after: int | None, limit: int
) -> list[Found]:
    """Published lessons that are meant for the member; raises `NothingToSearch`.

    Those with all words in their title come first, then the newest; one more than `limit` where there are more.
    """
    return await _search(
        session,
        query,
        LessonText.published == true(),
        holds_for(member, LessonText.lesson_id),
        after=after,
        limit=limit,
    )


async def search_desk(
    session: AsyncSession, staff: CurrentStaff, query: str, *, after: int | None, limit: int
) -> list[Found]:
    """Lessons in the reach of an editor or reviewer, as they are written: see `search_read`."""
    places = select(Organisation.id).where(within(Organisation.path, staff.paths(*DESK)))
    mine = LessonText.lesson_id.in_(select(Lesson.id).where(Lesson.organisation_id.in_(places)))
    return await _search(session, query, LessonText.published == false(), mine, after=after, limit=limit)


async def _search(
    session: AsyncSession, query: str, *conditions: ColumnElement[bool], after: int | None, limit: int
) -> list[Found]:
    words = [word for word in (fold(tidy(part)) for part in query.split()) if word]
    if not words:
        raise NothingToSearch
    titled = [func.strpos(LessonText.folded_title, word) > 0 for word in words]
    places = [func.strpos(LessonText.folded, word) for word in words]
    in_title = and_(true(), *titled)
    # What is shown is where the first of the words is that the text has.
    place = func.coalesce(*(func.nullif(each, 0) for each in places), 0)
    length = case(*((each > 0, len(word)) for each, word in zip(places, words, strict=True)), else_=0)
    begins = func.greatest(place - BEFORE, 1)
    tokens = sorted({token for word in words for token in tokens_wanted(word)})
    holds = and_(
        LessonText.tokens.contains(cast(literal(tokens, ARRAY(Text)), ARRAY(Text))),
        # The tokens say that the text has all the pairs, this that it has them in this order.
        *(or_(*pair) for pair in zip(titled, (each > 0 for each in places), strict=True)),
    )
    order = tuple_(in_title, LessonText.lesson_id)
    around = func.substr(LessonText.text, begins, BEFORE + length + AFTER)
    statement = (
        select(LessonText.lesson_id, LessonText.title, place - begins, around, length)
        .where(holds, *conditions)
        .order_by(in_title.desc(), LessonText.lesson_id.desc())
        .limit(limit + 1)
    )
    if after is not None:
        # Of what the asker may read only: where the page begins would tell whether a title holds the query.
        last = select(in_title, LessonText.lesson_id).where(LessonText.lesson_id == after, *conditions)
        statement = statement.where(order < last.scalar_subquery())
    return [_found(*row) for row in await session.execute(statement)]


def _found(lesson_id: int, title: str, begins: int, around: str, length: int) -> Found:
    """A row of the result; `begins` is where the match is in what is `around` it, below 0 where it has none."""
    if begins < 0:
        return Found(id=lesson_id, title=title, snippet=Snippet(before="", match="", after=_line(around)))
    ends = begins + length
    parts: Sequence[str] = (around[:begins], around[begins:ends], around[ends : ends + AFTER])
    before, match, after = map(_line, parts)
    return Found(id=lesson_id, title=title, snippet=Snippet(before=before, match=match, after=after))


def _line(text: str) -> str:
    return text.replace("\n", " ")
