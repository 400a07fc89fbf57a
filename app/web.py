"""The HTTP face: routers, error handlers, health, and the pages of the demonstration."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

import app.access.api
import app.closures.api
import app.handovers.api
import app.identity.api
import app.identity.binding_api
import app.identity.consent_api
import app.library.api
import app.library.assets.api
import app.library.desk_api
import app.library.lessons_api
import app.library.planning_api
import app.library.word_lists_api
import app.meetings.api
import app.messaging.api
import app.messaging.callbacks.api
import app.messaging.campaigns_api
import app.messaging.schedules_api
import app.my_record.api
import app.notes.api
import app.organisations.addresses.api
import app.organisations.api
import app.organisations.audits.api
import app.organisations.imports.api
import app.organisations.people.api
import app.organisations.posts.api
import app.organisations.practice.api
import app.organisations.settings.api
import app.organisations.tree.api
import app.paper.api
import app.paper.print_api
import app.quizzes.api
import app.quizzes.member_api
import app.quizzes.questions_api
import app.reading.api
import app.records.api
import app.reports.api
from app import pages
from app.access.deps import Db
from app.errors import Unavailable
from app.middleware import PREFIX, BodyLimit, Surround, route_of
from app.organisations.imports.background import Background
from app.problems import ProblemOut, install
from app.resources import Service
from app.schemas import Out

VERSION = "0.1.0"
# The newest migration that this code knows: dates sort, so a newer database is recognised without knowing it.
REVISION = "20261125_1"

PROBLEM = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}}
PROBLEMS: dict[int | str, dict[str, object]] = {
    400: {"description": "The request cannot be understood", **PROBLEM},
    401: {"description": "Nobody is signed in", **PROBLEM},
    403: {"description": "The role may never do this", **PROBLEM},
    404: {"description": "Not there, or out of reach", **PROBLEM},
    405: {"description": "No such operation", **PROBLEM},
    409: {"description": "Not in the present state", **PROBLEM},
    412: {"description": "No longer as `If-Match` names it", **PROBLEM},
    413: {"description": "Larger than the limit", **PROBLEM},
    422: {"description": "A value cannot be accepted", **PROBLEM},
    429: {"description": "Too many tries", **PROBLEM},
    503: {"description": "Away for the moment: retry", **PROBLEM},
}

health = APIRouter(tags=["health"])


class Health(Out):
    """The state of the process."""

    status: str


@health.get("/healthz", operation_id="healthz")
async def healthz() -> Health:
    """Alive."""
    return Health(status="ok")


@health.get("/readyz", operation_id="readyz")
async def readyz(db: Db) -> Health:
    """Ready: the database answers, and its revision is ours or newer."""
    revision = None
    if await db.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
        revision = await db.scalar(text("SELECT max(version_num) FROM alembic_version"))
    if (revision or "") < REVISION:
        raise Unavailable(code="not_migrated", detail="数据库尚未升级，请先运行 zhijian migrate。", retry_after=5)
    return Health(status="ok")


@health.get("/metrics", operation_id="metrics", response_class=PlainTextResponse)
async def metrics() -> Response:
    """Prometheus metrics of this process."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _known_parameters(api: FastAPI) -> dict[tuple[str, str], set[str]]:
    """The query parameters of each operation, by path template and method, as the document names them."""
    return {
        (path, method.upper()): {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        for path, operations in api.openapi()["paths"].items()
        for method, operation in operations.items()
    }


async def refuse_unknown_parameters(request: Request) -> None:
    """A parameter that the operation does not know is an error, as an unknown field is: nothing is dropped silently.

    What a platform adds to its calls is its own affair.
    """
    if not request.query_params or "callbacks" in request.scope["route"].tags:
        return
    state = request.app.state
    if not hasattr(state, "known_parameters"):
        state.known_parameters = _known_parameters(request.app)
    known = state.known_parameters.get((route_of(request.scope), request.method))
    unknown = sorted(set(request.query_params) - known) if known is not None else []
    if unknown:
        raise RequestValidationError([{"loc": ("query", name), "type": "unknown_parameter"} for name in unknown])


ROUTERS = (
    app.identity.api.router,
    app.identity.binding_api.router,
    app.identity.consent_api.router,
    app.access.api.router,
    app.organisations.tree.api.router,
    app.organisations.api.router,
    app.organisations.imports.api.router,
    app.organisations.posts.api.router,
    app.organisations.settings.api.router,
    app.organisations.practice.api.router,
    app.organisations.audits.api.router,
    app.organisations.people.api.router,
    app.organisations.addresses.api.router,
    app.messaging.api.router,
    app.messaging.schedules_api.router,
    app.messaging.campaigns_api.router,
    app.messaging.callbacks.api.router,
    app.library.api.router,
    app.library.lessons_api.router,
    app.library.word_lists_api.router,
    app.library.assets.api.router,
    app.library.desk_api.router,
    app.library.planning_api.router,
    app.reading.api.router,
    app.notes.api.router,
    app.quizzes.api.router,
    app.quizzes.questions_api.router,
    app.quizzes.member_api.router,
    app.meetings.api.router,
    app.records.api.router,
    app.paper.api.router,
    app.paper.print_api.router,
    app.my_record.api.router,
    app.reports.api.router,
    app.closures.api.router,
    app.handovers.api.router,
)


class Api(FastAPI):
    """FastAPI, with the problem document described once for all the answers that refer to it."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document; made once."""
        document = super().openapi()
        document["components"]["schemas"]["ProblemOut"] = ProblemOut.model_json_schema()
        return document


@asynccontextmanager
async def _serving(api: FastAPI) -> AsyncIterator[None]:
    """As long as requests are answered; what goes on behind them ends with that."""
    yield
    await api.state.background.stop()


def create_api() -> FastAPI:
    """The routes and their document; it serves once `create_app` has given it a service."""
    api = Api(
        title="指尖课堂",
        version=VERSION,
        description="A mobile-learning service for Party branches. Errors are `application/problem+json`.",
        docs_url=None,  # its page would load scripts from a CDN
        redoc_url=None,
        redirect_slashes=False,  # an unknown address is a 404 problem, not a redirect
        responses=PROBLEMS,
        dependencies=[Depends(refuse_unknown_parameters)],
        lifespan=_serving,
    )
    api.include_router(health)
    for router in ROUTERS:
        api.include_router(router, prefix=PREFIX)
    # The addresses that operators enter in the platforms' consoles, without our version in them as well.
    api.include_router(app.messaging.callbacks.api.router, include_in_schema=False)
    install(api)
    api.add_middleware(BodyLimit)
    api.add_middleware(Surround)
    return api


def create_app(service: Service) -> FastAPI:
    """The application of one process, over the resources that the caller opened and will close."""
    api = create_api()
    api.state.service = service
    api.state.background = Background()
    if service.settings.demonstration:
        api.include_router(pages.demonstration)
    api.include_router(pages.router)
    pages.show_missing_pages(api, PREFIX)
    return api
