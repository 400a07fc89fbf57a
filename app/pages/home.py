"""`/` and the files that the pages load."""

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from app.access.deps import ServiceDep
from app.pages.files import asset, html_page

router = APIRouter(include_in_schema=False)

AssetName = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}\.[a-z]{1,4}$")]


@router.get("/")
async def home(svc: ServiceDep) -> Response:
    """What to try next in the demonstration; a plain sign of life in production."""
    return html_page("demonstration.html" if svc.settings.demonstration else "production.html")


@router.get("/bind")
async def bind() -> Response:
    """Where the QR of a binding slip leads: the code, and how to go on in the mini-program."""
    return html_page("bind.html")


@router.get("/assets/{name}")
async def get_asset(name: AssetName, request: Request, svc: ServiceDep) -> Response:
    """A style sheet, script or picture of the pages."""
    return asset(request, name, demonstration=svc.settings.demonstration)
