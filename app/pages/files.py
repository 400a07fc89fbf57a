"""Files of the pages as they leave: each with its type, and so that nothing but our own files is ever loaded."""

from hashlib import sha256
from pathlib import Path

from fastapi import Request, Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).parent
ASSETS = FOLDER / "assets"

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
# What the pages of a production service need; every other asset belongs to the demonstration.
EVERYWHERE = frozenset({"base.css", "bind.js", "mark.svg"})

HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
PAGE_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "Cache-Control": "no-cache",
}


def html_page(name: str, status: int = 200) -> Response:
    """A page of the folder `html`, with the headers that allow neither inline script nor style nor framing."""
    data = (FOLDER / "html" / name).read_bytes()
    return Response(data, status, media_type="text/html; charset=utf-8", headers=PAGE_HEADERS)


def asset(request: Request, name: str, *, demonstration: bool) -> Response:
    """A file of the folder `assets`, or 304; raises 404 for any name that is not one of them."""
    allowed = {file.name: file for file in ASSETS.iterdir() if demonstration or file.name in EVERYWHERE}
    file = allowed.get(name)
    if file is None or file.suffix not in TYPES:
        raise HTTPException(404)
    data = file.read_bytes()
    # Asked for again each time, so that the modules of two versions never meet in one page.
    headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": f'"{sha256(data).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=TYPES[file.suffix], headers=headers)
