"""The roster as a workbook in the columns of the template: corrected, it can be imported again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.access import audit
from app.access.principals import CurrentStaff
from app.db.vault import Vault
from app.directory.models import Binding, Member, Organisation
from app.errors import Invalid
from app.organisations.people.reach import phone_of
from app.organisations.people.search import Wanted, found_in, scope_of
from app.organisations.service import masked
from content.roster import FIELD_TITLES, FIELDS, MEMBER_SHEET
from content.tables import Value, write_xlsx

MOST_ROWS = 20_000
BOUND = "绑定"
STAGES = {
    "applicant": "入党申请人",
    "activist": "积极分子",
    "development_target": "发展对象",
    "probationary_member": "预备党员",
    "full_member": "正式党员",
}
ROSTERS = {"in_service": "在职", "no_post": "无职", "floating": "流动"}
PRACTICE = "演练"
# What a spreadsheet damages unless its cells are text: long numbers lose digits, 1985.10 becomes 1985.1.
_TEXT_TITLES = tuple(FIELD_TITLES[field] for field in ("phone", "birth_month", "joined_on"))


class ReasonNeeded(Invalid):
    """Whole phone numbers leave the system for a reason that is kept."""

    code = "reason_needed"
    detail = "导出完整手机号须写明用途，请填写后再导出；不需要完整手机号的，可直接导出。"


class TooManyRows(Invalid):
    """More than a workbook holds that people can work with."""

    code = "too_many_rows"
    detail = f"符合条件的党员超过 {MOST_ROWS} 人，请按党组织分别导出，或增加筛选条件缩小范围。"


@dataclass(frozen=True)
class Line:
    """A member with the names of their organisation and of the one above it."""

    member: Member
    organisation: str
    superior: str | None
    bound: bool


@dataclass(frozen=True)
class Export:
    """What goes into the workbook, and what it is called; `practice` where its people are made up."""

    lines: list[Line]
    organisation: str | None
    practice: bool
    full: bool

    @property
    def name(self) -> str:
        """The name of the file."""
        parts = (PRACTICE if self.practice else None, self.organisation, "党员名册")
        return "-".join(part for part in parts if part) + ".xlsx"


async def export_members(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    wanted: Wanted,
    *,
    full: bool,
    reason: str | None,
    now: datetime,
) -> Export:
    """The members that a search finds; that personal data left the system, and why, is on record.

    Raises `NotFound`, `ReasonNeeded` for whole phone numbers without a reason, or `TooManyRows`.
    """
    if full and reason is None:
        raise ReasonNeeded
    scope = await scope_of(session, staff, wanted.organisation_id)
    superior = aliased(Organisation)
    bound = select(Binding.id).where(Binding.member_id == Member.id, Binding.ended_at.is_(None)).exists()
    rows = await session.execute(
        select(Member, Organisation.name, superior.name, bound, Organisation.practice)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .outerjoin(superior, superior.id == Organisation.parent_id)
        .where(found_in(vault, staff, scope, wanted, now))
        .order_by(Organisation.path, Member.id)
        .limit(MOST_ROWS + 1)
    )
    found = rows.all()
    if len(found) > MOST_ROWS:
        raise TooManyRows
    audit.record(
        session, staff.actor, "members.exported", "organisation", scope.audited,
        now=now, organisation_id=scope.audited, count=len(found), full=full, reason=reason, **wanted.for_audit(),
    )  # fmt: skip
    return Export(
        lines=[Line(*row[:4]) for row in found],
        organisation=scope.organisation.name if scope.organisation else None,
        practice=any(row[4] for row in found) or (scope.organisation is not None and scope.organisation.practice),
        full=full,
    )


def members_workbook(vault: Vault, export: Export) -> bytes:
    """An .xlsx with the sheet 党员; before it, of people who are made up, one that says so."""
    sheets: dict[str, Iterable[list[Value]]] = {}
    if export.practice:
        sheets[PRACTICE] = [["演练数据：名册中的人员是虚构的，请勿作为正式名册使用。"]]
    sheets[MEMBER_SHEET] = _rows(vault, export)
    return write_xlsx(sheets, text_columns=_TEXT_TITLES)


def _rows(vault: Vault, export: Export) -> Iterator[list[Value]]:
    yield [*FIELD_TITLES.values(), BOUND]
    for line in export.lines:
        cells = _cells(vault, line, export.full)
        yield [*(cells[field] for field in FIELDS), "已绑定" if line.bound else "未绑定"]


def _cells(vault: Vault, line: Line, full: bool) -> dict[str, str]:
    member = line.member
    phone = phone_of(vault, member) or ""
    return {
        "name": member.name,
        "organisation": line.organisation,
        "superior": line.superior or "",
        "phone": phone if full or not phone else masked(phone),
        "stage": STAGES[member.stage],
        "roster": ROSTERS[member.roster],
        "exempt": "是" if member.exempt_reason else "否",
        "exempt_reason": member.exempt_reason or "",
        "birth_month": member.birth_month or "",
        "joined_on": member.joined_on or "",
        "tags": "、".join(member.tags),
    }
