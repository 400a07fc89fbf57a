"""Routes of posts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from app.access.deps import Db, Now, holding
from app.access.duties import KEEPERS_OF_POSTS
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.organisations.posts import queries, service
from app.organisations.posts.schemas import HeldPostOut, HeldPosts, PostIn, PostPatch
from app.schemas import Cursor, Id, Limit, PathId, page

router = APIRouter(tags=["organisations"])

KeeperOfPosts = Annotated[CurrentStaff, Depends(holding(*KEEPERS_OF_POSTS))]
OfAccount = Annotated[Id | None, Query(description="Only the posts of this account")]
OfOrganisation = Annotated[Id | None, Query(description="Only the posts in this organisation itself")]
History = Annotated[bool, Query(description="Those that are over as well")]


@router.get("/posts", operation_id="list_posts")
async def list_posts(
    db: Db,
    staff: KeeperOfPosts,
    now: Now,
    account_id: OfAccount = None,
    organisation_id: OfOrganisation = None,
    history: History = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> HeldPosts:
    """Who holds which role where, now or later."""
    found = await queries.list_posts(
        db,
        staff,
        account_id=account_id,
        organisation_id=organisation_id,
        history=history,
        after=cursor,
        limit=limit,
        now=now,
    )
    rows, following = page(found, limit)
    return HeldPosts(items=list(rows), next=following)


@router.post("/posts", operation_id="create_post", status_code=201)
async def create_post(body: PostIn, db: Db, staff: KeeperOfPosts, now: Now, once: OnceDep) -> HeldPostOut:
    """Gives an account a role in an organisation and its subtree."""
    return once.keep(await service.appoint(db, staff, body, now))


@router.patch("/posts/{post_id}", operation_id="change_post")
async def change_post(post_id: PathId, body: PostPatch, db: Db, staff: KeeperOfPosts, now: Now) -> HeldPostOut:
    """Has a post end later or earlier than it would."""
    return await service.prolong_post(db, staff, post_id, body.until_at, now)


@router.delete("/posts/{post_id}", operation_id="end_post", status_code=204)
async def end_post(post_id: PathId, db: Db, staff: KeeperOfPosts, now: Now) -> Response:
    """Ends a post: its rights are gone at the next request."""
    await service.end_post(db, staff, post_id, now)
    return Response(status_code=204)
