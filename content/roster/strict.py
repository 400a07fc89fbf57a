"""A workbook that follows the template to the letter -> one Roster, held in memory whole."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, get_args

from content.errors import ContentError, Rejected
from content.roster.events import (
    MEMBER_SHEET,
    ORGANISATION_COLUMNS,
    ORGANISATION_SHEET,
    OrganisationKind,
    RosterName,
    RosterOrganisation,
    Stage,
)
from content.tables import Row, find_header, read_xlsx, sheet_names
from content.text import clean_field, clean_name, compact

MEMBER_COLUMNS = ("姓名", "所在党组织", "手机号", "人员类别", "名册", "免学", "免学原因")

_KINDS: dict[str, OrganisationKind] = dict(
    zip(("党委", "党总支", "党支部", "党小组"), get_args(OrganisationKind), strict=True)
)
_STAGES: dict[str, Stage] = {
    "入党申请人": "applicant",
    "积极分子": "activist",
    "入党积极分子": "activist",
    "发展对象": "development_target",
    "预备党员": "probationary_member",
    "正式党员": "full_member",
    "": "full_member",
}
_ROSTERS: dict[str, RosterName] = {"在职": "in_service", "无职": "no_post", "流动": "floating", "": "in_service"}
_YES_NO = {"是": True, "否": False, "": False}
_PHONE = re.compile("1[0-9]{10}")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
_T = TypeVar("_T")


@dataclass(frozen=True)
class RosterMember:
    """A member on `line` of the organisation with that name; `phone` is 11 digits or ""."""

    line: int
    name: str
    organisation: str
    phone: str
    stage: Stage
    roster: RosterName
    exempt: bool
    exempt_reason: str


@dataclass(frozen=True)
class Roster:
    """What a workbook holds; whether organisations that it only names exist is for the import to say."""

    organisations: tuple[RosterOrganisation, ...]
    members: tuple[RosterMember, ...]
    rejected: tuple[Rejected, ...]


def parse_roster(data: bytes) -> Roster:
    """Return the members (sheet 党员, or the first one) and the organisations (sheet 党组织, if there is one).

    Raises ContentError for a file that cannot be read, lacks columns or has no members.
    """
    names = sheet_names(data)
    rows = read_xlsx(data, sheet=MEMBER_SHEET if MEMBER_SHEET in names else None)
    members, rejected = _parse_members(rows)
    if not members and not rejected:
        raise ContentError("empty_sheet", "表头下方没有党员，请填写后重新上传。")
    organisations: list[RosterOrganisation] = []
    if ORGANISATION_SHEET in names:
        organisations, refused = _parse_organisations(read_xlsx(data, sheet=ORGANISATION_SHEET))
        rejected += [Rejected(bad.line, bad.code, f"「{ORGANISATION_SHEET}」表：{bad.reason}") for bad in refused]
    return Roster(tuple(organisations), tuple(members), tuple(rejected))


def _each_row(
    rows: Sequence[Row], columns: Sequence[str], required: int, read: Callable[[int, dict[str, str]], _T]
) -> tuple[list[_T], list[Rejected]]:
    """Read each line below the header as {column: text, "" if absent}; a ContentError rejects its line."""
    header, places = find_header(rows, columns[:required], columns[required:])
    accepted: list[_T] = []
    rejected: list[Rejected] = []
    for line, cells in rows[header + 1 :]:
        try:
            accepted.append(read(line, {name: cells[places[name]] if name in places else "" for name in columns}))
        except ContentError as error:
            rejected.append(Rejected(line, error.code, error.detail))
    return accepted, rejected


def _parse_members(rows: Sequence[Row]) -> tuple[list[RosterMember], list[Rejected]]:
    by_phone: dict[str, int] = {}
    by_name: dict[tuple[str, str], RosterMember] = {}

    def read(line: int, cells: dict[str, str]) -> RosterMember:
        member = _read_member(line, cells)
        if member.phone in by_phone:
            raise ContentError("duplicate_phone", f"手机号与第 {by_phone[member.phone]} 行相同，请核对。")
        namesake = by_name.get((member.organisation, member.name))
        if namesake and not (member.phone and namesake.phone):
            raise ContentError(
                "ambiguous_name",
                f"与第 {namesake.line} 行在同一党组织中同名，请删除重复的一行；确为两人的，请为两人都填写手机号。",
            )
        if member.phone:
            by_phone[member.phone] = line
        by_name.setdefault((member.organisation, member.name), member)
        return member

    return _each_row(rows, MEMBER_COLUMNS, 2, read)


def _read_member(line: int, cells: dict[str, str]) -> RosterMember:
    exempt = _choose(_YES_NO, "免学", cells["免学"], "invalid_exempt")
    reason = clean_field(cells["免学原因"], "exempt_reason", "免学原因", 100)
    if exempt and not reason:
        raise ContentError("missing_exempt_reason", "免学为“是”时，请填写免学原因（如年老体弱）。")
    if reason and not exempt:
        raise ContentError("unexpected_exempt_reason", "填写了免学原因，但免学不是“是”，请核对。")
    return RosterMember(
        line=line,
        name=_checked_name(cells["姓名"], "姓名", 30),
        organisation=_checked_name(cells["所在党组织"], "所在党组织", 60),
        phone=_read_phone(cells["手机号"]),
        stage=_choose(_STAGES, "人员类别", cells["人员类别"], "invalid_stage"),
        roster=_choose(_ROSTERS, "名册", cells["名册"], "invalid_roster"),
        exempt=exempt,
        exempt_reason=reason,
    )


def _checked_name(text: str, label: str, longest: int) -> str:
    name = clean_name(text)
    if not 2 <= len(name) <= longest:
        raise ContentError("invalid_name", f"{label}应为 2 至 {longest} 个字，现为「{name[:longest]}」，请核对。")
    return name


def _read_phone(text: str) -> str:
    digits = compact(text).replace("-", "")
    if _SCIENTIFIC.fullmatch(digits):
        raise ContentError(
            "scientific_phone", f"手机号「{text}」是科学计数法，已丢失数字。请将该列设为“文本”格式后重新填写。"
        )
    digits = digits.removeprefix("+86")
    if digits and not _PHONE.fullmatch(digits):
        raise ContentError("invalid_phone", f"手机号「{text[:30]}」应为以 1 开头的 11 位数字，请核对。")
    return digits


def _choose(choices: dict[str, _T], column: str, text: str, code: str) -> _T:
    key = compact(text)
    if key not in choices:
        known = "、".join(choice for choice in choices if choice)
        raise ContentError(code, f"{column}「{text[:30]}」无法识别，请填写：{known}。")
    return choices[key]


def _parse_organisations(rows: Sequence[Row]) -> tuple[list[RosterOrganisation], list[Rejected]]:
    lines: dict[str, int] = {}

    def read(line: int, cells: dict[str, str]) -> RosterOrganisation:
        name = _checked_name(cells["名称"], "名称", 60)
        parent = _checked_name(cells["上级"], "上级", 60) if cells["上级"] else ""
        kind = _choose(_KINDS, "类别", cells["类别"], "invalid_kind")
        first = lines.setdefault(name, line)
        if first != line:
            raise ContentError("duplicate_organisation", f"「{name}」与第 {first} 行重复，请删除一行。")
        return RosterOrganisation(line, name, kind, parent)

    organisations, rejected = _each_row(rows, ORGANISATION_COLUMNS, 3, read)
    parents = {organisation.name: organisation.parent for organisation in organisations}
    looped = [organisation for organisation in organisations if _leads_to_itself(organisation.name, parents)]
    rejected += [
        Rejected(bad.line, "organisation_cycle", f"「{bad.name}」的上级最终是它自己，请修改上级。") for bad in looped
    ]
    return [organisation for organisation in organisations if organisation not in looped], rejected


def _leads_to_itself(name: str, parents: dict[str, str]) -> bool:
    seen: set[str] = set()
    above = parents[name]
    while above in parents and above not in seen:
        if above == name:
            return True
        seen.add(above)
        above = parents[above]
    return False
