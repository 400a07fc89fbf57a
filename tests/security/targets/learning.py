"""What members read, answer, attend and are credited with, to be reached for."""

from datetime import timedelta

from sqlalchemy import select, update

from app.db.engine import transaction
from app.library.models import IssueLesson
from app.meetings.models import Meeting
from app.my_record.models import Certificate
from app.notes.models import Note
from app.quizzes.models import Attempt, Quiz
from app.quizzes.notebook import Wrong, note_wrong
from app.quizzes.schemas import QuizIn
from app.quizzes.service import fixed_ids, write_quiz
from app.reading.models import ReadingProgress
from app.records.models import RecordedStudy
from tests.app.quizzes.exam import make_questions
from tests.security.targets import Targets, library, people

# Correct answers of `question`, whose stem is numbered: no other text holds these words.
EXPLANATION, SOURCE = "解析-交卷前保密", "出处-交卷前保密"


async def begin(targets: Targets, member_id: int, lesson_id: int) -> None:
    """The member has begun with a lesson, wherever it is."""
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        session.add(
            ReadingProgress(
                member_id=member_id, lesson_id=lesson_id, position=0.5, credited_ms=0, recent=[], started_at=now,
                heartbeat_at=now,
            )
        )  # fmt: skip


async def note(targets: Targets, organisation_id: int, member_id: int | None = None, *, awaiting: bool = False) -> int:
    """A note of a member, of somebody of the organisation unless it is said whose."""
    lesson_id = await library.published_lesson(targets, organisation_id)
    author = member_id or await targets.world.member(organisation_id)
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        note = Note(
            member_id=author,
            lesson_id=lesson_id,
            body=f"心得{targets.number()}",
            created_at=now,
            updated_at=now,
            state="awaiting" if awaiting else "private",
            organisation_id=organisation_id if awaiting else None,
        )
        session.add(note)
        await session.flush()
        return note.id


async def awaiting_note(targets: Targets, organisation_id: int) -> int:
    """A note of a member of the organisation that awaits a review."""
    return await note(targets, organisation_id, awaiting=True)


async def question(targets: Targets, organisation_id: int) -> int:
    """A question of the bank whose answer is B."""
    row = ["单选", f"第{targets.number()}题：多久一次？", "每月", "每季", "每年", "", "B", EXPLANATION, SOURCE]
    return (await make_questions(targets.service, organisation_id, targets.author.id, [row]))[0]


async def quiz_issue(targets: Targets, organisation_id: int, state: str = "draft") -> int:
    """An issue with a quiz of one question."""
    issue_id = await library.issue(targets, organisation_id, state)
    question_id = await question(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        quiz = QuizIn(title="小测", attempts_allowed=2, shuffle_options=False, question_ids=[question_id])
        await write_quiz(session, issue_id, quiz, targets.service.clock())
    return issue_id


async def quiz(targets: Targets, organisation_id: int) -> int:
    """A quiz of a published issue."""
    issue_id = await quiz_issue(targets, organisation_id, "published")
    async with targets.service.sessions() as session:
        return (await session.scalars(select(Quiz.id).where(Quiz.issue_id == issue_id))).one()


async def attempt(targets: Targets, organisation_id: int, member_id: int) -> tuple[int, int]:
    """An open attempt of a member at a quiz of the organisation, and the one question."""
    quiz_id = await quiz(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        asked = await fixed_ids(session, quiz_id)
        now = targets.service.clock()
        attempt = Attempt(
            quiz_id=quiz_id, member_id=member_id, number=1, seed=1, question_ids=asked, answers={}, started_at=now
        )
        session.add(attempt)
        await session.flush()
        return attempt.id, asked[0]


async def wrong_answer(targets: Targets, organisation_id: int, member_id: int) -> int:
    """A question in the notebook of a member since the day before yesterday, of a quiz with no attempt left."""
    attempt_id, question_id = await attempt(targets, organisation_id, member_id)
    then = targets.service.clock() - timedelta(days=2)
    async with transaction(targets.service.sessions) as session:
        used = await session.get_one(Attempt, attempt_id)
        used.submitted_at, used.score, used.passed, used.correct_ids = then, 0, False, []
        await session.execute(update(Quiz).where(Quiz.id == used.quiz_id).values(attempts_allowed=1))
        await note_wrong(session, [Wrong(member_id, question_id, attempt_id, then)])
    return question_id


async def meeting(targets: Targets, organisation_id: int) -> int:
    """A meeting in two days."""
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        meeting = Meeting(
            organisation_id=organisation_id,
            kind="theme_day",
            title=f"主题党日{targets.number()}",
            agenda="",
            starts_at=now + timedelta(days=2),
            ends_at=now + timedelta(days=2, hours=1),
            join_link="https://meeting.example.com/1",
            meeting_code="",
            meeting_password="",
            created_by=targets.author.id,
            created_at=now,
        )
        session.add(meeting)
        await session.flush()
        return meeting.id


async def begun_meeting(targets: Targets, organisation_id: int) -> int:
    """A meeting that began an hour ago."""
    meeting_id = await meeting(targets, organisation_id)
    began = targets.service.clock() - timedelta(hours=1)
    async with transaction(targets.service.sessions) as session:
        begun = await session.get_one(Meeting, meeting_id)
        begun.starts_at, begun.ends_at = began, began + timedelta(hours=2)
    return meeting_id


async def recorded_study(targets: Targets, organisation_id: int) -> int:
    """A lesson that a member read on paper."""
    issue_id = await library.issue(targets, organisation_id, "published")
    member_id = await people.member(targets, organisation_id)
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        lesson = await session.scalar(select(IssueLesson.lesson_id).where(IssueLesson.issue_id == issue_id))
        study = RecordedStudy(
            member_id=member_id, issue_id=issue_id, lesson_id=lesson, edition=1, way="paper",
            studied_on=now.date(), completes=True, recorded_by=targets.author.id, recorded_at=now,
        )  # fmt: skip
        session.add(study)
        await session.flush()
        return study.id


async def certificate(targets: Targets, organisation_id: int) -> str:
    """A certificate of a member; gives its number."""
    member_id, now = await people.member(targets, organisation_id), targets.service.clock()
    number = f"2222-2222-2222-{targets.number():04}"
    async with transaction(targets.service.sessions) as session:
        session.add(
            Certificate(
                number=number, member_id=member_id, begins_on=now.date(), ends_on=now.date(), issues_completed=0,
                hundredths=0, rules="1", issued_on=now.date(), issued_at=now,
            )
        )  # fmt: skip
    return number
