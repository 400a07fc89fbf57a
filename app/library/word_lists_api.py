"""Routes of lists of words."""

from typing import Annotated

from fastapi import APIRouter, Depends, UploadFile

from app.access.deps import Administrator, Db, Now, checked_first
from app.access.principals import CurrentStaff
from app.content_errors import invalid
from app.library import word_lists
from app.library.schemas import WordListOut
from app.schemas import PathId
from content.errors import ContentError
from content.sandbox import parse_in_child
from content.words import WordList

router = APIRouter(tags=["library"])

FirstAdministrator = Annotated[CurrentStaff, Depends(checked_first(word_lists.ROLE))]


async def read_word_list(file: UploadFile, _: FirstAdministrator) -> WordList:
    """The uploaded list, parsed in a child process before the request's transaction begins; raises `Invalid`."""
    try:
        words: WordList = await parse_in_child("word_list", await file.read())
    except ContentError as error:
        raise invalid(error) from None
    return words


@router.put("/organisations/{organisation_id}/word-list", operation_id="put_word_list")
async def put_word_list(
    uploaded: Annotated[WordList, Depends(read_word_list)],
    organisation_id: PathId,
    db: Db,
    staff: Administrator,
    now: Now,
) -> WordListOut:
    """Sets the words to look for in lessons here and below: an .xlsx with the columns 词语, 建议, 级别.

    Lines that cannot be used are told and left out.
    """
    await word_lists.put_word_list(db, staff, organisation_id, uploaded.words, now)
    return await word_lists.get_word_list(db, staff, organisation_id, uploaded.rejected)


@router.get("/organisations/{organisation_id}/word-list", operation_id="get_word_list")
async def get_word_list(organisation_id: PathId, db: Db, staff: Administrator) -> WordListOut:
    """The organisation's own words; those of the organisations above it are looked for as well."""
    return await word_lists.get_word_list(db, staff, organisation_id)


@router.delete("/organisations/{organisation_id}/word-list", operation_id="drop_word_list", status_code=204)
async def drop_word_list(organisation_id: PathId, db: Db, staff: Administrator, now: Now) -> None:
    """Has only the words of the organisations above looked for."""
    await word_lists.drop_word_list(db, staff, organisation_id, now)
