"""What several routes of the desk ask for and answer with."""

from typing import Annotated, TypeVar

from fastapi import Depends, Header, Query, Response

from app.access.deps import checked_first
from app.access.principals import CurrentStaff
from app.library.issue_schemas import IssueDraft
from app.library.lessons import DESK
from app.library.revisions import Expected, read_if_match, tag_of
from app.library.schemas import LessonDraft
from app.schemas import MAX_ID

OrganisationFilter = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Of this organisation only")]
# Looked up before, in a transaction that is over: a long text is looked through with none open.
FirstAtDesk = Annotated[CurrentStaff, Depends(checked_first(*DESK))]
Draft = TypeVar("Draft", LessonDraft, IssueDraft)


async def _if_match(if_match: Annotated[str | None, Header(max_length=2000)] = None) -> Expected:
    """What the client expects to change; without the header the change is made as it is (412 else `stale_revision`)."""
    return read_if_match(if_match)


IfMatch = Annotated[Expected, Depends(_if_match)]


def tagged(response: Response, draft: Draft) -> Draft:
    """The draft, with its revision as the ETag."""
    response.headers["ETag"] = tag_of(draft.revision)
    return draft
