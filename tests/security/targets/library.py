"""What the desk makes, to be reached for."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.db.engine import transaction
from app.library.assets.addresses import signed_url
from app.library.assets.completing import keep_bytes
from app.library.assets.models import Asset
from app.library.desk_models import DeskChange, DeskComment, LessonCorrection, Topic, TopicLesson, WordList
from app.library.models import IssueLesson, Lesson, Plan
from app.library.written import BYLINE, FIELDS, RENDERED
from content.documents.result import placeholder_html
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.content.samples import picture
from tests.security.targets import Targets, people

PICTURE = picture()


async def asset(targets: Targets, organisation_id: int) -> int:
    """A picture of which nothing has arrived yet."""
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        asset = Asset(
            organisation_id=organisation_id, account_id=targets.author.id, file_name="党徽.png", size=len(PICTURE),
            received=0, state="uploading", created_at=now, touched_at=now,
        )  # fmt: skip
        session.add(asset)
        await session.flush()
        return asset.id


async def asset_url(targets: Targets, organisation_id: int) -> str:
    """The signed address of a picture."""
    svc, now = targets.service, targets.service.clock()
    asset = await keep_bytes(
        svc.sessions, svc.media, organisation_id, targets.author.id, "system", "image/png", PICTURE, "党徽.png", now
    )
    return signed_url(svc.settings, str(asset.key), "image/png", now)


async def lesson(targets: Targets, organisation_id: int, markdown: str = "正文") -> int:
    """A draft that no issue rests on."""
    return await make_lesson(targets.service, organisation_id, targets.author.id, markdown)


async def unillustrated(targets: Targets, organisation_id: int) -> tuple[int, int]:
    """A draft with a place that waits for a picture, and a picture."""
    svc, lesson_id = targets.service, await lesson(targets, organisation_id)
    asset = await keep_bytes(
        svc.sessions, svc.media, organisation_id, targets.author.id, "system", "image/png", PICTURE, "党徽.png",
        svc.clock(),
    )  # fmt: skip
    async with transaction(svc.sessions) as session:
        (await session.get_one(Lesson, lesson_id)).html = f"<p>{placeholder_html(1)}</p>"
    return lesson_id, asset.id


async def word_list(targets: Targets, organisation_id: int) -> None:
    """The organisation's own list of one word."""
    values = {"words": [{"text": "错词", "advice": "", "level": "wrong"}], "changed_by": targets.author.id}
    row = insert(WordList).values(organisation_id=organisation_id, changed_at=targets.service.clock(), **values)
    async with transaction(targets.service.sessions) as session:
        await session.execute(row.on_conflict_do_nothing())


async def issue(targets: Targets, organisation_id: int, state: str = "draft") -> int:
    """An issue of one lesson in a state."""
    lesson_id = await lesson(targets, organisation_id)
    return await make_issue(
        targets.service, organisation_id, targets.author.id, [lesson_id], week=targets.week(), state=state
    )


async def published_issue(targets: Targets, organisation_id: int) -> int:
    """A published issue."""
    return await issue(targets, organisation_id, "published")


async def current_issue(targets: Targets, organisation_id: int) -> int:
    """The published issue of this week: an organisation has one, and so this gives the same again."""
    if organisation_id not in targets.current:
        lesson_id = await lesson(targets, organisation_id)
        targets.current[organisation_id] = await make_issue(
            targets.service, organisation_id, targets.author.id, [lesson_id], week=MONDAY, state="published"
        )
    return targets.current[organisation_id]


async def published_lesson(targets: Targets, organisation_id: int) -> int:
    """A lesson in a published issue."""
    issue_id = await issue(targets, organisation_id, "published")
    async with targets.service.sessions() as session:
        return (await session.scalars(select(IssueLesson.lesson_id).where(IssueLesson.issue_id == issue_id))).one()


async def correction(targets: Targets, organisation_id: int) -> int:
    """A correction of a published lesson that waits for a review."""
    lesson_id = await published_lesson(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        lesson = await session.get_one(Lesson, lesson_id)
        assert lesson.current_version_id is not None
        text = {name: getattr(lesson, name) for name in (*FIELDS, *BYLINE, *RENDERED)}
        correction = LessonCorrection(
            **{**text, "title": f"更正{targets.number()}"}, lesson_id=lesson_id, note="改正标题", substantive=False,
            base_version_id=lesson.current_version_id, state="in_review", author_id=targets.author.id,
            created_at=targets.service.clock(),
        )  # fmt: skip
        session.add(correction)
        await session.flush()
        return correction.id


async def corrected_lesson(targets: Targets, organisation_id: int) -> int:
    """A lesson with a correction that waits for a review."""
    correction_id = await correction(targets, organisation_id)
    async with targets.service.sessions() as session:
        return (await session.get_one(LessonCorrection, correction_id)).lesson_id


async def change(targets: Targets, organisation_id: int, *, of_issue: bool) -> tuple[int, int]:
    """An issue, or a lesson, and the id of a change of it."""
    about = await (issue if of_issue else lesson)(targets, organisation_id)
    key = {"issue_id" if of_issue else "lesson_id": about}
    async with transaction(targets.service.sessions) as session:
        change = DeskChange(
            **key,
            account_id=targets.author.id,
            action="changed",
            before={"title": "旧"},
            after={"title": "新"},
            at=targets.service.clock(),
        )
        session.add(change)
        await session.flush()
        return about, change.id


async def comment(targets: Targets, organisation_id: int) -> int:
    """A remark on a lesson."""
    lesson_id = await lesson(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        comment = DeskComment(
            lesson_id=lesson_id, account_id=targets.author.id, body="请核对条款", created_at=targets.service.clock()
        )
        session.add(comment)
        await session.flush()
        return comment.id


async def plan(targets: Targets, organisation_id: int) -> int:
    """A plan: an organisation has one, and so this is that of an organisation below."""
    below = await people.child(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        plan = Plan(
            organisation_id=below, title="第{week}周", columns=[{"title": "时政", "weeks": "every"}], ahead_weeks=4,
            enabled=True, author_id=targets.author.id, planned_until=MONDAY, created_at=targets.service.clock(),
        )  # fmt: skip
        session.add(plan)
        await session.flush()
        return plan.id


async def topic(targets: Targets, organisation_id: int, *, published: bool = False) -> int:
    """A topic of one published lesson."""
    lesson_id = await published_lesson(targets, organisation_id)
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        topic = Topic(
            organisation_id=organisation_id, title="应知应会", summary="", changed_by=targets.author.id,
            published=published, created_at=now, updated_at=now,
        )  # fmt: skip
        session.add(topic)
        await session.flush()
        session.add(TopicLesson(topic_id=topic.id, lesson_id=lesson_id, position=1))
        return topic.id


async def published_topic(targets: Targets, organisation_id: int) -> int:
    """A topic that members see."""
    return await topic(targets, organisation_id, published=True)
