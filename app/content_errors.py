"""How refused content is told to the person who uploaded it."""

from app.errors import Invalid
from content.errors import ContentError


def invalid(error: ContentError) -> Invalid:
    """The 422 that says what is wrong with the content, and in which line where that is known."""
    findings = [] if error.line is None else [{"line": error.line, "code": error.code, "detail": error.detail}]
    return Invalid(error.detail, code=error.code, errors=findings)
