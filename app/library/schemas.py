"""Shapes of lessons."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from app.library import rules
from app.schemas import Id, In, Out

# The bounds of `content.documents.markdown`, which then says in Chinese what is wrong; here they only bound the size.
# Control characters are kept out here: the parser would say that the YAML has them, of which the sender knows nothing.
PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]*$"
PLAIN_LINES = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]*$"
Title = Annotated[str, Field(min_length=1, max_length=80, pattern=PLAIN)]
Summary = Annotated[str, Field(max_length=200, pattern=PLAIN_LINES)]
Source = Annotated[str, Field(min_length=1, max_length=200, pattern=PLAIN)]
Article = Annotated[str, Field(max_length=80, pattern=PLAIN)]
SourceUrl = Annotated[str, Field(max_length=500, pattern=PLAIN)]
AuthorLine = Annotated[str, Field(max_length=100, pattern=PLAIN)]
Permission = Literal["own", "public_document", "permitted", "unknown"]
Markdown = Annotated[str, Field(min_length=1, max_length=512 * 1024)]
Html = Annotated[str, Field(min_length=1, max_length=1024 * 1024)]


class LessonIn(In):
    """A lesson as fields: `source` names the public document that it rests on.

    Its text is `markdown` (at most 512 KB), or `html` as it was copied from a page, whose pictures are then put in one
    by one. With `media_id`, a recording or video that was uploaded, it needs no text. What names an `author_line` needs
    a `reprint_permission` before it goes to review.
    """

    organisation_id: Id
    title: Title
    summary: Summary = ""
    source: Source
    article: Article = ""
    source_url: SourceUrl = ""
    author_line: AuthorLine = ""
    reprint_permission: Permission = "unknown"
    markdown: Markdown | None = None
    html: Html | None = None
    media_id: Id | None = None


class LessonUpload(In):
    """The fields beside the file of an upload: a form has nothing but text.

    Without a `title` it is that of the document, or the name of its file. A document needs a `source`; a Markdown file
    has all but the author in its front matter.
    """

    organisation_id: Annotated[Id, Field(strict=False)]
    title: Annotated[str, Field(max_length=80, pattern=PLAIN)] = ""
    summary: Summary = ""
    source: Annotated[str, Field(max_length=200, pattern=PLAIN)] = ""
    article: Article = ""
    source_url: SourceUrl = ""
    author_line: AuthorLine = ""
    reprint_permission: Permission = "unknown"


class DocumentUpload(In):
    """Nothing stands beside the file that takes the place of a draft's document."""


class PictureIn(In):
    """The picture that is put in: an asset that was uploaded."""

    asset_id: Id


class LessonPatch(In):
    """What of a lesson changes."""

    title: Title | None = None
    summary: Summary | None = None
    source: Source | None = None
    article: Article | None = None
    source_url: SourceUrl | None = None
    author_line: AuthorLine | None = None
    reprint_permission: Permission | None = None
    markdown: Markdown | None = None


class DraftPatch(LessonPatch):
    """What of a draft changes; `media_id` null takes the recording away from a text that it stands beside."""

    media_id: Id | None = None


class WarningOut(Out):
    """Something to look at in a lesson: a stable code, and Chinese that says what to do.

    One that is `to_confirm` needs a reviewer who says that it is in order.
    """

    code: str
    detail: str
    to_confirm: bool


class MediaOut(Out):
    """The recording or video that a lesson is; `address` is signed, from the root of the host, and good for hours."""

    kind: Literal["audio", "video"]
    media_type: str
    address: str
    seconds: int
    width: int | None
    height: int | None


class LessonDraft(Out):
    """A lesson as its editors see it; `published_version` is what members read now, if anything.

    `markdown` is "" where the lesson is a document. `open_pictures` are the numbers in the text of those that must be
    put in by hand, and `warnings` what is to be looked at before it is published. `revision` is what its ETag holds.
    """

    id: int
    organisation_id: int
    title: str
    summary: str
    source: str
    article: str
    source_url: str
    author_line: str
    reprint_permission: Permission
    markdown: str
    characters: int
    required_seconds: int
    published_version: int | None
    media: MediaOut | None
    open_pictures: list[int]
    warnings: list[WarningOut]
    revision: int
    updated_at: datetime


class WordOut(Out):
    """A word to look for: what to write instead, and how bad it is (wrong, sensitive, notice)."""

    text: str
    advice: str
    level: Literal["wrong", "sensitive", "notice"]


class RejectedOut(Out):
    """A line of a list that was not used."""

    line: int
    code: str
    detail: str


class WordListOut(Out):
    """The words that an organisation has looked for, at most 20,000; `inherited` is how many more those above have."""

    organisation_id: int
    words: list[WordOut]
    inherited: int
    rejected: list[RejectedOut]
    changed_at: datetime


class LessonRow(Out):
    """A lesson in the editors' list."""

    id: int
    organisation_id: int
    title: str
    summary: str
    source: str
    characters: int
    required_seconds: int
    published: bool
    updated_at: datetime


class LessonRows(Out):
    """A page of lessons, newest first."""

    items: list[LessonRow]
    next: str | None


class TextRule(Out):
    """How a lesson to read is completed: the figures, so that nobody has to guess."""

    kind: Literal["text"] = "text"
    characters_per_second: int = rules.CHARACTERS_PER_SECOND
    at_least_seconds: int = rules.LEAST_SECONDS
    at_most_seconds: int = rules.MOST_SECONDS
    complete_at_position: float = rules.COMPLETE_AT
    at_most_seconds_a_gap: int = rules.MOST_SECONDS_A_GAP
    handed_in_within_days: int = rules.HANDED_IN_WITHIN_DAYS


class MediaRule(Out):
    """How a recording or a video is completed: by the share of its seconds that was played.

    However fast it was: a second counts as a second of the member's time, `at_most_speed` of them in one.
    """

    kind: Literal["media"] = "media"
    media_seconds: int
    complete_at_watched: float = rules.COMPLETE_AT_WATCHED
    at_most_speed: int = rules.MOST_SPEED
    at_most_seconds_a_gap: int = rules.MOST_SECONDS_A_GAP
    handed_in_within_days: int = rules.HANDED_IN_WITHIN_DAYS


ReadingRule = Annotated[TextRule | MediaRule, Field(discriminator="kind")]


def reading_rule(media_seconds: int | None) -> TextRule | MediaRule:
    """The rule of a lesson: of a recording of that length, or of a text."""
    return TextRule() if media_seconds is None else MediaRule(media_seconds=media_seconds)


class Changed(Out):
    """What is new in a lesson since the member last opened it; after a `substantive` change it is to be read anew."""

    version: int
    note: str
    at: datetime
    substantive: bool


class LessonOut(Out):
    """A lesson as a member reads it; in a preview `version` is null, and all the rest is what will be published.

    `changed` is there until the member has opened the new version, which the first heartbeat says.
    """

    id: int
    version: int | None
    title: str
    summary: str
    source: str
    article: str
    source_url: str
    author_line: str
    html: str
    nodes: list[object]
    characters: int
    media: MediaOut | None
    required_seconds: int
    rule: ReadingRule
    changed: Changed | None
