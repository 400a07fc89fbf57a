"""Routes of the privacy notice and of consent."""

from fastapi import APIRouter

from app.access.deps import Administrator, BoundMember, Db, Now
from app.access.idempotency import OnceDep
from app.identity import consent
from app.identity.schemas import ConsentCounts, ConsentIn, ConsentOut, Consents, NoticeIn, NoticeOut, Notices
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["privacy"])


@router.get("/privacy-notice", operation_id="get_privacy_notice")
async def get_privacy_notice(db: Db, member: BoundMember) -> NoticeOut:
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


@router.post("/organisations/{organisation_id}/privacy-notices", operation_id="publish_privacy_notice", status_code=201)
async def publish_privacy_notice(
    organisation_id: PathId, body: NoticeIn, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> NoticeOut:
    """Publishes a version for an organisation and all below: their members are asked at the next request."""
    return once.keep(await consent.publish_notice(db, staff, organisation_id, body, now))


@router.get("/organisations/{organisation_id}/privacy-notices", operation_id="list_privacy_notices")
async def list_privacy_notices(organisation_id: PathId, db: Db, staff: Administrator) -> Notices:
    """The versions that this organisation has published."""
    return Notices(items=await consent.list_notices(db, staff, organisation_id))


@router.get("/organisations/{organisation_id}/consents", operation_id="count_consents")
async def count_consents(organisation_id: PathId, db: Db, staff: Administrator) -> ConsentCounts:
    """How many bound members have agreed, refused, or not said yet; nobody is named."""
    return await consent.count_consents(db, staff, organisation_id)
