"""Routes of imports into the question bank and of quizzes at the desk."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response, UploadFile

from app.access.deps import Db, DeskStaff, Editor, Now
from app.access.idempotency import OnceDep
from app.content_errors import invalid
from app.errors import Invalid
from app.library.lessons import get_organisation
from app.library.uploads import KnownEditor
from app.organisations.files import XLSX_ANSWER, xlsx_response
from app.quizzes import bank, service, statistics
from app.quizzes.schemas import ImportReport, QuizDraft, QuizIn, RejectedLine
from app.quizzes.statistics_schemas import QuizStatistics
from app.schemas import MAX_ID, PathId
from content.errors import ContentError
from content.questions.sheet import QuestionSheet, question_template
from content.sandbox import parse_in_child

router = APIRouter(tags=["quizzes"])

OrganisationId = Annotated[int, Query(ge=1, le=MAX_ID, description="Whose bank")]


class RejectedLines(Invalid):
    """Some lines cannot be taken, and so nothing was."""

    code = "rejected_lines"


async def read_sheet(file: UploadFile, _: KnownEditor) -> QuestionSheet:
    """The uploaded sheet, parsed in a child process before the request's transaction begins; raises `Invalid`."""
    try:
        sheet: QuestionSheet = await parse_in_child("question_sheet", await file.read())
    except ContentError as error:
        raise invalid(error) from None
    return sheet


@router.post(
    "/questions/import",
    operation_id="import_questions",
    status_code=201,
    responses={200: {"description": "What a dry run found", "model": ImportReport}},
)
async def import_questions(
    sheet: Annotated[QuestionSheet, Depends(read_sheet)],
    organisation_id: OrganisationId,
    response: Response,
    db: Db,
    staff: Editor,
    now: Now,
    once: OnceDep,
    dry_run: bool = False,
) -> ImportReport:
    """Takes an .xlsx of questions into the bank, all of them or, where a line is bad, none."""
    organisation = await get_organisation(db, staff, organisation_id)
    result = await bank.import_questions(
        db, sheet, organisation_id=organisation.id, author_id=staff.account_id, now=now, dry_run=dry_run
    )
    rejected = [RejectedLine(line=each.line, code=each.code, detail=each.reason) for each in result.rejected]
    if rejected and not dry_run:
        detail = f"有 {len(rejected)} 行需要修改，本次没有导入任何试题。请按提示改正后重新上传。"
        raise RejectedLines(detail, errors=[each.model_dump() for each in rejected])
    report = ImportReport(accepted=result.accepted, rejected=rejected, question_ids=list(result.question_ids))
    response.status_code = 200 if dry_run else 201
    return once.keep(report, response.status_code)


@router.get(
    "/questions/template.xlsx",
    operation_id="get_question_template",
    response_class=Response,
    responses=XLSX_ANSWER,
)
async def get_question_template(_: Editor) -> Response:
    """The workbook to fill in."""
    return xlsx_response(question_template(), "questions.xlsx", "试题导入模板.xlsx")


@router.put("/issues/{issue_id}/quiz", operation_id="put_quiz")
async def put_quiz(issue_id: PathId, body: QuizIn, db: Db, staff: Editor, now: Now) -> QuizDraft:
    """Sets the quiz of a draft issue."""
    await service.put_quiz(db, staff, issue_id, body, now)
    return await service.get_draft(db, staff, issue_id)


@router.get("/desk/issues/{issue_id}/quiz", operation_id="get_desk_quiz")
async def get_desk_quiz(issue_id: PathId, db: Db, staff: DeskStaff) -> QuizDraft:
    """The quiz of an issue with its answers."""
    return await service.get_draft(db, staff, issue_id)


@router.get("/desk/quizzes/{quiz_id}/statistics", operation_id="get_quiz_statistics")
async def get_quiz_statistics(quiz_id: PathId, db: Db, staff: DeskStaff) -> QuizStatistics:
    """How the questions of a quiz do in first attempts."""
    return QuizStatistics(items=await statistics.list_quiz_statistics(db, staff, quiz_id))
