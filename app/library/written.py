"""What is written into a draft or a correction, wherever it came from: Markdown, a document, a recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from app.library.assets.completing import StoredFile
from app.library.desk_models import LessonCorrection
from app.library.models import Lesson
from app.library.schemas import Permission
from app.library.words import text_of
from content.documents.markdown import LessonDocument

FIELDS = ("title", "summary", "source", "article", "source_url", "markdown")
BYLINE = ("author_line", "reprint_permission")
RENDERED = ("html", "nodes", "characters", "body_text", "notices", "media_id", "media_seconds")


@dataclass(frozen=True)
class Byline:
    """Who is to be named as the author, and whether the text may be printed again."""

    author_line: str = ""
    reprint_permission: Permission = "unknown"


NOBODY = Byline()


@dataclass(frozen=True)
class Written(LessonDocument):
    """A lesson that is fit to be kept: see the columns of `Lesson`.

    `markdown` is "" where it was not written in Markdown; `files` are its pictures, which become assets with it.
    """

    body_text: str = ""
    notices: list[dict[str, str]] = field(default_factory=list)
    media_id: int | None = None
    media_seconds: int | None = None
    files: tuple[StoredFile, ...] = ()


def as_written(document: LessonDocument) -> Written:
    """The same, where a document is nothing but its text."""
    return document if isinstance(document, Written) else Written(**vars(document))


def with_fields(base: Lesson, fields: Mapping[str, Any]) -> Written:
    """The body of a draft as it is, under other fields (those of `clean_fields`)."""
    body: dict[str, Any] = {name: getattr(base, name) for name in ("markdown", *RENDERED)}
    return Written(**fields, **body)


def write_lesson(
    lesson: Lesson, account_id: int, written: Written | LessonCorrection, byline: Byline, now: datetime
) -> None:
    """Puts what was written into a draft."""
    for name in (*FIELDS, *RENDERED):
        setattr(lesson, name, getattr(written, name))
    lesson.author_line, lesson.reprint_permission = byline.author_line, byline.reprint_permission
    lesson.changed_by = account_id
    lesson.updated_at = now


def byline_of(lesson: Lesson | LessonCorrection) -> Byline:
    """Who is named as the author now."""
    return Byline(lesson.author_line, cast("Permission", lesson.reprint_permission))


def read_text(written: Lesson | LessonCorrection | Written) -> str:
    """The text as search and word lists read it: a line for each block."""
    return written.body_text or text_of(written.nodes)


def kept_text(lesson: Lesson | Written, byline: Byline) -> dict[str, object]:
    """What of a lesson its history keeps: its text as it was written, or as it is read where it is a document."""
    kept: dict[str, object] = {name: getattr(lesson, name) for name in FIELDS} | vars(byline)
    if not lesson.markdown:
        kept["text"] = read_text(lesson)
    if lesson.media_id is not None:
        kept["media_id"] = lesson.media_id
    return kept
