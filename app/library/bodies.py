"""How the document describes the bodies of uploads, which are read before a request's transaction begins."""

from pydantic import BaseModel

from app.library.desk_schemas import CorrectionIn, CorrectionUpload
from app.library.schemas import DocumentUpload, LessonIn, LessonUpload

FILE = {
    "type": "string",
    "format": "binary",
    "description": (
        ".docx, .pptx, .pdf, .html or a picture; or Markdown in UTF-8 with front matter title, summary, source, "
        "article, url"
    ),
}


def _form(model: type[BaseModel], *required: str) -> dict[str, object]:
    """The schema of a form with these fields and a file."""
    schema = model.model_json_schema()
    return {**schema, "required": [*required, "file"], "properties": {**schema.get("properties", {}), "file": FILE}}


# The request bodies that FastAPI cannot declare by itself: of two operations there are two forms.
LESSON_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": LessonIn.model_json_schema()},
            "multipart/form-data": {"schema": _form(LessonUpload, "organisation_id")},
        },
    }
}
CORRECTION_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": CorrectionIn.model_json_schema()},
            "multipart/form-data": {"schema": _form(CorrectionUpload, "note")},
        },
    }
}
DOCUMENT_BODY = {
    "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _form(DocumentUpload)}}}
}
