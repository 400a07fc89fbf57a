"""Addresses by Excel: a sheet of the members that a channel serves, and the filled one back, all or nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, below
from app.db.vault import Vault
from app.directory.models import Member, Organisation
from app.errors import Invalid
from app.organisations.addresses.service import BadAddress, check_address, find_channel, keep_addresses
from app.organisations.people.export import MOST_ROWS, TooManyRows
from app.organisations.people.reach import phone_of
from app.platforms.models import Channel, ChannelAddress
from content.addresses import AddressLine, AddressSheet, write_address_sheet
from content.errors import Rejected

_TAIL = 4


class RejectedLines(Invalid):
    """Some lines cannot be taken, and so nothing was."""

    code = "rejected_lines"


@dataclass(frozen=True)
class Person:
    """A member whom the channel serves."""

    member: Member
    organisation: str


async def list_people(
    session: AsyncSession, staff: CurrentStaff, channel_id: int, now: datetime
) -> tuple[Channel, list[tuple[Person, bool]]]:
    """The members whom the channel serves, each with whether there is an address; that they leave is on record.

    Raises `NotFound`, `NeedsNoAddress` or `TooManyRows`.
    """
    channel, organisation = await find_channel(session, staff, channel_id)
    known = select(ChannelAddress.member_id).where(
        ChannelAddress.channel_id == channel.id, ChannelAddress.member_id == Member.id
    )
    rows = await session.execute(
        select(Member, Organisation.name, known.exists())
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(below(organisation), Member.archived_at.is_(None))
        .order_by(Organisation.path, Member.id)
        .limit(MOST_ROWS + 1)
    )
    people = [(Person(member, name), bool(there)) for member, name, there in rows]
    if len(people) > MOST_ROWS:
        raise TooManyRows
    audit.record(
        session, staff.actor, "addresses.exported", "channel", channel.id,
        now=now, organisation_id=organisation.id, count=len(people),
    )  # fmt: skip
    return channel, people


def people_workbook(vault: Vault, people: Sequence[tuple[Person, bool]]) -> bytes:
    """The sheet to fill in."""
    return write_address_sheet(
        (each.member.id, each.member.name, each.organisation, _tail(vault, each.member), known)
        for each, known in people
    )


def _tail(vault: Vault, member: Member) -> str:
    return (phone_of(vault, member) or "")[-_TAIL:]


async def import_addresses(
    session: AsyncSession,
    vault: Vault,
    staff: CurrentStaff,
    channel_id: int,
    sheet: AddressSheet,
    now: datetime,
    *,
    dry_run: bool,
) -> tuple[int, list[Rejected]]:
    """Keeps the addresses of a sheet; gives how many, and the lines that cannot be taken (of a dry run only).

    Raises `NotFound`, `NeedsNoAddress`, or `RejectedLines`, and then nothing was kept.
    """
    channel, organisation = await find_channel(session, staff, channel_id)
    taken, refused = _resolve(vault, channel, sheet, await _load(session, organisation, sheet))
    rejected = sorted([*sheet.rejected, *refused], key=lambda each: each.line)
    if dry_run:
        return len(taken), rejected
    if rejected:
        found = [{"line": each.line, "code": each.code, "detail": each.reason} for each in rejected]
        detail = f"有 {len(rejected)} 行需要修改，本次没有登记任何收件地址。请按提示改正后重新上传。"
        raise RejectedLines(detail, errors=found)
    await keep_addresses(session, vault, channel.id, taken.items(), now)
    audit.record(
        session, staff.actor, "addresses.imported", "channel", channel.id,
        now=now, organisation_id=organisation.id, count=len(taken),
    )  # fmt: skip
    return len(taken), []


async def _load(session: AsyncSession, organisation: Organisation, sheet: AddressSheet) -> list[Person]:
    """Everybody whom a line can mean, by number or by name."""
    numbers = {line.member_id for line in sheet.lines if line.member_id is not None}
    names = {line.name for line in sheet.lines if line.member_id is None}
    rows = await session.execute(
        select(Member, Organisation.name)
        .join(Organisation, Organisation.id == Member.organisation_id)
        .where(below(organisation), Member.archived_at.is_(None), or_(Member.id.in_(numbers), Member.name.in_(names)))
    )
    return [Person(member, name) for member, name in rows]


def _resolve(
    vault: Vault, channel: Channel, sheet: AddressSheet, people: Sequence[Person]
) -> tuple[dict[int, str], list[Rejected]]:
    """Member → address, and the lines that cannot be taken."""
    by_name: dict[str, list[Person]] = defaultdict(list)
    for each in people:
        by_name[each.member.name].append(each)
    by_number = {each.member.id: each for each in people}
    taken: dict[int, str] = {}
    refused: list[Rejected] = []
    for line in sheet.lines:
        found, code, reason = _match(vault, line, by_number, by_name)
        if found is not None and found.member.id in taken:
            code, reason = "repeated_member", f"「{line.name}」在前面已经有一行，请只保留一行。"
        elif found is not None:
            try:
                check_address(channel.adapter, line.address)
            except BadAddress as error:
                code, reason = error.shown_code, error.shown_detail
        if code or found is None:
            refused.append(Rejected(line.line, code, reason))
        else:
            taken[found.member.id] = line.address
    return taken, refused


def _match(
    vault: Vault, line: AddressLine, by_number: Mapping[int, Person], by_name: Mapping[str, Sequence[Person]]
) -> tuple[Person | None, str, str]:
    """The one member whom a line means, or the code and the words of why there is none."""
    if line.member_id is not None:
        found = by_number.get(line.member_id)
        if found is None:
            return None, "unknown_member", f"没有编号为 {line.member_id} 的党员，或不在这个渠道的范围内。"
        if found.member.name != line.name:
            return None, "name_mismatch", f"编号 {line.member_id} 与姓名「{line.name}」不是同一个人，请核对是否串行。"
        return found, "", ""
    fitting = [
        each
        for each in by_name.get(line.name, ())
        if line.organisation in ("", each.organisation) and line.tail in ("", _tail(vault, each.member))
    ]
    if not fitting:
        return None, "unknown_member", f"没有找到党员「{line.name}」，请核对姓名、组织和手机尾号。"
    if len(fitting) > 1:
        return None, "ambiguous_member", f"「{line.name}」不止一人，请填写组织或手机尾号，或使用下载的模板。"
    return fitting[0], "", ""
