"""The audit log for those who file it: the rows of the screen as a workbook."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.audit import Wanted, found_in
from app.access.duties import OFFICERS
from app.access.models import AuditEntry
from app.access.principals import CurrentStaff
from app.directory.models import Account, Organisation
from app.errors import Invalid
from content.tables import Value, write_xlsx

MOST_ROWS = 20_000
HEADERS = ["编号", "时间", "操作人", "姓名", "操作", "党组织编号", "党组织", "对象", "对象编号", "详情", "请求编号"]


class TooManyRows(Invalid):
    """More than a workbook holds that people can work with."""

    code = "too_many_rows"
    detail = f"符合条件的记录超过 {MOST_ROWS} 条，请缩短起止时间，或增加筛选条件，分几次导出。"


@dataclass(frozen=True)
class Line:
    """An entry with the name of who did it, where that is an account, and of the organisation."""

    entry: AuditEntry
    account: str | None
    organisation: str
    timezone: str


async def export_log(session: AsyncSession, staff: CurrentStaff, wanted: Wanted, now: datetime) -> list[Line]:
    """The entries that `staff` may read, newest first; the export is on record. Raises `TooManyRows`."""
    rows = await session.execute(
        select(AuditEntry, Account.name, Organisation.name, Organisation.timezone)
        .join(Organisation, Organisation.id == AuditEntry.organisation_id)
        .outerjoin(Account, func.concat("account:", Account.id) == AuditEntry.actor)
        .where(*found_in(staff, wanted))
        .order_by(AuditEntry.id.desc())
        .limit(MOST_ROWS + 1)
    )
    lines = [Line(*row) for row in rows]
    if len(lines) > MOST_ROWS:
        raise TooManyRows
    place = next(post.organisation_id for post in staff.posts if post.role in OFFICERS)
    audit.record(
        session, staff.actor, "audit.exported", "audit_log", None,
        now=now, organisation_id=place, entries=len(lines), wanted=wanted.for_audit(),
    )  # fmt: skip
    return lines


def log_workbook(lines: list[Line]) -> bytes:
    """An .xlsx with the sheet 审计日志; times are those of the organisation's zone."""
    return write_xlsx({"审计日志": _rows(lines)})


def _rows(lines: list[Line]) -> Iterator[list[Value]]:
    yield [*HEADERS]
    for line in lines:
        entry = line.entry
        local = entry.at.astimezone(ZoneInfo(line.timezone))
        yield [
            entry.id, f"{local:%Y-%m-%d %H:%M:%S}", entry.actor, line.account, entry.action, entry.organisation_id,
            line.organisation, entry.object_type, entry.object_id,
            json.dumps(entry.detail, ensure_ascii=False, sort_keys=True), entry.request_id,
        ]  # fmt: skip
