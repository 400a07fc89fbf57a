"""Question sheets and quizzes for tests."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx

from app.db.engine import transaction
from app.quizzes.bank import add_questions
from app.quizzes.schemas import QuizIn
from app.quizzes.service import write_quiz
from app.resources import Service
from content.questions.check import LETTERS, check_question
from content.tables import Value, write_xlsx
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.world import Person, World

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
ORDERING = [
    "排序",
    "发展党员的顺序是什么？",
    "预备党员",
    "申请入党",
    "积极分子",
    "发展对象",
    "BCDA",
    "解析戊-机要",
    "出处戊-机要",
]
ALL = [SINGLE, MULTIPLE, TRUE_FALSE, FILL_IN]
# The right answers to all kinds, by the texts of the options.
RIGHT_TEXTS = {
    "single": ["每季度"],
    "multiple": ["党员大会", "支委会", "党小组会"],
    "true_false": ["正确"],
    "fill_in": [" 月 "],
    "ordering": ["申请入党", "积极分子", "发展对象", "预备党员"],
}
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
            QuizIn.model_validate({"question_ids": [] if "draw" in more else question_ids, **settings}),
            service.clock(),
        )
    return issue_id


class Exam:
    """A member of branch 100 before a quiz of organisation 10."""

    def __init__(self, client: httpx.AsyncClient, service: Service, member: Person, issue: int, quiz: int) -> None:
        self.client, self.service, self.member, self.issue, self.quiz = client, service, member, issue, quiz

    @classmethod
    async def build(cls, client: httpx.AsyncClient, world: World, service: Service, **settings: Any) -> "Exam":
        """A published quiz of `make_quiz`."""
        author, member = await world.staff(("editor", 1)), await world.signed_in_member(100)
        issue_id = await make_quiz(service, 10, author.id, **settings)
        quiz = await client.get(f"/issues/{issue_id}/quiz", headers=member.auth)
        assert quiz.status_code == 200, quiz.text
        return cls(client, service, member, issue_id, quiz.json()["id"])

    async def open(self, who: Person | None = None) -> httpx.Response:
        return await self.client.post(f"/quizzes/{self.quiz}/attempts", headers=(who or self.member).auth)

    async def get(self, path: str, who: Person | None = None) -> httpx.Response:
        return await self.client.get(path, headers=(who or self.member).auth)

    async def answer(
        self, attempt: dict[str, object], given: list[list[str]], who: Person | None = None
    ) -> httpx.Response:
        ids = [str(question["id"]) for question in attempt["questions"]]  # type: ignore[attr-defined]  # JSON
        body = {"answers": dict(zip(ids, given, strict=False))}
        headers = (who or self.member).auth
        return await self.client.put(f"/attempts/{attempt['id']}/answers", headers=headers, json=body)

    async def submit(self, attempt_id: object, who: Person | None = None) -> httpx.Response:
        return await self.client.post(f"/attempts/{attempt_id}/submission", headers=(who or self.member).auth)

    async def choose(self, attempt: dict[str, Any], texts: dict[str, list[str]]) -> httpx.Response:
        """Answers by the kind of question with the texts of options, wherever they stand."""
        given = [shown_letters(question, texts.get(question["kind"], [])) for question in attempt["questions"]]
        return await self.answer(attempt, given)


def shown_letters(question: dict[str, Any], texts: Sequence[str]) -> list[str]:
    """The letters under which these options are shown, or the text of a fill-in."""
    if question["kind"] == "fill_in":
        return list(texts)
    return [LETTERS[question["options"].index(text)] for text in texts]
