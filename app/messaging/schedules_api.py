"""Routes of schedules, their dry runs, and anniversaries."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.access.deps import Administrator, Db, Now
from app.access.idempotency import OnceDep
from app.messaging import anniversaries, dry_runs, schedules
from app.messaging.schedule_schemas import (
    Anniversaries,
    AnniversaryIn,
    AnniversaryOut,
    AnniversaryPatch,
    DryRunMembers,
    DryRunOut,
    ScheduleIn,
    ScheduleOut,
    SchedulePatch,
    Schedules,
)
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["messaging"])

Standing = Annotated[
    bool | None, Query(description="Only those that were set up, or only those of issues and meetings")
]


@router.get("/schedules", operation_id="list_schedules")
async def list_schedules(
    db: Db, staff: Administrator, standing: Standing = None, cursor: Cursor = None, limit: Limit = 50
) -> Schedules:
    """Schedules in the administrator's reach, newest first: those of issues and meetings, and those set up."""
    rows, following = page(await schedules.list_schedules(db, staff, standing, before=cursor, limit=limit), limit)
    return Schedules(items=[ScheduleOut.model_validate(row) for row in rows], next=following)


@router.post("/schedules", operation_id="create_schedule", status_code=201)
async def create_schedule(body: ScheduleIn, db: Db, staff: Administrator, now: Now, once: OnceDep) -> ScheduleOut:
    """Sets up a reminder or a greeting, by a rhythm or for one time."""
    return once.keep(ScheduleOut.model_validate(await schedules.create_schedule(db, staff, body, now)))


@router.patch("/schedules/{schedule_id}", operation_id="change_schedule")
async def change_schedule(
    schedule_id: PathId, body: SchedulePatch, db: Db, staff: Administrator, now: Now
) -> ScheduleOut:
    """Changes a schedule; one that an issue or a meeting made can only be switched on and off."""
    return ScheduleOut.model_validate(await schedules.change_schedule(db, staff, schedule_id, body, now))


@router.delete("/schedules/{schedule_id}", operation_id="archive_schedule", status_code=204)
async def archive_schedule(schedule_id: PathId, db: Db, staff: Administrator, now: Now) -> None:
    """Puts a schedule away for good."""
    await schedules.archive_schedule(db, staff, schedule_id, now)


@router.post("/schedules/{schedule_id}/dry-runs", operation_id="ask_dry_run", status_code=202)
async def ask_dry_run(schedule_id: PathId, db: Db, staff: Administrator, now: Now, once: OnceDep) -> DryRunOut:
    """Asks who would get what, and when, the next time; nothing is sent, and after a day it is forgotten."""
    return once.keep(await dry_runs.ask_dry_run(db, staff, schedule_id, now), 202)


@router.get("/schedules/{schedule_id}/dry-runs/{dry_run_id}", operation_id="get_dry_run")
async def get_dry_run(schedule_id: PathId, dry_run_id: PathId, db: Db, staff: Administrator) -> DryRunOut:
    """A dry run as far as it is found out: when, the wording, and how many through which channel."""
    return await dry_runs.get_dry_run(db, staff, schedule_id, dry_run_id)


@router.get("/schedules/{schedule_id}/dry-runs/{dry_run_id}/members", operation_id="list_dry_run_members")
async def list_dry_run_members(
    schedule_id: PathId, dry_run_id: PathId, db: Db, staff: Administrator, cursor: Cursor = None, limit: Limit = 50
) -> DryRunMembers:
    """Who would get it, through which channel, and from when on."""
    return await dry_runs.list_dry_run_members(db, staff, schedule_id, dry_run_id, after=cursor, limit=limit)


@router.get("/organisations/{organisation_id}/anniversaries", operation_id="list_anniversaries")
async def list_anniversaries(organisation_id: PathId, db: Db, staff: Administrator) -> Anniversaries:
    """The days that the organisation keeps, and some that it may take over."""
    return await anniversaries.list_anniversaries(db, staff, organisation_id)


@router.post("/organisations/{organisation_id}/anniversaries", operation_id="create_anniversary", status_code=201)
async def create_anniversary(
    organisation_id: PathId, body: AnniversaryIn, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> AnniversaryOut:
    """Adds a day to the list of the organisation."""
    made = await anniversaries.create_anniversary(db, staff, organisation_id, body, now)
    return once.keep(AnniversaryOut.model_validate(made))


@router.patch("/anniversaries/{anniversary_id}", operation_id="change_anniversary")
async def change_anniversary(
    anniversary_id: PathId, body: AnniversaryPatch, db: Db, staff: Administrator, now: Now
) -> AnniversaryOut:
    """Changes a day of the list, or switches it off."""
    return AnniversaryOut.model_validate(await anniversaries.change_anniversary(db, staff, anniversary_id, body, now))


@router.delete("/anniversaries/{anniversary_id}", operation_id="delete_anniversary", status_code=204)
async def delete_anniversary(anniversary_id: PathId, db: Db, staff: Administrator, now: Now) -> None:
    """Strikes a day off the list."""
    await anniversaries.delete_anniversary(db, staff, anniversary_id, now)
