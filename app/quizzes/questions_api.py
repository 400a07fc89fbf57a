"""Routes of the questions in the bank."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.convertors import StringConvertor, register_url_convertor

from app.access.deps import Db, DeskStaff, Editor, Now
from app.access.idempotency import OnceDep
from app.quizzes import questions, statistics
from app.quizzes.questions import Wanted
from app.quizzes.schemas import Difficulty, Kind, QuestionIn, QuestionOut, QuestionPatch, Questions, Tag
from app.quizzes.statistics_schemas import QuestionStatistics
from app.schemas import MAX_ID, Cursor, Limit, PathId, page


# Digits only, so that words below /questions are never taken for an id; left as text, which `PathId` bounds.
class DigitsConvertor(StringConvertor):
    """What `{question_id:digits}` matches in a path."""

    regex = "[0-9]+"


register_url_convertor("digits", DigitsConvertor())
router = APIRouter(tags=["quizzes"])


async def _wanted(
    organisation_id: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Of this organisation only")] = None,
    kind: Annotated[Kind | None, Query(description="Of this kind only")] = None,
    difficulty: Annotated[Difficulty | None, Query(description="Of this difficulty only")] = None,
    tag: Annotated[Tag | None, Query(description="With this tag only")] = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$", description="In the stem")
    ] = None,
    archived: Annotated[bool, Query(description="The archived ones instead")] = False,
) -> Wanted:
    return Wanted(organisation_id, kind, difficulty, tag, q, archived)


@router.get("/questions", operation_id="list_questions")
async def list_questions(
    db: Db,
    staff: DeskStaff,
    wanted: Annotated[Wanted, Depends(_wanted)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Questions:
    """Questions in reach with their answers, newest first."""
    found = await questions.list_questions(db, staff, wanted, before=cursor, limit=limit)
    rows, following = page(found, limit)
    return Questions(items=[QuestionOut.model_validate(row) for row in rows], next=following)


@router.post("/questions", operation_id="create_question", status_code=201)
async def create_question(body: QuestionIn, db: Db, staff: Editor, now: Now, once: OnceDep) -> QuestionOut:
    """Adds one question to a bank; where the bank has it already, `errors` names that one (409)."""
    question = await questions.create_question(db, staff, body, now)
    return once.keep(QuestionOut.model_validate(question))


@router.patch("/questions/{question_id:digits}", operation_id="change_question")
async def change_question(question_id: PathId, body: QuestionPatch, db: Db, staff: Editor, now: Now) -> QuestionOut:
    """Changes a question; of one that was asked, or is reviewed or published in a quiz, only difficulty and tags."""
    return QuestionOut.model_validate(await questions.change_question(db, staff, question_id, body, now))


@router.post("/questions/{question_id}/archive", operation_id="archive_question")
async def archive_question(question_id: PathId, db: Db, staff: Editor, now: Now, once: OnceDep) -> QuestionOut:
    """Takes a question out of the bank; quizzes that have it keep it."""
    question = await questions.archive_question(db, staff, question_id, now)
    return once.keep(QuestionOut.model_validate(question), 200)


@router.post("/questions/{question_id}/restoration", operation_id="restore_question")
async def restore_question(question_id: PathId, db: Db, staff: Editor, now: Now, once: OnceDep) -> QuestionOut:
    """Brings an archived question back."""
    question = await questions.restore_question(db, staff, question_id, now)
    return once.keep(QuestionOut.model_validate(question), 200)


@router.get("/questions/{question_id}/statistics", operation_id="get_question_statistics")
async def get_question_statistics(question_id: PathId, db: Db, staff: DeskStaff) -> QuestionStatistics:
    """How a question does in first attempts, over all quizzes."""
    return await statistics.get_question_statistics(db, staff, question_id)
