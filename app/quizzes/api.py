"""Routes of imports into the question bank and of quizzes at the desk."""

import asyncio
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response, UploadFile

from app.access.deps import Db, DeskStaff, Editor, Now, ServiceDep
from app.access.idempotency import OnceDep
from app.content_errors import invalid
from app.db.engine import transaction
from app.errors import Invalid
from app.library.lessons import get_organisation
from app.library.uploads import KnownEditor
from app.organisations.files import XLSX, XLSX_ANSWER, xlsx_response
from app.quizzes import bank, service, statistics
from app.quizzes.schemas import ImportReport, QuizDraft, QuizIn, RejectedLine
from app.quizzes.statistics_schemas import QuizStatistics
from app.schemas import MAX_ID, PathId
from content.errors import ContentError
from content.questions.collect import QuestionSheet
from content.questions.read import QuestionFormat, write_questions
from content.questions.sheet import question_template
from content.sandbox import parse_in_child

router = APIRouter(tags=["quizzes"])

BINARY = {"schema": {"type": "string", "format": "binary"}}
# Format -> what the answer says it is, and the end of the file's name.
FORMATS = {
    "xlsx": (XLSX, "xlsx"),
    "gift": ("text/plain; charset=utf-8", "gift"),
    "qti21": ("application/zip", "zip"),
    "qti3": ("application/zip", "zip"),
}
OrganisationId = Annotated[int, Query(ge=1, le=MAX_ID, description="Whose bank")]


class RejectedLines(Invalid):
    """Some lines cannot be taken, and so nothing was."""

    code = "rejected_lines"


async def read_sheet(file: UploadFile, _: KnownEditor) -> QuestionSheet:
    """The uploaded file, parsed in a child process before the request's transaction begins; raises `Invalid`."""
    named = {"file_name": (file.filename or "")[-200:]}
    try:
        sheet: QuestionSheet = await parse_in_child("questions", await file.read(), named)
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
    """Takes a file of questions into the bank, all of them or, where a line is bad, none.

    .xlsx, .xls, .csv, GIFT, Aiken, an item or a package of QTI 2.1 or 3; `line` is the number of the item in a package.
    """
    organisation = await get_organisation(db, staff, organisation_id)
    result = await bank.import_questions(
        db, sheet, organisation_id=organisation.id, author_id=staff.account_id, now=now, dry_run=dry_run
    )
    rejected = [RejectedLine(line=each.line, code=each.code, detail=each.reason) for each in result.rejected]
    if rejected and not dry_run:
        detail = f"有 {len(rejected)} 行需要修改，本次没有导入任何试题。请按提示改正后重新上传。"
        raise RejectedLines(detail, errors=[each.model_dump() for each in rejected])
    notes = [RejectedLine(line=each.line, code=each.code, detail=each.reason) for each in sheet.notes]
    report = ImportReport(
        accepted=result.accepted, rejected=rejected, notes=notes, question_ids=list(result.question_ids)
    )
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


@router.get(
    "/questions/export",
    operation_id="export_questions",
    response_class=Response,
    responses={
        200: {"description": "A file of questions", "content": {media: BINARY for media, _ in FORMATS.values()}}
    },
)
async def export_questions(
    svc: ServiceDep,
    editor: KnownEditor,
    organisation_id: OrganisationId,
    now: Now,
    file_format: Annotated[QuestionFormat, Query(alias="format", description="QTI is a package")] = "xlsx",
    part: Annotated[int | None, Query(ge=1, le=1_000, description="Of a bank that is too large for one file")] = None,
) -> Response:
    """The bank of an organisation, as a file that `import_questions` takes: without what is archived."""
    async with transaction(svc.sessions) as session:
        found = await bank.export_questions(session, editor, organisation_id, file_format, now, part)
    # In a thread and after the transaction: two thousand questions take a while to write.
    data = await asyncio.to_thread(write_questions, found, file_format)
    media, extension = FORMATS[file_format]
    end = f"{f'-{part}' if part else ''}.{extension}"
    disposition = f"attachment; filename=\"questions{end}\"; filename*=UTF-8''{quote(f'题库{end}', safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(data, media_type=media, headers=headers)


@router.put("/issues/{issue_id}/quiz", operation_id="put_quiz")
async def put_quiz(issue_id: PathId, body: QuizIn, db: Db, staff: Editor, now: Now) -> QuizDraft:
    """Sets the quiz of a draft issue."""
    await service.put_quiz(db, staff, issue_id, body, now)
    return await service.get_draft(db, staff, issue_id)


@router.delete("/issues/{issue_id}/quiz", operation_id="remove_quiz", status_code=204)
async def remove_quiz(issue_id: PathId, db: Db, staff: Editor, now: Now) -> Response:
    """Takes the quiz of a draft issue away."""
    await service.remove_quiz(db, staff, issue_id, now)
    return Response(status_code=204)


@router.get("/desk/issues/{issue_id}/quiz", operation_id="get_desk_quiz")
async def get_desk_quiz(issue_id: PathId, db: Db, staff: DeskStaff) -> QuizDraft:
    """The quiz of an issue with its answers."""
    return await service.get_draft(db, staff, issue_id)


@router.get("/desk/quizzes/{quiz_id}/statistics", operation_id="get_quiz_statistics")
async def get_quiz_statistics(quiz_id: PathId, db: Db, staff: DeskStaff) -> QuizStatistics:
    """How the questions of a quiz do in first attempts."""
    return QuizStatistics(items=await statistics.list_quiz_statistics(db, staff, quiz_id))
