"""Unknown addresses: a page for who looks with a browser, and the problem document for everybody else."""

from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from app.pages.files import html_page

NOT_FOUND = 404
Handler = Callable[[Request, Exception], Awaitable[Response]]


def show_missing_pages(app: FastAPI, data: str) -> None:
    """Has a browser's unknown address answered with a page, except below `data`; the handler of `app` does the rest."""
    problems = cast(Handler, app.exception_handlers[HTTPException])

    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
        if error.status_code == NOT_FOUND and _looks(request, data):
            return html_page("missing.html", NOT_FOUND)
        return await problems(request, error)

    app.add_exception_handler(HTTPException, handle)


def _looks(request: Request, data: str) -> bool:
    """Whether somebody goes to the address, rather than a program asking for data."""
    is_page = not request.url.path.startswith((data, "/assets/"))
    return request.method == "GET" and is_page and "text/html" in request.headers.get("accept", "")
