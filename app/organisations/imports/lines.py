"""The lines of an import: looked at, answered, taken home to be corrected."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import any_, func, literal, select, text
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff
from app.db.engine import Sessions, transaction
from app.db.vault import Vault
from app.directory.models import Member, Organisation
from app.errors import NotFound
from app.organisations.imports.checking import MISSING, check_lines
from app.organisations.imports.errors import NotACandidate, NotAQuestion
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.schemas import Answer, CandidateOut, ChangeOut, LineOut, MissingMember
from app.organisations.imports.service import check_open, find_import
from app.organisations.imports.telling import reason_of, texts_of
from app.organisations.people.export import ROSTERS, STAGES
from app.organisations.people.reach import phone_of
from app.organisations.service import masked
from content.roster import FIELD_TITLES, RejectedLine

# What is wrong comes first; all the others follow, so that the file is the whole roster again.
CORRECTED_FIRST = (("rejected", "question"), ("added", "changed", "unchanged"))
PAGE = 1_000
LIST_MISSING = text(f"""
SELECT member.id, member.name, member.organisation_id, organisation.name AS organisation {MISSING}
    AND member.id > :after ORDER BY member.id LIMIT :limit
""")
ANSWER = text("""
UPDATE roster_lines line SET answered = true, answer_member_id = answer.member_id
FROM unnest(CAST(:lines AS bigint[]), CAST(:members AS bigint[])) AS answer (line_id, member_id)
WHERE line.id = answer.line_id
""")


async def list_lines(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    import_id: int,
    status: str | None,
    *,
    after: int | None,
    limit: int,
    now: datetime,
) -> list[LineOut]:
    """Lines of an import in their order, one more than `limit` where there is a next page; raises `NotFound`."""
    record = await find_import(session, staff, import_id)
    statement = select(ImportLine).where(ImportLine.import_id == import_id, ImportLine.id > (after or 0))
    # The sheet 党组织 holds no people; its refused lines are shown among the others.
    statement = statement.where(ImportLine.kind.is_(None) | (ImportLine.status == "rejected"))
    if status is not None:
        statement = statement.where(ImportLine.status == status)
    lines = list(await session.scalars(statement.order_by(ImportLine.id).limit(limit + 1)))
    _record_view(session, staff, record, "roster.lines_viewed", now, status=status, count=min(len(lines), limit))
    people = await _people(session, record, lines)
    names = await _organisations(session, lines, people)
    return [_shown(vault, record, line, people, names) for line in lines]


def _record_view(
    session: AsyncSession, staff: CurrentStaff, record: RosterImport, action: str, now: datetime, **detail: object
) -> None:
    audit.record(
        session, staff.actor, action, "roster_import", record.id,
        now=now, organisation_id=record.organisation_id, **detail,
    )  # fmt: skip


async def _people(session: AsyncSession, record: RosterImport, lines: Sequence[ImportLine]) -> dict[int, Member]:
    """The members whom the lines mean or may mean, as far as they are still in the reach of the import."""
    ids = {line.member_id for line in lines if line.status == "changed"} | {
        id_ for line in lines for id_ in line.candidates
    }
    root = select(Organisation.path).where(Organisation.id == record.organisation_id).scalar_subquery()
    rows = await session.scalars(
        select(Member)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(Member.id == any_(literal([*ids], ARRAY(BIGINT))), func.starts_with(Organisation.path, root))
    )
    return {member.id: member for member in rows}


async def _organisations(
    session: AsyncSession, lines: Sequence[ImportLine], people: Mapping[int, Member]
) -> dict[int, str]:
    ids = {line.organisation_id for line in lines} | {member.organisation_id for member in people.values()}
    ids |= {int(str(line.before["organisation_id"])) for line in lines if line.before}
    rows = await session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.id == any_(literal([*ids], ARRAY(BIGINT))))
    )
    return dict(row for row in rows)


def _shown(
    vault: Vault, record: RosterImport, line: ImportLine, people: Mapping[int, Member], names: Mapping[int, str]
) -> LineOut:
    candidates = [people[id_] for id_ in line.candidates if id_ in people]
    return LineOut(
        id=line.id,
        line=line.line,
        sheet=line.sheet,
        status=line.status,
        code=line.code,
        reason=reason_of(vault, line) if line.code else None,
        name=line.name,
        organisation=line.organisation,
        member_id=line.member_id,
        changes=_changes(vault, record, line, people, names),
        candidates=[_candidate(vault, member, names) for member in candidates],
        answered=line.answered,
        answer_member_id=line.answer_member_id,
    )


def _candidate(vault: Vault, member: Member, names: Mapping[int, str]) -> CandidateOut:
    phone = phone_of(vault, member)
    return CandidateOut(
        member_id=member.id,
        name=member.name,
        organisation=names.get(member.organisation_id, ""),
        birth_month=member.birth_month,
        phone_masked=masked(phone) if phone else None,
        archived=member.archived_at is not None,
    )


def _changes(
    vault: Vault, record: RosterImport, line: ImportLine, people: Mapping[int, Member], names: Mapping[int, str]
) -> list[ChangeOut]:
    """What the line says that differs from what was known, before the import if it has been applied."""
    member = people.get(line.member_id or 0)
    if line.status != "changed" or (line.before is None and member is None):
        return []
    old = _texts(vault, line.member_id or 0, _columns(line.before, member), names)
    new = {**old, **_said(vault, line, old, names)}
    return [
        ChangeOut(field=field, label=title, before=old[field] or None, after=new[field] or None)
        for field, title in FIELD_TITLES.items()
        if field in old and old[field] != new[field]
    ]


def _columns(before: Mapping[str, Any] | None, member: Member | None) -> dict[str, Any]:
    if before is not None:
        cipher = before["phone_cipher"]
        return {**before, "phone_cipher": bytes.fromhex(cipher) if cipher else None}
    return {name: getattr(member, name) for name in Member.__table__.columns.keys()}  # noqa: SIM118 - not a dict


def _texts(vault: Vault, member_id: int, columns: Mapping[str, Any], names: Mapping[int, str]) -> dict[str, str]:
    """A member's columns as people read them."""
    cipher = columns["phone_cipher"]
    phone = vault.decrypt(cipher, f"members:{member_id}:phone") if cipher else ""
    return {
        "name": columns["name"],
        "organisation": names.get(columns["organisation_id"], ""),
        "phone": masked(phone) if phone else "",
        "stage": STAGES[columns["stage"]],
        "roster": ROSTERS[columns["roster"]],
        "exempt_reason": columns["exempt_reason"] or "",
        "birth_month": columns["birth_month"] or "",
        "joined_on": columns["joined_on"] or "",
        "tags": "、".join(columns["tags"]),
    }


