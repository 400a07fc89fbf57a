"""Routes of accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.access.deps import (
    Administrator,
    Db,
    Now,
    checked_first,
    holding,
)
from app.access.duties import KEEPERS_OF_POSTS
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.identity.passwords import hash_password
from app.organisations import accounts
from app.organisations.schemas import (
    AccountIn,
    AccountOut,
    AccountPatch,
    Accounts,
)
from app.schemas import Cursor, Limit, PathId, page

router = APIRouter(tags=["organisations"])

KeeperOfPosts = Annotated[CurrentStaff, Depends(holding(*KEEPERS_OF_POSTS))]


@router.get("/accounts", operation_id="list_accounts")
async def list_accounts(db: Db, staff: KeeperOfPosts, cursor: Cursor = None, limit: Limit = 50) -> Accounts:
    """Accounts that the caller's organisations manage."""
    rows, following = page(await accounts.list_accounts(db, staff, after=cursor, limit=limit), limit)
    return Accounts(items=[AccountOut.model_validate(row) for row in rows], next=following)


FirstAdministrator = Annotated[CurrentStaff, Depends(checked_first("administrator"))]
FirstKeeperOfPosts = Annotated[CurrentStaff, Depends(checked_first(*KEEPERS_OF_POSTS))]


async def _hash(body: AccountIn, _: FirstAdministrator) -> str:
    return await hash_password(body.password)


async def _new_hash(body: AccountPatch, _: FirstKeeperOfPosts) -> str | None:
    return None if body.password is None else await hash_password(body.password)


# Named before `Db` in a route: hashing takes a quarter of a second, and no transaction waits for it.
PasswordHash = Annotated[str, Depends(_hash)]
NewPasswordHash = Annotated[str | None, Depends(_new_hash)]


@router.post("/accounts", operation_id="create_account", status_code=201)
async def create_account(
    body: AccountIn, password_hash: PasswordHash, db: Db, staff: Administrator, now: Now, once: OnceDep
) -> AccountOut:
    """Opens an account for a member of staff; what it may do is said by its posts."""
    account = await accounts.create_managed_account(db, staff, body, password_hash, now)
    return once.keep(AccountOut.model_validate(account))


@router.patch("/accounts/{account_id}", operation_id="change_account")
async def change_account(
    account_id: PathId, body: AccountPatch, password_hash: NewPasswordHash, db: Db, staff: KeeperOfPosts, now: Now
) -> AccountOut:
    """Changes an account; a new password or disabling ends its sessions at once."""
    return AccountOut.model_validate(await accounts.change_account(db, staff, account_id, body, password_hash, now))


@router.delete("/accounts/{account_id}/sessions", operation_id="end_sessions", status_code=204)
async def end_sessions(account_id: PathId, db: Db, staff: KeeperOfPosts, now: Now) -> Response:
    """Signs an account out everywhere."""
    await accounts.end_sessions(db, staff, account_id, now)
    return Response(status_code=204)
