"""A published issue as it is printed: what is in it, and its pictures."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, ancestors, within
from app.directory.models import Organisation
from app.errors import NotFound
from app.library.assets.addresses import PATH
from app.library.assets.models import Asset
from app.library.models import Issue, IssueLesson, Lesson, LessonVersion
from app.quizzes.drawing import draw
from app.quizzes.models import Quiz
from app.quizzes.schemas import DrawRule
from app.quizzes.service import fixed_ids, list_asked
from app.quizzes.shuffling import options_in, order_of
from app.schemas import week_of, week_words
from app.storage.base import ObjectMissing, Store
from content.printing.blocks import Picture, blocks_of
from content.printing.issue import PrintedIssue, PrintedLesson, PrintedQuestion

PRINTERS = ("leader", "editor", "reviewer")
# What one printing holds of pictures at once; those beyond it are named on the page.
MOST_PICTURES = 40 * 1024 * 1024


async def read_issue(session: AsyncSession, staff: CurrentStaff, issue_id: int, now: datetime) -> PrintedIssue:
    """A published issue of an organisation above, at or below one of the caller's posts; raises `NotFound`.

    Of a quiz that is drawn everybody gets the same sheet; raises `BankTooSmall` where it cannot be.
    """
    paths = staff.paths(*PRINTERS)
    above = {place for path in paths for place in ancestors(path)}
    found = await session.execute(
        select(Issue, Organisation)
        .join(Organisation, Organisation.id == Issue.organisation_id)
        .where(
            Issue.id == issue_id,
            Issue.state == "published",
            or_(Organisation.id.in_(above), within(Organisation.path, paths)),
        )
    )
    row = found.first()
    if row is None:
        raise NotFound
    issue, organisation = row
    quiz = await session.scalar(select(Quiz).where(Quiz.issue_id == issue.id))
    return PrintedIssue(
        title=issue.title,
        organisation=organisation.name,
        week=week_words(week_of(issue.week)),
        summary=issue.summary,
        lessons=await _lessons(session, issue.id),
        quiz=quiz.title if quiz else "",
        questions=await _questions(session, quiz, organisation.id) if quiz else [],
        printed_on=now.astimezone(ZoneInfo(organisation.timezone)).date(),
    )


async def _lessons(session: AsyncSession, issue_id: int) -> list[PrintedLesson]:
    versions = await session.scalars(
        select(LessonVersion)
        .join(Lesson, Lesson.current_version_id == LessonVersion.id)
        .join(IssueLesson, IssueLesson.lesson_id == Lesson.id)
        .where(IssueLesson.issue_id == issue_id)
        .order_by(IssueLesson.position)
    )
    return [
        PrintedLesson(
            title=version.title,
            source="　".join(filter(None, (version.source, version.article, version.author_line))),
            blocks=blocks_of(version.nodes),
            has_media=version.media_id is not None,
        )
        for version in versions
    ]


async def _questions(session: AsyncSession, quiz: Quiz, organisation_id: int) -> list[PrintedQuestion]:
    rules = [DrawRule.model_validate(rule) for rule in quiz.draw]
    ids = await draw(session, organisation_id, rules, quiz.id) if rules else await fixed_ids(session, quiz.id)
    return [
        PrintedQuestion(each.kind, each.stem, options_in(each, order_of(each, quiz.id, shuffle=False)))
        for each in await list_asked(session, ids)
    ]


async def list_pictures(session: AsyncSession, issue: PrintedIssue) -> list[Asset]:
    """The assets of the pictures in the issue, in their order, as far as they are there."""
    sources = [block.source for lesson in issue.lessons for block in lesson.blocks if isinstance(block, Picture)]
    keys = [source.removeprefix(PATH).partition(".")[0] for source in sources if source.startswith(PATH)]
    found = await session.scalars(select(Asset).where(Asset.key.in_(keys), Asset.media_type.startswith("image/")))
    by_key = {asset.key: asset for asset in found}
    return [by_key[key] for key in dict.fromkeys(keys) if key in by_key]


async def with_pictures(store: Store, issue: PrintedIssue, assets: Sequence[Asset]) -> PrintedIssue:
    """The issue with the bytes of its pictures, as many as may be held; raises `StorageUnavailable`."""
    sources = {
        block.source.removeprefix(PATH).partition(".")[0]: block.source
        for lesson in issue.lessons
        for block in lesson.blocks
        if isinstance(block, Picture)
    }
    pictures: dict[str, bytes] = {}
    left = MOST_PICTURES
    for asset in assets:
        if asset.key is None or asset.size > left:
            continue
        try:
            pictures[sources[asset.key]] = await _whole(await store.read(asset.key, 0, asset.size))
        except ObjectMissing:
            continue
        left -= asset.size
    return replace(issue, pictures=pictures)


async def _whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
