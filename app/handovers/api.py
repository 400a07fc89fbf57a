"""Routes of handovers."""

from fastapi import APIRouter

from app.access.deps import AnyStaff, Db, Now
from app.access.idempotency import OnceDep
from app.handovers import service
from app.handovers.schemas import HandoverOut, OpenMatters
from app.organisations.posts.api import KeeperOfPosts
from app.organisations.posts.schemas import HandoverIn
from app.schemas import PathId

router = APIRouter(tags=["organisations"])


@router.get("/posts/{post_id}/open-matters", operation_id="list_open_matters")
async def list_open_matters(post_id: PathId, db: Db, staff: AnyStaff, now: Now) -> OpenMatters:
    """What is open under a post, for its holder and for who appoints: how many of each kind, the titles of a few."""
    return OpenMatters(items=await service.list_open_matters(db, staff, post_id, now))


@router.post("/posts/{post_id}/handover", operation_id="hand_over_post", status_code=201)
async def hand_over_post(
    post_id: PathId, body: HandoverIn, db: Db, staff: KeeperOfPosts, now: Now, once: OnceDep
) -> HandoverOut:
    """Ends a post and gives its role to the successor at the same moment; what they find open is answered."""
    return once.keep(await service.hand_over_post(db, staff, post_id, body, now))
