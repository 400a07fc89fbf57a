"""What editors hand in, read and parsed before the request's transaction begins."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, TypeVar
from weakref import WeakKeyDictionary

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile

from app.access.deps import Now, ServiceDep, checked_first
from app.access.principals import CurrentStaff
from app.content_errors import invalid
from app.db.engine import transaction
from app.errors import Invalid, UnsupportedMediaType
from app.library.corrections import check_published
from app.library.desk_schemas import CorrectionIn, CorrectionUpload
from app.library.documents import read_document
from app.library.lessons import get_lesson
from app.library.models import Lesson
from app.library.reach import get_organisation
from app.library.recordings import find_recording
from app.library.schemas import DocumentUpload, LessonIn, LessonPatch, LessonUpload, WarningOut
from app.library.warnings import find_warnings, load_words
from app.library.written import FIELDS, Byline, Written, as_written, byline_of, with_fields
from app.resources import Service
from app.schemas import PathId
from content.documents.kinds import Kind, kind_of
from content.documents.markdown import LessonDocument, clean_fields
from content.errors import ContentError
from content.sandbox import parse_in_child
from content.words import Word

Model = TypeVar("Model", bound=BaseModel)


# Looked up in a transaction of its own, which is over when the upload is read and parsed.
KnownEditor = Annotated[CurrentStaff, Depends(checked_first("editor"))]


# As many files as are in memory at a time in a process, of 20 MB each; others wait on the disk.
FILES_AT_ONCE = 3
_places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class FrontMatterOnly(Invalid):
    """A Markdown file says itself what it is called and where it comes from."""

    code = "front_matter_only"
    detail = "Markdown 文件的标题、摘要、出处、条款、网址写在文件开头的说明里，请不要同时在表单中填写。"


class OneText(Invalid):
    """A lesson has one text, or is a recording."""

    code = "one_text"
    detail = "请填写正文（markdown）或粘贴网页内容（html），只用其中一种；只有音频或视频资料可以没有正文。"


async def _place(request: Request, _: KnownEditor) -> AsyncIterator[None]:
    """Holds a place for the file of a form until the request is done; other bodies need none."""
    if media_type_of(request) != "multipart/form-data":
        yield
        return
    # To the disk first: whoever sends slowly keeps nobody waiting.
    await request.form(max_files=1, max_fields=12)
    async with _places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(FILES_AT_ONCE)):
        yield


# Before the file of a form is read.
Placed = Annotated[None, Depends(_place)]


@dataclass(frozen=True)
class Submitted:
    """A lesson that was handed in and is fit to be kept, and what is to be looked at in it."""

    organisation_id: int
    written: Written
    byline: Byline
    warnings: list[WarningOut]


async def parse_lesson(data: bytes) -> Written:
    """The lesson in a Markdown file, parsed in a child process; raises `Invalid`."""
    try:
        document: LessonDocument = await parse_in_child("markdown", data)
    except ContentError as error:
        raise invalid(error) from None
    return as_written(document)


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


async def _read_form(request: Request, model: type[Model]) -> tuple[Model, bytes, str]:
    """The fields of a form, and the bytes and the name of its one file."""
    async with request.form(max_files=1, max_fields=12) as form:
        given = dict(form.multi_items())
        file = given.pop("file", None)
        fields = _checked(model, given)
        if not isinstance(file, UploadFile):
            raise RequestValidationError([{"type": "missing", "loc": ("body", "file")}])
        return fields, await file.read(), file.filename or ""


def _kind_of(data: bytes, file_name: str) -> Kind:
    try:
        return kind_of(data, file_name)
    except ContentError as error:
        raise invalid(error) from None


async def _words_for(svc: Service, editor: CurrentStaff, organisation_id: int) -> list[Word]:
    """The words to look for; before anything is parsed for an organisation that is out of reach: `NotFound`."""
    async with transaction(svc.sessions) as session:
        await get_organisation(session, editor, organisation_id)
        return await load_words(session, organisation_id)


async def _from_form(request: Request, svc: Service, editor: CurrentStaff, now: datetime) -> Submitted:
    upload, data, file_name = await _read_form(request, LessonUpload)
    words = await _words_for(svc, editor, upload.organisation_id)
    kind = _kind_of(data, file_name)
    fields = {name: getattr(upload, name) for name in FIELDS if name != "markdown"}
    if kind == "markdown":
        if any(fields.values()):
            raise FrontMatterOnly
        written = await parse_lesson(data)
    else:
        written = await read_document(svc, kind, data, fields, now, file_name)
    byline = Byline(upload.author_line, upload.reprint_permission)
    return Submitted(upload.organisation_id, written, byline, await find_warnings(words, written))


async def read_lesson(request: Request, svc: ServiceDep, editor: KnownEditor, now: Now, _: Placed) -> Submitted:
    """The lesson of a JSON or multipart body; raises `UnsupportedMediaType` for any other, `Invalid`, or 400."""
    media_type = media_type_of(request)
    if media_type == "multipart/form-data":
        return await _from_form(request, svc, editor, now)
    if media_type != "application/json":
        raise UnsupportedMediaType("请以 application/json 提交各个字段，或以 multipart/form-data 上传文件。")
    return await _from_fields(_checked(LessonIn, await request.body()), svc, editor, now)


async def _from_fields(body: LessonIn, svc: Service, editor: CurrentStaff, now: datetime) -> Submitted:
    if (body.markdown is None) + (body.html is None) != 1 and (body.media_id is None or body.html is not None):
        raise OneText
    words = await _words_for(svc, editor, body.organisation_id)
    fields = body.model_dump(include=set(FIELDS) - {"markdown"})
    if body.html is not None:
        written = await read_document(svc, "html", body.html.encode(), fields, now)
    elif body.markdown is not None:
        written = await parse_lesson(compose(**fields, markdown=body.markdown))
    else:
        written = without_text(fields)
    written = await with_recording(svc, editor, written, body.media_id)
    byline = Byline(body.author_line, body.reprint_permission)
    return Submitted(body.organisation_id, written, byline, await find_warnings(words, written))


async def with_recording(svc: Service, editor: CurrentStaff, written: Written, media_id: int | None) -> Written:
    """The same beside this recording, or without any; raises `OneText` or what `find_recording` does."""
    if media_id is None:
        if not written.html:
            raise OneText
        return replace(written, media_id=None, media_seconds=None)
    async with transaction(svc.sessions) as session:
        media_id, seconds = await find_recording(session, editor, media_id)
    return replace(written, media_id=media_id, media_seconds=seconds)


def without_text(fields: Mapping[str, str]) -> Written:
    """A lesson that is nothing but a recording; raises `Invalid`."""
    try:
        checked: dict[str, Any] = {**clean_fields(**fields)}
    except ContentError as error:
        raise invalid(error) from None
    return Written(**checked, markdown="", html="", nodes=[], characters=0)


def media_type_of(request: Request) -> str:
    """What the body says that it is."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


