"""An import from its file to its end, in transactions of its own: in the background of a request, or at a command."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.db.engine import transaction
from app.directory.models import Organisation
from app.errors import ProductError
from app.organisations.imports.applying import apply_lines, hold_people, try_lock
from app.organisations.imports.checking import check_lines
from app.organisations.imports.errors import ImportInterrupted, RosterChanged
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.places import TIMEZONE
from app.organisations.imports.reading import Progress, options_for, stage
from app.organisations.imports.schemas import ImportOut
from app.organisations.imports.service import RUNNING, Order, begin_import, describe, interruption, only_top
from app.organisations.locks import keep_tree
from app.resources import Service

log = structlog.get_logger()

BEAT_SECONDS = 1.0
# Between two tries for the one lock: another import is at it.
PAUSE_SECONDS = 0.2
INTERNAL_ERROR = "internal_error"
UNEXPECTED = "系统出现意外错误，没有导入任何内容。请稍后重试；如仍不行，请联系管理员。"


async def run_import(service: Service, order: Order) -> ImportOut:
    """An import from beginning to end; raises what is wrong with the file.

    With lines that are refused or asked about it ends as checked, and nothing is imported. Without an organisation it
    goes into the top of the tree, so that those who administer it see it and can take it back.
    """
    async with transaction(service.sessions) as session:
        if order.organisation_id is None:
            order = replace(order, organisation_id=await only_top(session))
        import_id, _ = await begin_import(session, order, service.clock())
    await carry_out(service, import_id, order)
    async with transaction(service.sessions) as session:
        return await describe(session, service.vault, import_id, service.clock())


async def import_in_background(service: Service, import_id: int, order: Order) -> None:
    """Reads, checks and, unless it is a dry run, applies; what goes wrong is told by the record."""
    await _quietly(import_id, carry_out(service, import_id, order))


async def apply_in_background(service: Service, import_id: int) -> None:
    """Applies what was checked and claimed; what goes wrong is told by the record."""
    await _quietly(import_id, apply_checked(service, import_id))


async def _quietly(import_id: int, work: Awaitable[None]) -> None:
    try:
        await work
    except ProductError as error:
        log.info("import_refused", import_id=import_id, code=error.shown_code)
    except Exception as error:  # the last place where it can be told
        log.error("import_failed", import_id=import_id, exc_info=error)


async def carry_out(service: Service, import_id: int, order: Order) -> None:
    """Reads, checks and, unless it is a dry run, applies a new import; raises what its record tells then."""
    async with _telling(service, import_id), _beating(service, import_id) as progress:
        async with transaction(service.sessions) as session:
            today = service.clock().astimezone(await _zone(session, order.organisation_id)).date()
            options = await options_for(session, order.organisation_id, order.columns, today.isoformat())
        await stage(service.sessions, service.vault, import_id, order.data, options, progress)
        if order.dry_run:
            await _check(service, import_id, progress)
        else:
            await _apply(service, import_id, progress, fresh=True)


async def apply_checked(service: Service, import_id: int) -> None:
    """Applies an import that was checked and claimed; raises what its record tells then."""
    async with _telling(service, import_id), _beating(service, import_id) as progress:
        async with transaction(service.sessions) as session:
            progress.total = (await session.get_one(RosterImport, import_id)).lines_total
        await _apply(service, import_id, progress, fresh=False)


async def _zone(session: AsyncSession, organisation_id: int | None) -> ZoneInfo:
    if organisation_id is None:
        return ZoneInfo(TIMEZONE)
    return ZoneInfo((await session.get_one(Organisation, organisation_id)).timezone)


async def _check(service: Service, import_id: int, progress: Progress, error: ProductError | None = None) -> None:
    """Has the record tell what the import would do, and why it was not done."""
    async with transaction(service.sessions) as session:
        record = await session.get_one(RosterImport, import_id)
        await _keep_check(session, record, progress, service)
        if error is not None:
            record.error_code, record.error_detail = error.shown_code, error.shown_detail


async def _keep_check(session: AsyncSession, record: RosterImport, progress: Progress, service: Service) -> None:
    now = service.clock()
    checked = await check_lines(session, record, now)
    checked.keep(record, now)
    record.state, record.lines_total, record.lines_done = "checked", progress.total, progress.total
    audit.record(
        session, record.actor, "roster.checked", "roster_import", record.id,
        now=now, organisation_id=record.organisation_id, **checked.counts,
    )  # fmt: skip


async def _apply(service: Service, import_id: int, progress: Progress, *, fresh: bool) -> None:
    async with transaction(service.sessions) as session:
        # Not one that another process has applied meanwhile.
        running = RosterImport.id == import_id, RosterImport.state.in_(RUNNING)
        values = {"state": "applying", "lines_total": progress.total, "heartbeat_at": service.clock()}
        await session.execute(update(RosterImport).where(*running).values(**values))
    try:
        while not await _try_apply(service, import_id, progress, fresh=fresh):  # noqa: ASYNC110 - the lock is elsewhere
            await asyncio.sleep(PAUSE_SECONDS)
    except RosterChanged as error:
        await _check(service, import_id, progress, error)
        raise


async def _try_apply(service: Service, import_id: int, progress: Progress, *, fresh: bool) -> bool:
    """Applies in one transaction, if no other import is at it; `fresh` lines have not been checked before."""
    async with transaction(service.sessions) as session:
        if not await try_lock(session):
            return False
        await keep_tree(session)
        now = service.clock()
        record = await session.get_one(RosterImport, import_id)
        if record.state == "applied":
            return True  # by another process, while this one was thought to be gone
        await hold_people(session, record.organisation_id)
        checked = await check_lines(session, record, now)
        if checked.differs and not fresh:
            raise RosterChanged
        if checked.counts["rejected"] or checked.counts["questions"]:
            await _keep_check(session, record, progress, service)
        else:
            await apply_lines(session, service.vault, record, checked, progress, now)
            record.organisation_id = record.organisation_id or await only_top(session)
    return True


@asynccontextmanager
async def _telling(service: Service, import_id: int) -> AsyncIterator[None]:
    """Has the record tell what goes wrong in the block: a checked import stays one, any other has failed."""
    try:
        yield
    except asyncio.CancelledError:
        await _tell(service, import_id, ImportInterrupted.code)
        raise
    except ProductError as error:
        await _tell(service, import_id, error.shown_code, error.shown_detail)
        raise
    except Exception:
        await _tell(service, import_id, INTERNAL_ERROR, UNEXPECTED)
        raise


async def _tell(service: Service, import_id: int, code: str, detail: str | None = None) -> None:
    async with transaction(service.sessions) as session:
        record = await session.get_one(RosterImport, import_id)
        if record.state not in ("reading", "applying"):
            return  # told already
        record.state = "failed" if record.checked_at is None else "checked"
        record.error_code, record.error_detail = code, detail or interruption(record)
        if record.state == "failed":
            await session.execute(delete(ImportLine).where(ImportLine.import_id == import_id))


@asynccontextmanager
async def _beating(service: Service, import_id: int) -> AsyncIterator[Progress]:
    """Has the record tell how far the import has come, as long as the block runs."""
    progress = Progress()

    async def beat() -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            values = {"lines_total": progress.total, "lines_done": progress.done}
            try:
                async with transaction(service.sessions) as session:
                    await _set(session, import_id, **values, heartbeat_at=service.clock())
            except Exception as error:  # the import itself meets it too, or does not
                log.warning("import_heartbeat_missed", import_id=import_id, error=type(error).__name__)

    beating = asyncio.create_task(beat())
    try:
        yield progress
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _set(session: AsyncSession, import_id: int, **values: object) -> None:
    await session.execute(update(RosterImport).where(RosterImport.id == import_id).values(**values))
