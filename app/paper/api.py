"""Routes of what was studied on paper or at home."""

from fastapi import APIRouter

from app.access.deps import Db, Leader, Now
from app.access.idempotency import OnceDep
from app.paper import classes, listing, recording, withdrawing
from app.paper.schemas import (
    Recorded,
    RecordedClassIn,
    RecordedStudies,
    RecordedStudyIn,
    RecordedStudyOut,
    WithdrawalIn,
)
from app.schemas import Cursor, Limit, PathId

router = APIRouter(tags=["paper"])


@router.post("/organisations/{organisation_id}/recorded-studies", operation_id="record_study_on_paper", status_code=201)
async def record_study_on_paper(
    organisation_id: PathId, body: RecordedStudyIn, db: Db, staff: Leader, now: Now, once: OnceDep
) -> Recorded:
    """Records who studied an issue on paper or at home: it counts as the organisation's rules say."""
    return once.keep(await recording.record_study(db, staff, organisation_id, body, now))


@router.post("/organisations/{organisation_id}/recorded-classes", operation_id="record_class", status_code=201)
async def record_class(
    organisation_id: PathId, body: RecordedClassIn, db: Db, staff: Leader, now: Now, once: OnceDep
) -> Recorded:
    """Records who was at a class or training that is no meeting here; it is listed with the recorded studies."""
    return once.keep(await classes.record_class(db, staff, organisation_id, body, now))


@router.get("/organisations/{organisation_id}/recorded-studies", operation_id="list_recorded_studies")
async def list_recorded_studies(
    organisation_id: PathId, db: Db, staff: Leader, now: Now, cursor: Cursor = None, limit: Limit = 50
) -> RecordedStudies:
    """What was recorded for members of an organisation and its subtree, newest first."""
    return await listing.list_recorded(db, staff, organisation_id, before=cursor, limit=limit, now=now)


@router.post("/recorded-studies/{study_id}/withdrawal", operation_id="withdraw_recorded_study")
async def withdraw_recorded_study(
    study_id: PathId, body: WithdrawalIn, db: Db, staff: Leader, now: Now
) -> RecordedStudyOut:
    """Takes back what was recorded wrongly, with its hours; repeating it changes nothing."""
    return await listing.get_recorded(db, await withdrawing.withdraw(db, staff, study_id, body.reason, now))
