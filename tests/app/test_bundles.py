"""A folder of weekly issues goes in as a whole, or not at all."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.access.models import AuditEntry
from app.bundles import BundleRefused, import_bundle
from app.db.engine import transaction
from app.errors import ProductError
from app.library.issues import IssueExists
from app.library.models import Issue, IssueLesson, Lesson
from app.quizzes.models import Question, Quiz, QuizQuestion
from app.resources import Service
from content.bundle import Bundle, IssueDocument, QuizDocument, read_bundle
from tests.app.library.desk import FILE, MONDAY, make_issue
from tests.world import World

LIBRARY = Path(__file__).parents[2] / "content" / "library"
QUESTION = """
  - kind: single
    stem: "多久一次？"
    options: ["每月", "每季度"]
    answer: "{answer}"
"""


def write_issue(folder: Path, *, answer: str = "B", extra: str = "") -> Path:
    """An issue with one lesson and a quiz of one question."""
    folder.mkdir(parents=True)
    (folder / "issue.yaml").write_text("title: 一期\n")
    (folder / "01-a.md").write_text(FILE)
    (folder / "quiz.yaml").write_text(f"title: 小测\npass_mark: 60\nquestions:{QUESTION.format(answer=answer)}{extra}")
    return folder


async def bring_in(service: Service, bundle: Bundle, author_id: int, weeks: int = 0) -> list[int]:
    """Imports for organisation 10 in a transaction of its own."""
    async with transaction(service.sessions) as session:
        return await import_bundle(
            session,
            bundle,
            organisation_id=10,
            author_id=author_id,
            first_week=MONDAY + timedelta(weeks=weeks),
            now=service.clock(),
        )


async def counts(service: Service) -> dict[str, int]:
    async with transaction(service.sessions) as session:
        return {
            table.__tablename__: await session.scalar(select(func.count()).select_from(table)) or 0
            for table in (Issue, IssueLesson, Lesson, Question, Quiz, QuizQuestion)
        }


async def test_the_sample_library_becomes_drafts_of_consecutive_weeks(world: World, service: Service) -> None:
    editor = await world.staff(("editor", 10))
    bundle = read_bundle(LIBRARY)
    issue_ids = await bring_in(service, bundle, editor.id)
    async with transaction(service.sessions) as session:
        issues = [await session.get_one(Issue, issue_id) for issue_id in issue_ids]
        entries = await session.scalar(select(func.count()).where(AuditEntry.actor == f"account:{editor.id}"))
    assert [(issue.title, issue.state, issue.week) for issue in issues] == [
        (document.title, "draft", MONDAY + timedelta(weeks=number)) for number, document in enumerate(bundle.issues)
    ]
    lessons = sum(len(document.lessons) for document in bundle.issues)
    questions = sum(len(document.quiz.questions) for document in bundle.issues if document.quiz)
    quizzes = sum(1 for document in bundle.issues if document.quiz)
    assert lessons > 0
    assert questions > 0
    assert await counts(service) == {
        "issues": len(bundle.issues),
        "issue_lessons": lessons,
        "lessons": lessons,
        "questions": questions,
        "quizzes": quizzes,
        "quiz_questions": questions,
    }
    assert entries == lessons + len(issue_ids) + quizzes


async def test_a_problem_anywhere_keeps_all_of_it_out(world: World, service: Service, tmp_path: Path) -> None:
    editor = await world.staff(("editor", 10))
    write_issue(tmp_path / "01-good")
    (write_issue(tmp_path / "02-bad") / "01-a.md").write_text("no front matter")
    with pytest.raises(BundleRefused) as refused:
        await bring_in(service, read_bundle(tmp_path), editor.id)
    assert [(each["path"], each["code"]) for each in refused.value.errors] == [
        ("02-bad/01-a.md", "missing_front_matter")
    ]
    assert not any((await counts(service)).values())


async def test_a_week_that_is_taken_keeps_all_of_it_out(world: World, service: Service, tmp_path: Path) -> None:
    editor = await world.staff(("editor", 10))
    await make_issue(service, 10, editor.id, [], week=MONDAY + timedelta(weeks=1))
    for number in (1, 2):
        write_issue(tmp_path / f"0{number}-a")
    with pytest.raises(IssueExists):
        await bring_in(service, read_bundle(tmp_path), editor.id)
    assert await counts(service) == {
        "issues": 1, "issue_lessons": 0, "lessons": 0, "questions": 0, "quizzes": 0, "quiz_questions": 0,
    }  # fmt: skip


async def test_a_question_of_the_bank_is_used_again(world: World, service: Service, tmp_path: Path) -> None:
    editor = await world.staff(("editor", 10))
    for number in (1, 2):
        write_issue(tmp_path / f"0{number}-a")
    await bring_in(service, read_bundle(tmp_path), editor.id)
    await bring_in(service, read_bundle(tmp_path), editor.id, weeks=2)
    found = await counts(service)
    assert (found["issues"], found["questions"], found["quizzes"], found["quiz_questions"]) == (4, 1, 4, 4)


async def test_a_question_with_another_answer_than_in_the_bank_is_refused(
    world: World, service: Service, tmp_path: Path
) -> None:
    editor = await world.staff(("editor", 10))
    write_issue(tmp_path / "01-a")
    write_issue(tmp_path / "02-a", answer="A")
    with pytest.raises(BundleRefused) as refused:
        await bring_in(service, read_bundle(tmp_path), editor.id)
    assert [(each["path"], each["line"], each["code"]) for each in refused.value.errors] == [
        ("02-a/quiz.yaml", 4, "other_answer")
    ]
    assert not any((await counts(service)).values())


def _many(document: IssueDocument) -> IssueDocument:
    assert document.quiz is not None
    quiz = QuizDocument("小测", 60, document.quiz.questions * 101)
    return replace(document, lessons=document.lessons * 21, quiz=quiz)


async def test_what_an_issue_cannot_hold_is_refused(world: World, service: Service, tmp_path: Path) -> None:
    editor = await world.staff(("editor", 10))
    write_issue(tmp_path / "01-a", extra=QUESTION.format(answer="B"))
    bundle = read_bundle(tmp_path)
    for tried, codes in (
        (bundle, {"duplicate_question"}),
        (Bundle(tuple(map(_many, bundle.issues)), ()), {"lesson_count", "question_count", "duplicate_question"}),
        (Bundle((), ()), {"empty_bundle"}),
    ):
        with pytest.raises(ProductError) as refused:
            await bring_in(service, tried, editor.id)
        assert {each["code"] for each in refused.value.errors} == codes


async def test_an_issue_may_come_without_a_quiz(world: World, service: Service, tmp_path: Path) -> None:
    editor = await world.staff(("editor", 10))
    (write_issue(tmp_path / "01-a") / "quiz.yaml").unlink()
    await bring_in(service, read_bundle(tmp_path), editor.id)
    found = await counts(service)
    assert (found["issues"], found["lessons"], found["quizzes"]) == (1, 1, 0)
