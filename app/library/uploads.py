"""What editors hand in, read and parsed before the request's transaction begins."""

import json
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from app.access.deps import ServiceDep, checked_first
from app.access.principals import CurrentStaff
from app.content_errors import invalid
from app.db.engine import transaction
from app.errors import UnsupportedMediaType
from app.library.corrections import check_published
from app.library.desk_schemas import CorrectionIn
from app.library.lessons import FIELDS, Byline, get_lesson
from app.library.models import Lesson
from app.library.schemas import LessonIn, LessonPatch, LessonUpload
from app.schemas import PathId
from content.documents.markdown import LessonDocument
from content.errors import ContentError
from content.sandbox import parse_in_child

Model = TypeVar("Model", bound=BaseModel)


# Looked up in a transaction of its own, which is over when the upload is read and parsed.
KnownEditor = Annotated[CurrentStaff, Depends(checked_first("editor"))]


@dataclass(frozen=True)
class Submitted:
    """A lesson that was handed in and is fit to be kept."""

    organisation_id: int
    document: LessonDocument
    byline: Byline


async def parse_lesson(data: bytes) -> LessonDocument:
    """The lesson in a Markdown file, parsed in a child process; raises `Invalid`."""
    try:
        document: LessonDocument = await parse_in_child("markdown", data)
    except ContentError as error:
        raise invalid(error) from None
    return document


def compose(title: str, summary: str, source: str, article: str, source_url: str, markdown: str) -> bytes:
    """The Markdown file of these fields: the same rules hold for both ways to hand a lesson in."""
    fields = {"title": title, "summary": summary, "source": source, "article": article, "url": source_url}
    # A string of JSON is one of YAML too, on one line and without anything that YAML would understand.
    head = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items())
    return f"---\n{head}---\n{markdown}".encode()


def _checked(model: type[Model], given: object) -> Model:
    try:
        return model.model_validate_json(given) if isinstance(given, bytes) else model.model_validate(given)
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from None


async def _from_form(request: Request) -> Submitted:
    async with request.form(max_files=1, max_fields=10) as form:
        given = dict(form.multi_items())
        file = given.pop("file", None)
        upload = _checked(LessonUpload, given)
        if not isinstance(file, UploadFile):
            raise RequestValidationError([{"type": "missing", "loc": ("body", "file")}])
        byline = Byline(upload.author_line, upload.reprint_permission)
        return Submitted(upload.organisation_id, await parse_lesson(await file.read()), byline)


async def read_lesson(request: Request, _: KnownEditor) -> Submitted:
    """The lesson of a JSON or multipart body; raises `UnsupportedMediaType` for any other, `Invalid`, or 400."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type == "multipart/form-data":
        return await _from_form(request)
    if media_type != "application/json":
        raise UnsupportedMediaType("请以 application/json 提交各个字段，或以 multipart/form-data 上传 Markdown 文件。")
    body = _checked(LessonIn, await request.body())
    fields = body.model_dump(include=set(FIELDS))
    byline = Byline(body.author_line, body.reprint_permission)
    return Submitted(body.organisation_id, await parse_lesson(compose(**fields)), byline)


@dataclass(frozen=True)
class Corrected:
    """A published lesson as it was found, and the text that is to take its place."""

    base: Lesson
    document: LessonDocument
    byline: Byline
    note: str
    substantive: bool


async def rewrite(base: Lesson, changes: LessonPatch) -> tuple[LessonDocument, Byline]:
    """The text of a lesson with these changes, parsed in a child process; raises `Invalid`."""
    given = changes.model_dump(exclude_none=True)
    fields = {name: given.get(name, getattr(base, name)) for name in FIELDS}
    return await parse_lesson(compose(**fields)), Byline(
        given.get("author_line", base.author_line), given.get("reprint_permission", base.reprint_permission)
    )


async def read_correction(lesson_id: PathId, body: CorrectionIn, service: ServiceDep, editor: KnownEditor) -> Corrected:
    """The text of a correction; raises `NotFound`, `LessonNotPublished` or `Invalid`."""
    async with transaction(service.sessions) as session:
        base = await get_lesson(session, editor, lesson_id, "editor")
        await check_published(session, base)
    document, byline = await rewrite(base, body)
    return Corrected(base, document, byline, body.note, body.substantive)


SubmittedCorrection = Annotated[Corrected, Depends(read_correction)]
SubmittedLesson = Annotated[Submitted, Depends(read_lesson)]

# The request body of `create_lesson`, which FastAPI cannot declare by itself: two forms of one operation.
LESSON_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": LessonIn.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    **LessonUpload.model_json_schema(),
                    "required": ["organisation_id", "file"],
                    "properties": {
                        **LessonUpload.model_json_schema()["properties"],
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "Markdown in UTF-8 with front matter title, summary, source, article, url",
                        },
                    },
                }
            },
        },
    }
}
