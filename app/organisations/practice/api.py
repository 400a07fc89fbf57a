"""The route by which a practice organisation comes to be."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from app.access.deps import Administrator, Db, Now, checked_first
from app.access.principals import CurrentStaff
from app.identity.passwords import hash_password
from app.organisations.practice import service
from app.organisations.practice.schemas import PracticeIn, PracticeOut
from app.organisations.practice.service import ROLES, Password
from app.schemas import PathId

router = APIRouter(tags=["organisations"])

# Read out and typed in: without what looks alike.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 12


async def _draw(_: Annotated[CurrentStaff, Depends(checked_first("administrator"))]) -> dict[str, Password]:
    drawn = {role: "".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for role in ROLES}
    return {role: Password(password, await hash_password(password)) for role, password in drawn.items()}


# Named before `Db`: hashing takes a quarter of a second each, and no transaction waits for it.
Passwords = Annotated[dict[str, Password], Depends(_draw)]


@router.post("/organisations/{organisation_id}/practice", operation_id="create_practice", status_code=201)
async def create_practice(
    organisation_id: PathId,
    body: PracticeIn,
    passwords: Passwords,
    db: Db,
    staff: Administrator,
    now: Now,
    response: Response,
) -> PracticeOut:
    """Sets up a practice organisation with made-up members, and accounts whose passwords are shown this once.

    The answer is kept nowhere: a retried request finds it in place (`practice_exists`).
    """
    response.headers["Cache-Control"] = "no-store"
    return await service.create_practice(db, staff, organisation_id, body.name, passwords, now)
