"""What the routes of the audit log are asked for."""

from typing import Annotated

from fastapi import Depends, Query

from app.access.audit import Wanted
from app.access.deps import holding
from app.access.duties import OFFICERS
from app.access.principals import CurrentStaff
from app.schemas import Id, Moment

LogReader = Annotated[CurrentStaff, Depends(holding(*OFFICERS))]

Actor = Annotated[
    str | None,
    Query(
        pattern=r"^[a-z]{1,16}(:[0-9]{1,16})?$", description="Who did it, such as `account:7`, `member:12`, `system`"
    ),
]
Action = Annotated[
    str | None,
    Query(pattern=r"^[a-z_.]{1,64}$", description="How the action begins: `post` or `post.` finds `post.created`"),
]
ObjectType = Annotated[str | None, Query(pattern=r"^[a-z_]{1,64}$", description="The kind of what it was done to")]
ObjectId = Annotated[Id | None, Query(description="What it was done to")]
From = Annotated[Moment | None, Query(alias="from", description="Not before this time")]
Until = Annotated[Moment | None, Query(description="Before this time")]


async def _wanted(
    actor: Actor = None,
    action: Action = None,
    object_type: ObjectType = None,
    object_id: ObjectId = None,
    begins: From = None,
    until: Until = None,
) -> Wanted:
    return Wanted(actor, action, object_type, object_id, begins, until)


WantedDep = Annotated[Wanted, Depends(_wanted)]
