"""Routes of what a member keeps of lessons, and of what a branch shares."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.access.deps import Db, Now, TheMember, holding
from app.access.principals import CurrentStaff
from app.notes import favourites, service, sharing
from app.notes.schemas import (
    AwaitingNotes,
    Favourites,
    NoteIn,
    NoteOut,
    Notes,
    ReviewedNote,
    ReviewIn,
    SharedNotes,
    SharingIn,
)
from app.schemas import MAX_ID, Cursor, Limit, PathId, page

router = APIRouter(tags=["notes"])

NoteReviewer = Annotated[CurrentStaff, Depends(holding(*sharing.ROLES))]
LessonId = Annotated[int | None, Query(ge=1, le=MAX_ID, description="Of this lesson only")]


@router.put("/lessons/{lesson_id}/favourite", operation_id="add_favourite", status_code=204)
async def add_favourite(lesson_id: PathId, db: Db, member: TheMember, now: Now) -> None:
    """Keeps a lesson to find it again."""
    await favourites.add_favourite(db, member, lesson_id, now)


@router.delete("/lessons/{lesson_id}/favourite", operation_id="remove_favourite", status_code=204)
async def remove_favourite(lesson_id: PathId, db: Db, member: TheMember) -> None:
    """Keeps it no longer."""
    await favourites.remove_favourite(db, member, lesson_id)


@router.get("/me/favourites", operation_id="list_favourites")
async def list_favourites(db: Db, member: TheMember, cursor: Cursor = None, limit: Limit = 50) -> Favourites:
    """The lessons that the member keeps and may read now."""
    rows, following = page(await favourites.list_favourites(db, member, before=cursor, limit=limit), limit)
    return Favourites(items=list(rows), next=following)


@router.get("/me/notes", operation_id="list_notes")
async def list_notes(
    db: Db, member: TheMember, lesson_id: LessonId = None, cursor: Cursor = None, limit: Limit = 50
) -> Notes:
    """The member's own notes, newest first."""
    rows, following = page(await service.list_notes(db, member, lesson_id, before=cursor, limit=limit), limit)
    return Notes(items=list(rows), next=following)


@router.post("/lessons/{lesson_id}/notes", operation_id="add_note", status_code=201)
async def add_note(lesson_id: PathId, body: NoteIn, db: Db, member: TheMember, now: Now) -> NoteOut:
    """Writes a private note; the same text on the same lesson again is the same note."""
    return await service.add_note(db, member, lesson_id, body.body, now)


@router.put("/me/notes/{note_id}", operation_id="change_note")
async def change_note(note_id: PathId, body: NoteIn, db: Db, member: TheMember, now: Now) -> NoteOut:
    """Another text; a note that was shared is private again until it is shared anew."""
    return await service.change_note(db, member, note_id, body.body, now)


@router.delete("/me/notes/{note_id}", operation_id="delete_note", status_code=204)
async def delete_note(note_id: PathId, db: Db, member: TheMember) -> None:
    """Deletes a note for good."""
    await service.delete_note(db, member, note_id)


@router.put("/me/notes/{note_id}/sharing", operation_id="share_note")
async def share_note(note_id: PathId, body: SharingIn, db: Db, member: TheMember, now: Now) -> NoteOut:
    """Asks for a review, after which the branch sees the note; or takes it back, which hides it at once."""
    return await service.share_note(db, member, note_id, body.shared, now)


@router.get("/lessons/{lesson_id}/notes", operation_id="list_shared_notes")
async def list_shared_notes(
    lesson_id: PathId, db: Db, member: TheMember, cursor: Cursor = None, limit: Limit = 50
) -> SharedNotes:
    """What members of the same branch share on a lesson: no likes, no counts, no ranking."""
    rows, following = page(await sharing.list_shared(db, member, lesson_id, before=cursor, limit=limit), limit)
    return SharedNotes(items=list(rows), next=following)


@router.get("/notes/awaiting", operation_id="list_awaiting_notes")
async def list_awaiting_notes(db: Db, staff: NoteReviewer, cursor: Cursor = None, limit: Limit = 50) -> AwaitingNotes:
    """Notes that members want to share, in the reach of a leader or a reviewer."""
    rows, following = page(await sharing.list_awaiting(db, staff, after=cursor, limit=limit), limit)
    return AwaitingNotes(items=list(rows), next=following)


@router.put("/notes/{note_id}/review", operation_id="review_note")
async def review_note(note_id: PathId, body: ReviewIn, db: Db, staff: NoteReviewer, now: Now) -> ReviewedNote:
    """Approves a note for its member's branch, or returns it with a remark."""
    return await sharing.review_note(db, staff, note_id, body, now)