async def read_file(request: Request) -> tuple[bytes, str]:
    """The bytes and the name of the file of a form; raises `UnsupportedMediaType`, 422 or 400."""
    if media_type_of(request) != "multipart/form-data":
        raise UnsupportedMediaType("请以 multipart/form-data 上传文件。")
    _, data, file_name = await _read_form(request, DocumentUpload)
    return data, file_name


async def replaced(base: Lesson, data: bytes, file_name: str, svc: Service, now: datetime) -> Written:
    """What a draft is with another document in place of its own; raises `Invalid`.

    A Markdown file says itself what it is called; under any other the fields stay as they are.
    """
    kind = _kind_of(data, file_name)
    if kind == "markdown":
        written = await parse_lesson(data)
    else:
        fields = {name: getattr(base, name) for name in FIELDS if name != "markdown"}
        written = await read_document(svc, kind, data, fields, now)
    return replace(written, media_id=base.media_id, media_seconds=base.media_seconds)


@dataclass(frozen=True)
class Corrected:
    """A published lesson as it was found, and the text that is to take its place."""

    base: Lesson
    written: Written
    byline: Byline
    note: str
    substantive: bool
    warnings: list[WarningOut]


async def rewrite(base: Lesson, changes: LessonPatch) -> tuple[Written, Byline]:
    """A lesson with these changes, its Markdown parsed in a child process; raises `Invalid`.

    What was not written in Markdown stays as it is under changed fields, unless Markdown comes in its place.
    """
    given = changes.model_dump(exclude_none=True)
    fields = {name: given.get(name, getattr(base, name)) for name in FIELDS}
    byline = Byline(
        given.get("author_line", base.author_line), given.get("reprint_permission", base.reprint_permission)
    )
    if not fields["markdown"]:
        del fields["markdown"]
        try:
            return with_fields(base, clean_fields(**fields)), byline
        except ContentError as error:
            raise invalid(error) from None
    written = await parse_lesson(compose(**fields))
    return replace(written, media_id=base.media_id, media_seconds=base.media_seconds), byline


async def read_correction(
    lesson_id: PathId, request: Request, svc: ServiceDep, editor: KnownEditor, now: Now, _: Placed
) -> Corrected:
    """The new text of a correction: changed fields as JSON, or another document in a form.

    Raises `NotFound`, `LessonNotPublished`, `UnsupportedMediaType` or `Invalid`.
    """
    media_type, data, file_name = media_type_of(request), b"", ""
    body: CorrectionIn | CorrectionUpload
    if media_type == "multipart/form-data":
        body, data, file_name = await _read_form(request, CorrectionUpload)
    elif media_type == "application/json":
        body = _checked(CorrectionIn, await request.body())
    else:
        raise UnsupportedMediaType("请以 application/json 提交要改的各项，或以 multipart/form-data 上传新的文件。")
    async with transaction(svc.sessions) as session:
        base = await get_lesson(session, editor, lesson_id, "editor")
        await check_published(session, base)
        words = await load_words(session, base.organisation_id)
    if isinstance(body, CorrectionIn):
        written, byline = await rewrite(base, body)
    else:
        written, byline = await replaced(base, data, file_name, svc, now), byline_of(base)
    warnings = await find_warnings(words, written)
    return Corrected(base, written, byline, body.note, body.substantive, warnings)


SubmittedCorrection = Annotated[Corrected, Depends(read_correction)]
SubmittedLesson = Annotated[Submitted, Depends(read_lesson)]
