"""The text that search looks at, written in the transaction of the change."""

import asyncio
from collections.abc import Iterable
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.library.desk_models import LessonText
from app.library.models import Lesson
from app.library.words import fold, text_of, tidy, tokens_of


def searchable(title: str, summary: str, nodes: Iterable[Any], body_text: str = "") -> dict[str, Any]:
    """The columns of a `LessonText` but for its key; `body_text` is the text of what the nodes only show."""
    shown = tidy(title)
    text = "\n".join(part for part in (tidy(summary), body_text or text_of(nodes)) if part)
    folded_title, folded = fold(shown), fold(text)
    return {
        "title": shown,
        "text": text,
        "folded_title": folded_title,
        "folded": folded,
        "tokens": tokens_of(f"{folded_title}\n{folded}"),
    }


async def index_lesson(session: AsyncSession, lesson: Lesson, *, published: bool) -> None:
    """Has search find a lesson as it is written, or as members read it."""
    text = (lesson.title, lesson.summary, lesson.nodes, lesson.body_text)
    # In a thread: the words of a long document would hold up the other requests for a second.
    values = await asyncio.to_thread(searchable, *text)
    row = insert(LessonText).values(lesson_id=lesson.id, published=published, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["lesson_id", "published"], set_=values))
