"""Routes of the privacy notice and of consent."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.access.deps import Administrator, BoundMember, Db, Now, checked_first
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.identity import consent
from app.identity.consent_schemas import (
    ConsentCounts,
    ConsentIn,
    ConsentOut,
    Consents,
    NoticeIn,
    Notices,
    PublishedNotice,
    ShippedNotice,
)
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["privacy"])


@router.get("/privacy-notices/shipped", operation_id="get_shipped_privacy_notice")
async def get_shipped_privacy_notice() -> ShippedNotice:
    """The notice that holds where no organisation has published its own: for everybody, before any sign-in."""
    return consent.shipped_notice()


@router.get("/privacy-notice", operation_id="get_privacy_notice")
async def get_privacy_notice(db: Db, member: BoundMember) -> ShippedNotice:
    """The notice in force for the member in use."""
    return await consent.get_notice(db, member.organisation_id)


@router.put("/me/consent", operation_id="put_consent")
async def put_consent(body: ConsentIn, db: Db, member: BoundMember, now: Now) -> ConsentOut:
    """Says yes or no to the version that was read; a no leaves the roster as it is and everything else unavailable."""
    return await consent.say(db, member, body, now)


@router.get("/me/consents", operation_id="list_own_consents")
async def list_own_consents(db: Db, member: BoundMember, cursor: Cursor = None, limit: Limit = 50) -> Consents:
    """What the member in use has said to which version, newest first."""
    rows, following = page(await consent.list_said(db, member, before=cursor, limit=limit), limit)
    return Consents(items=list(rows), next=following)


async def _checked(body: NoticeIn, _: Annotated[CurrentStaff, Depends(checked_first("administrator"))]) -> NoticeIn:
    await consent.check_notice(body)
    return body


# Named before `Db` in a route: no transaction waits for the text to be set.
CheckedNotice = Annotated[NoticeIn, Depends(_checked)]


@router.post("/organisations/{organisation_id}/privacy-notices", operation_id="publish_privacy_notice", status_code=201)
async def publish_privacy_notice(
    organisation_id: PathId, body: CheckedNotice, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> PublishedNotice:
    """Publishes a version for an organisation and all below: their members are asked at the next request."""
    return once.keep(await consent.publish_notice(db, staff, organisation_id, body, now))


@router.get("/organisations/{organisation_id}/privacy-notices", operation_id="list_privacy_notices")
async def list_privacy_notices(
    organisation_id: PathId, db: Db, staff: Administrator, cursor: Cursor = None, limit: Limit = 50
) -> Notices:
    """The versions that this organisation has published, and the one that its members are under."""
    return await consent.list_notices(db, staff, organisation_id, before=cursor, limit=limit)


@router.get("/organisations/{organisation_id}/consents", operation_id="count_consents")
async def count_consents(organisation_id: PathId, db: Db, staff: Administrator) -> ConsentCounts:
    """How many bound members have agreed, and how many have not; nobody is named."""
    return await consent.count_consents(db, staff, organisation_id)