def _said(vault: Vault, line: ImportLine, old: Mapping[str, str], names: Mapping[int, str]) -> dict[str, str]:
    """What a line says, as people read it; what it leaves empty is left out."""
    phone = texts_of(vault, line)["phone"]
    said = {
        "name": line.name,
        "organisation": names.get(line.organisation_id or 0, line.organisation),
        "phone": masked(phone) if phone else "",
        "stage": STAGES[line.stage] if line.stage else "",
        "roster": ROSTERS[line.roster] if line.roster else "",
        "birth_month": line.birth_month or "",
        # A month says nothing new about a day in it.
        "joined_on": "" if old["joined_on"].startswith(line.joined_on or "") else line.joined_on or "",
        "tags": "、".join(line.tags),
    }
    given = {field: value for field, value in said.items() if value}
    return given if line.exempt is None else {**given, "exempt_reason": line.exempt_reason or ""}


async def list_missing(
    session: AsyncSession, staff: CurrentStaff, import_id: int, *, after: int | None, limit: int, now: datetime
) -> list[MissingMember]:
    """Members whom the file leaves out, one more than `limit` where there is a next page; raises `NotFound`."""
    record = await find_import(session, staff, import_id)
    rows = await session.execute(LIST_MISSING, {"import_id": import_id, "after": after or 0, "limit": limit + 1})
    found = [MissingMember.model_validate(row) for row in rows]
    _record_view(session, staff, record, "roster.missing_viewed", now, count=min(len(found), limit))
    return found


async def begin_corrections(session: AsyncSession, staff: CurrentStaff, import_id: int, now: datetime) -> None:
    """Has the log tell that the lines leave the system, before `corrections` gives them; raises `NotFound`."""
    record = await find_import(session, staff, import_id)
    of_import = ImportLine.import_id == import_id, ImportLine.status != "skipped"
    count = await session.scalar(select(func.count()).select_from(ImportLine).where(*of_import))
    _record_view(session, staff, record, "roster.corrections_exported", now, count=count)


async def corrections(sessions: Sessions, vault: Vault, import_id: int) -> AsyncIterator[list[RejectedLine]]:
    """The lines of an import as they stood, each with what is wrong with it or "", page by page: refused ones first."""
    for statuses in CORRECTED_FIRST:
        after = 0
        while True:
            async with transaction(sessions) as session:
                lines = list(
                    await session.scalars(
                        select(ImportLine)
                        .where(
                            ImportLine.import_id == import_id, ImportLine.status.in_(statuses), ImportLine.id > after
                        )
                        .order_by(ImportLine.id)
                        .limit(PAGE)
                    )
                )
            if not lines:
                break
            after = lines[-1].id
            yield [_corrected(vault, line) for line in lines]


def _corrected(vault: Vault, line: ImportLine) -> RejectedLine:
    texts = texts_of(vault, line)
    reason = line.reason or texts.get("reason", "") if line.code else ""
    return RejectedLine(line.line, line.sheet, line.code or "", reason, texts["raw"])


async def answer_questions(
    session: AsyncSession, staff: CurrentStaff, import_id: int, answers: Sequence[Answer], now: datetime
) -> None:
    """Keeps answers and settles the lines anew.

    Raises `NotFound`, `NotAQuestion`, `NotACandidate`, and what `check_open` and `check_lines` do.
    """
    record = await find_import(session, staff, import_id, lock=True)
    check_open(record, now)
    given = {answer.line_id: answer.member_id for answer in answers}
    lines = await session.scalars(
        select(ImportLine).where(
            ImportLine.import_id == import_id, ImportLine.id == any_(literal([*given], ARRAY(BIGINT)))
        )
    )
    asked = {line.id: line for line in lines}
    if asked.keys() != given.keys():
        raise NotFound
    for line_id, member_id in given.items():
        if asked[line_id].question is None:
            raise NotAQuestion
        if member_id is not None and member_id not in asked[line_id].candidates:
            raise NotACandidate
    await session.execute(ANSWER, {"lines": [*given], "members": [*given.values()]})
    checked = await check_lines(session, record, now)
    checked.keep(record, now)
    audit.record(
        session, staff.actor, "roster.answered", "roster_import", import_id,
        now=now, organisation_id=record.organisation_id, answers=len(given),
    )  # fmt: skip
