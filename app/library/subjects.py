"""What a change or a comment is about: an issue or a lesson, in the reach of who asks."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff
from app.library.desk_models import DeskChange, DeskComment
from app.library.issues import find_issue
from app.library.lessons import DESK, get_lesson


@dataclass(frozen=True)
class Subject:
    """An issue or a lesson: one of the two ids."""

    organisation_id: int
    issue_id: int | None = None
    lesson_id: int | None = None

    @property
    def kind(self) -> str:
        """As the audit log names it."""
        return "lesson" if self.issue_id is None else "issue"

    @property
    def id(self) -> int | None:
        """The id of the issue or of the lesson."""
        return self.lesson_id if self.issue_id is None else self.issue_id

    def owns(self, table: type[DeskChange] | type[DeskComment]) -> ColumnElement[bool]:
        """The SQL of "the row is about this"."""
        return table.lesson_id == self.lesson_id if self.issue_id is None else table.issue_id == self.issue_id


async def issue_on_desk(session: AsyncSession, staff: CurrentStaff, issue_id: int) -> Subject:
    """An issue in the reach of an editor or reviewer; raises `NotFound`."""
    issue, _ = await find_issue(session, staff, issue_id, *DESK)
    return Subject(issue.organisation_id, issue_id=issue.id)


async def lesson_on_desk(session: AsyncSession, staff: CurrentStaff, lesson_id: int) -> Subject:
    """A lesson in the reach of an editor or reviewer; raises `NotFound`."""
    lesson = await get_lesson(session, staff, lesson_id, *DESK)
    return Subject(lesson.organisation_id, lesson_id=lesson.id)
