"""Routes of members: quizzes, attempts, the notebook and daily practice."""

from fastapi import APIRouter

from app.access.deps import Db, Now, TheMember
from app.quizzes import attempts, daily, practice
from app.quizzes.attempt_schemas import AnswersIn, OpenAttempt, SubmittedAttempt
from app.quizzes.notebook import RIGHT_DAYS
from app.quizzes.practice_schemas import (
    DailyAnswersIn,
    DailyPractice,
    Notebook,
    NotebookAnswersIn,
    PracticeResult,
)
from app.quizzes.schemas import QuizOut
from app.schemas import Cursor, Limit, PathId

router = APIRouter(tags=["quizzes"])


@router.get("/issues/{issue_id}/quiz", operation_id="get_quiz")
async def get_quiz(issue_id: PathId, db: Db, member: TheMember, now: Now) -> QuizOut:
    """The quiz of an issue, and how the member stands."""
    return await attempts.get_quiz(db, member, issue_id, now)


@router.post("/quizzes/{quiz_id}/attempts", operation_id="open_attempt", status_code=201)
async def open_attempt(quiz_id: PathId, db: Db, member: TheMember, now: Now) -> OpenAttempt:
    """Opens an attempt, or gives the one that is open: the questions without their answers."""
    return await attempts.open_attempt(db, member, quiz_id, now)


@router.get("/attempts/{attempt_id}", operation_id="get_attempt")
async def get_attempt(attempt_id: PathId, db: Db, member: TheMember, now: Now) -> OpenAttempt | SubmittedAttempt:
    """An attempt of the member's own; after submission with its score, and with the answers when they may be seen."""
    return await attempts.get_attempt(db, member, attempt_id, now)


@router.put("/attempts/{attempt_id}/answers", operation_id="put_answers")
async def put_answers(attempt_id: PathId, body: AnswersIn, db: Db, member: TheMember, now: Now) -> OpenAttempt:
    """Saves answers; questions that are not named keep theirs."""
    return await attempts.put_answers(db, member, attempt_id, body.answers, now)


@router.post("/attempts/{attempt_id}/submission", operation_id="submit_attempt")
async def submit_attempt(attempt_id: PathId, db: Db, member: TheMember, now: Now) -> SubmittedAttempt:
    """Hands the attempt in: scored once, and the same however often it is asked for."""
    return await attempts.submit(db, member, attempt_id, now)


@router.get("/me/notebook", operation_id="get_notebook")
async def get_notebook(db: Db, member: TheMember, now: Now, cursor: Cursor = None, limit: Limit = 50) -> Notebook:
    """What I answered wrong, to practise again; nobody else sees it."""
    found = await practice.list_notebook(db, member, now, before=cursor, limit=limit)
    rows = found[:limit]
    return Notebook(
        items=[practice.show_entry(member, entry, question) for entry, question in rows],
        next=str(rows[-1][0].id) if len(found) > limit else None,
        right_days_needed=RIGHT_DAYS,
    )


@router.post("/me/notebook/answers", operation_id="practise_notebook")
async def practise_notebook(body: NotebookAnswersIn, db: Db, member: TheMember, now: Now) -> PracticeResult:
    """Checks answers to questions of my notebook."""
    return PracticeResult(items=await practice.practise_notebook(db, member, body.answers, now))


@router.get("/me/daily-practice", operation_id="get_daily_practice")
async def get_daily_practice(db: Db, member: TheMember, now: Now) -> DailyPractice:
    """A few questions for today; nothing depends on them."""
    today = practice.today_of(member, now)
    picked = await daily.pick(db, member, today, now)
    return DailyPractice(day=today, questions=[practice.show_question(member, each) for each in picked])


@router.post("/me/daily-practice/answers", operation_id="practise_daily")
async def practise_daily(body: DailyAnswersIn, db: Db, member: TheMember, now: Now) -> PracticeResult:
    """Checks answers to questions of a day's practice."""
    return PracticeResult(items=await daily.practise_daily(db, member, body.day, body.answers, now))
