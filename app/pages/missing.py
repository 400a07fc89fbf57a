"""Unknown addresses: a page for who looks with a browser, and the problem document for everybody else."""

from collections.abc import Awaitable, Callable
from typing import cast

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from app.middleware import PREFIX
from app.pages.files import html_page

NOT_FOUND = 404
Handler = Callable[[Request, Exception], Awaitable[Response]]


def show_missing_pages(app: FastAPI) -> None:
    """Has the handler of HTTP errors answer a browser's unknown address with a page; that of `app` does the rest."""
    problems = cast(Handler, app.exception_handlers[HTTPException])

    async def handle(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
        if error.status_code == NOT_FOUND and _looks(request):
            return html_page("missing.html", NOT_FOUND)
        return await problems(request, error)

    app.add_exception_handler(HTTPException, handle)


def _looks(request: Request) -> bool:
    """Whether somebody goes to the address, rather than a program asking for data."""
    is_page = not request.url.path.startswith((PREFIX, "/assets/"))
    return request.method == "GET" and is_page and "text/html" in request.headers.get("accept", "")
