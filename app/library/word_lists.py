"""An operator's list of wrong and sensitive words, which holds for an organisation and all below it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.errors import NotFound
from app.library.desk_models import WordList
from app.library.schemas import RejectedOut, WordListOut, WordOut
from app.library.warnings import load_words
from app.organisations.service import find_organisation
from content.errors import Rejected
from content.words import Word

ROLE = "administrator"


class NoWordList(NotFound):
    """The organisation has no list of its own."""

    code = "no_word_list"
    detail = "本组织没有设置词表（上级的词表仍然有效）。如需设置，请上传 .xlsx 词表。"


async def put_word_list(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, words: Sequence[Word], now: datetime
) -> None:
    """Puts a list in the place of the organisation's own; raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths(ROLE))
    values = {"words": [vars(word) for word in words], "changed_by": staff.account_id, "changed_at": now}
    row = insert(WordList).values(organisation_id=organisation.id, **values)
    await session.execute(row.on_conflict_do_update(index_elements=["organisation_id"], set_=values))
    audit.record(
        session, staff.actor, "word_list.set", "organisation", organisation.id,
        now=now, organisation_id=organisation.id, words=len(words),
    )  # fmt: skip


async def get_word_list(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, rejected: Sequence[Rejected] = ()
) -> WordListOut:
    """The organisation's own list, and of how many words those above it are; raises `NotFound` or `NoWordList`."""
    organisation = await find_organisation(session, organisation_id, staff.paths(ROLE))
    own = await session.get(WordList, organisation.id, populate_existing=True)
    if own is None:
        raise NoWordList
    names = {word["text"] for word in own.words}
    above = [word for word in await load_words(session, organisation.id) if word.text not in names]
    return WordListOut(
        organisation_id=organisation.id,
        words=[WordOut.model_validate(word) for word in own.words],
        inherited=len(above),
        rejected=[RejectedOut(line=each.line, code=each.code, detail=each.reason) for each in rejected],
        changed_at=own.changed_at,
    )


async def drop_word_list(session: AsyncSession, staff: CurrentStaff, organisation_id: int, now: datetime) -> None:
    """Takes the organisation's own list away, if there is one; raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths(ROLE))
    gone = await session.scalar(
        delete(WordList).where(WordList.organisation_id == organisation.id).returning(WordList.organisation_id)
    )
    if gone is not None:
        audit.record(
            session, staff.actor, "word_list.dropped", "organisation", organisation.id,
            now=now, organisation_id=organisation.id,
        )  # fmt: skip
