"""Lessons and issues for tests, made without the API where the API is not what is tested."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import update

from app.db.engine import transaction
from app.library.issues import Place, insert_issue
from app.library.lessons import add_lesson
from app.library.models import Issue
from app.library.service import publish_issue
from app.resources import Service
from content.documents.markdown import lesson_from_fields

MONDAY = date(2026, 11, 16)  # of the week that the tests' clock begins in
BODY = "## 第一条\n\n党的支部委员会会议**一般每月**召开一次。\n\n- 甲\n- 乙\n"
FILE = f"""---
title: 支部委员会会议
summary: 多久开一次
source: 《中国共产党支部工作条例（试行）》
article: 第十二条
url: https://www.12371.cn/
---
{BODY}"""


def fields(organisation_id: int, **changes: object) -> dict[str, object]:
    """The JSON of a lesson."""
    return {
        "organisation_id": organisation_id,
        "title": "支部委员会会议",
        "summary": "多久开一次",
        "source": "《中国共产党支部工作条例（试行）》",
        "article": "第十二条",
        "source_url": "https://www.12371.cn/",
        "markdown": BODY,
        **changes,
    }


async def make_lesson(service: Service, organisation_id: int, author_id: int, markdown: str = BODY) -> int:
    """A draft lesson; gives the id."""
    document = lesson_from_fields("支部委员会会议", "", "《支部工作条例》", "第十二条", "", markdown)
    async with transaction(service.sessions) as session:
        lesson = add_lesson(session, author_id, organisation_id, document, service.clock())
        await session.flush()
        return lesson.id


async def make_issue(
    service: Service,
    organisation_id: int,
    author_id: int,
    lessons: Sequence[int | Place],
    *,
    week: date = MONDAY,
    state: str = "draft",
) -> int:
    """An issue in any state; a published one has its lessons frozen. Gives the id."""
    places = [each if isinstance(each, Place) else Place(each) for each in lessons]
    now = service.clock()
    async with transaction(service.sessions) as session:
        issue = await insert_issue(
            session, "system", author_id, organisation_id, week, f"学习{week}", "摘要", places, now
        )
        issue.state = "scheduled" if state in ("published", "withdrawn") else state
    if state in ("published", "withdrawn"):
        async with transaction(service.sessions) as session:
            assert await publish_issue(session, issue.id, now) is not None
    if state == "withdrawn":
        async with transaction(service.sessions) as session:
            await session.execute(update(Issue).where(Issue.id == issue.id).values(state="withdrawn"))
    return issue.id
