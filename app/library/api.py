"""Routes of weekly issues for editors and reviewers."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.access.deps import Db, DeskStaff, Editor, Now, ServiceDep
from app.access.idempotency import OnceDep
from app.access.principals import CurrentStaff
from app.db.engine import transaction
from app.library import issue_views, issues, service
from app.library.conditions import FirstAtDesk, IfMatch, OrganisationFilter, tagged
from app.library.issue_schemas import IssueDraft, IssueIn, IssuePatch, IssueRows, IssueState, TransitionIn
from app.library.lessons import DESK
from app.library.warnings import Looked, find_flagged, load_words
from app.resources import Service
from app.schemas import Cursor, Limit, PathId, Week, page

router = APIRouter(tags=["library"])


@router.post("/issues", operation_id="create_issue", status_code=201)
async def create_issue(body: IssueIn, response: Response, db: Db, staff: Editor, now: Now, once: OnceDep) -> IssueDraft:
    """Starts a weekly issue of an organisation."""
    issue = await issues.create_issue(db, staff, body, now)
    return tagged(response, once.keep(await issue_views.get_issue(db, staff, issue.id)))


@router.get("/desk/issues", operation_id="list_desk_issues")
async def list_desk_issues(
    db: Db,
    staff: DeskStaff,
    organisation_id: OrganisationFilter = None,
    state: IssueState | None = None,
    week: Week | None = None,
    planned: Annotated[bool | None, Query(description="Made ahead by a plan, or not")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> IssueRows:
    """Weekly issues in reach, newest first."""
    found = await issue_views.list_issues(
        db, staff, organisation_id=organisation_id, state=state, week=week, planned=planned, before=cursor, limit=limit
    )
    rows, following = page(found, limit)
    return IssueRows(items=list(rows), next=following)


@router.get("/desk/issues/{issue_id}", operation_id="get_desk_issue")
async def get_desk_issue(issue_id: PathId, response: Response, db: Db, staff: DeskStaff) -> IssueDraft:
    """A weekly issue with its lessons, state, author and reviewers; its ETag goes into the `If-Match` of a change."""
    return tagged(response, await issue_views.get_issue(db, staff, issue_id))


@router.patch("/issues/{issue_id}", operation_id="change_issue")
async def change_issue(
    issue_id: PathId, body: IssuePatch, response: Response, db: Db, staff: Editor, expected: IfMatch, now: Now
) -> IssueDraft:
    """Changes a draft."""
    issue = await issues.change_issue(db, staff, issue_id, body, now, expected)
    return tagged(response, await issue_views.get_issue(db, staff, issue.id))


@router.post("/issues/{issue_id}/transitions", operation_id="move_issue")
async def move_issue(
    issue_id: PathId,
    body: TransitionIn,
    response: Response,
    svc: ServiceDep,
    staff: FirstAtDesk,
    expected: IfMatch,
    now: Now,
) -> IssueDraft:
    """Moves a weekly issue along draft, in_review, scheduled, published, withdrawn, or back to draft.

    Where several reviews are required it is scheduled with the last approval, and is in_review until then. An approval
    of texts with warnings that are `to_confirm` says `confirm_warnings`.
    """
    looked = await _look_through(svc, staff, issue_id, body.confirm_warnings) if body.to == "scheduled" else None
    async with transaction(svc.sessions) as session:
        await service.transition(session, staff, issue_id, body.to, body.publish_at, now, expected, looked)
        return tagged(response, await issue_views.get_issue(session, staff, issue_id))


async def _look_through(svc: Service, staff: CurrentStaff, issue_id: int, confirmed: bool) -> Looked:
    """What a reviewer has to confirm in the lessons of an issue, found with no transaction open."""
    async with transaction(svc.sessions) as session:
        await issues.find_issue(session, staff, issue_id, *DESK)
        found = (await session.scalars(service.of_issue(issue_id))).all()
        words = {each.organisation_id: await load_words(session, each.organisation_id) for each in found}
    flagged = [await find_flagged(words[each.organisation_id], each) for each in found]
    return Looked({each.id: each.revision for each in found}, [each for some in flagged for each in some], confirmed)
