"""Question sheets and quizzes for tests."""

from collections.abc import Sequence
from datetime import date

from app.db.engine import transaction
from app.quizzes.bank import add_questions
from app.quizzes.schemas import QuizIn
from app.quizzes.service import write_quiz
from app.resources import Service
from content.questions.sheet import check_question
from content.tables import Value, write_xlsx
from tests.app.library.desk import MONDAY, make_issue, make_lesson

HEADER = ["题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析", "出处"]
SINGLE = [
    "单选",
    "支部党员大会一般多久召开一次？",
    "每月",
    "每季度",
    "每半年",
    "每年",
    "B",
    "解析甲-机要",
    "出处甲-机要",
]
MULTIPLE = ["多选", "三会包括哪些？", "党员大会", "支委会", "党小组会", "职工大会", "ABC", "解析乙-机要", "出处乙-机要"]
TRUE_FALSE = ["判断", "党小组会一般每月一次。", "", "", "", "", "对", "解析丙-机要", "出处丙-机要"]
FILL_IN = ["填空", "支委会一般每（　）一次。", "", "", "", "", "月|个月", "解析丁-机要", "出处丁-机要"]
ALL = [SINGLE, MULTIPLE, TRUE_FALSE, FILL_IN]
RIGHT = [["B"], ["C", "A", "B"], ["A"], [" 月 "]]


def sheet(*rows: Sequence[str]) -> bytes:
    """An .xlsx of questions."""
    table: list[list[Value]] = [list(row) for row in (HEADER, *rows)]
    return write_xlsx({"试题": table})


async def make_questions(
    service: Service, organisation_id: int, author_id: int, rows: Sequence[Sequence[str]]
) -> list[int]:
    """Questions in the bank; gives the ids."""
    parsed = [check_question(row[0], row[1], row[2:6], *row[6:]) for row in rows]
    async with transaction(service.sessions) as session:
        return [row.id for row in await add_questions(session, organisation_id, author_id, parsed, service.clock())]


async def make_quiz(
    service: Service,
    organisation_id: int,
    author_id: int,
    *,
    state: str = "published",
    week: date = MONDAY,
    attempts: int = 3,
    pass_mark: int = 60,
    rows: Sequence[Sequence[str]] = ALL,
    **more: object,
) -> int:
    """An issue with a quiz over `rows` in the bank's order, unless `more` says otherwise; gives the id of the issue."""
    settings = {"title": "小测", "pass_mark": pass_mark, "attempts_allowed": attempts, "shuffle_options": False, **more}
    lesson_id = await make_lesson(service, organisation_id, author_id)
    issue_id = await make_issue(service, organisation_id, author_id, [lesson_id], state=state, week=week)
    question_ids = await make_questions(service, organisation_id, author_id, rows)
    async with transaction(service.sessions) as session:
        await write_quiz(
            session,
            issue_id,
            QuizIn.model_validate({**settings, "question_ids": [] if "draw" in more else question_ids}),
            service.clock(),
        )
    return issue_id
