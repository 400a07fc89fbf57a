"""A folder of weekly issues goes in as a whole: lessons, draft issues of consecutive weeks, questions and quizzes."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Invalid
from app.library.issue_schemas import MAX_LESSONS
from app.library.issues import Place, insert_issue
from app.library.lessons import add_lesson, record_created
from app.quizzes.bank import add_questions, find_same, fingerprint, hold_bank
from app.quizzes.models import Question
from app.quizzes.schemas import MAX_QUESTIONS, QuizIn
from app.quizzes.service import write_quiz
from content.bundle import Bundle, IssueDocument
from content.questions.check import ParsedQuestion

WEEK = timedelta(weeks=1)


class BundleRefused(Invalid):
    """The folder has problems, and so nothing was taken; `errors` names each with its file."""

    code = "bundle_refused"


def _problem(path: str, line: int | None, code: str, detail: str) -> dict[str, object]:
    return {"path": path, "line": line, "code": code, "detail": detail}


def _refuse(problems: Sequence[dict[str, object]]) -> None:
    if problems:
        raise BundleRefused(f"资料文件夹有 {len(problems)} 处问题，没有导入任何内容，请改正后重试。", errors=problems)


def check_bundle(bundle: Bundle) -> None:
    """Raises `BundleRefused` where there is a problem, nothing at all, or more than an issue holds here."""
    problems = [_problem(each.path, each.line, each.code, each.reason) for each in bundle.problems]
    if not bundle.issues and not problems:
        problems.append(_problem(".", None, "empty_bundle", "文件夹里没有任何一期学习，请检查路径。"))
    for issue in bundle.issues:
        if len(issue.lessons) > MAX_LESSONS:
            problems.append(_problem(issue.folder, None, "lesson_count", f"每期最多 {MAX_LESSONS} 篇资料，请拆分。"))
        if issue.quiz is None:
            continue
        path = f"{issue.folder}/quiz.yaml"
        if len(issue.quiz.questions) > MAX_QUESTIONS:
            problems.append(_problem(path, None, "question_count", f"每份测验最多 {MAX_QUESTIONS} 道题，请拆分。"))
        seen: set[bytes] = set()
        for question in issue.quiz.questions:
            if fingerprint(question) in seen:
                problems.append(_problem(path, question.line, "duplicate_question", "与前面的试题重复，请删除一道。"))
            seen.add(fingerprint(question))
    _refuse(problems)


async def import_bundle(
    session: AsyncSession,
    folder_bundle: Bundle,
    *,
    organisation_id: int,
    author_id: int,
    first_week: date,
    now: datetime,
) -> list[int]:
    """The ids of the new draft issues, from the Monday `first_week` on; all of the bundle or, by an error, nothing.

    Raises `BundleRefused`, or `IssueExists` where one of the weeks is taken.
    """
    check_bundle(folder_bundle)
    await hold_bank(session, organisation_id)
    issue_ids: list[int] = []
    for number, document in enumerate(folder_bundle.issues):
        week = first_week + number * WEEK
        issue_ids.append(await _import_issue(session, document, organisation_id, author_id, week, now))
    return issue_ids


async def _import_issue(
    session: AsyncSession, document: IssueDocument, organisation_id: int, author_id: int, week: date, now: datetime
) -> int:
    actor = f"account:{author_id}"
    lessons = [add_lesson(session, author_id, organisation_id, each, now) for each in document.lessons]
    await session.flush()
    for lesson in lessons:
        record_created(session, actor, lesson, now)
    places = [Place(lesson.id) for lesson in lessons]
    issue = await insert_issue(
        session, actor, author_id, organisation_id, week, document.title, document.summary, places, now
    )
    if document.quiz is not None:
        path = f"{document.folder}/quiz.yaml"
        question_ids = await _bank(session, organisation_id, author_id, path, document.quiz.questions, now)
        quiz = QuizIn(title=document.quiz.title, pass_mark=document.quiz.pass_mark, question_ids=question_ids)
        await write_quiz(session, issue.id, quiz, now)
    return issue.id


async def _bank(
    session: AsyncSession,
    organisation_id: int,
    author_id: int,
    path: str,
    questions: Sequence[ParsedQuestion],
    now: datetime,
) -> list[int]:
    """The ids of the questions in their order: those that the bank has are used again, the others are added."""
    known = await find_same(session, organisation_id, questions)
    other = [each for each in questions if fingerprint(each) in known and not _agrees(each, known[fingerprint(each)])]
    _refuse([_problem(path, each.line, "other_answer", "题库中已有这道题，但答案不同，请核对。") for each in other])
    new = [each for each in questions if fingerprint(each) not in known]
    if new:
        added = await add_questions(session, organisation_id, author_id, new, now)
        known |= {row.fingerprint: row for row in added}
    return [known[fingerprint(each)].id for each in questions]


def _agrees(question: ParsedQuestion, kept: Question) -> bool:
    # The options may stand in another order: the letters then mean other things, and a person should look.
    return list(question.options) == kept.options and list(question.answer) == kept.answer
