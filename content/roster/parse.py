"""Any spreadsheet that lists people -> the events of a roster, one by one. It runs in the child of content.sandbox."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

from content.errors import ContentError
from content.roster.columns import explicit_mapping
from content.roster.events import (
    RejectedLine,
    RosterColumn,
    RosterEvent,
    RosterHeader,
    RosterLine,
    RosterOptions,
    SkippedLine,
)
from content.roster.header import Head, find_head
from content.roster.lines import Context, read_lines
from content.roster.organisations import organisation_columns, read_organisations
from content.roster.values import looks_like_organisation, masked, read_organisation
from content.spreadsheets.cells import MAX_COLUMNS, Sheet
from content.spreadsheets.read import read_spreadsheet
from content.text import compact

MAX_LINES = 120_000
# What people call the sheet that counts, what ends its title, and whom a sheet of another kind lists.
_PREFERRED = re.compile(r".*(?:党\s*员|花\s*名\s*册|名\s*册).*")
_SUFFIX = re.compile("(?:党员)?(?:花名册|名册|名单|信息表?|党员)$")
_OTHERS = re.compile(".*(?:转出|去世|死亡|已故|除名|历史(?:党员|名单|名册|人员)).*")


def parse_roster_lines(data: bytes, options: RosterOptions) -> Iterator[RosterEvent]:
    """Yield a RosterHeader, then the organisations, then the lines, each as soon as it is read.

    Raises ContentError: what read_spreadsheet refuses, missing_columns, duplicate_columns, unknown_field, empty_sheet,
    and, after what came before it, too_many_rows.
    """
    mapping = explicit_mapping(options.get("columns", {}))
    sheets = read_spreadsheet(data)
    trees = [(sheet, found) for sheet in sheets if not sheet.hidden and (found := organisation_columns(sheet))]
    tree_titles = {sheet.title for sheet, _ in trees}
    chosen = _choose([sheet for sheet in sheets if sheet.title not in tree_titles], mapping, options)
    yield chosen.header
    for sheet, (line, places) in trees:
        yield from read_organisations(sheet, line, places)
    counted = people = 0
    seen = _Seen()
    for context in chosen.contexts:
        for event in read_lines(context):
            counted += 1
            if counted > MAX_LINES:
                raise ContentError("too_many_rows", f"表格超过 {MAX_LINES} 行，请拆分后重新上传。", line=event.line)
            people += not isinstance(event, SkippedLine)
            yield seen.checked(event) if isinstance(event, RosterLine) else event
    if not people:
        raise ContentError("empty_sheet", "表头下方没有党员，请填写后重新上传。")


@dataclass(frozen=True)
class _Chosen:
    header: RosterHeader
    contexts: list[Context]


def _choose(sheets: list[Sheet], mapping: Mapping[str, str], options: RosterOptions) -> _Chosen:
    """Say which sheets are read, and how."""
    skipped = [f"{sheet.title}（隐藏）" for sheet in sheets if sheet.hidden]
    found: list[tuple[Sheet, Head | ContentError]] = []
    for sheet in sheets:
        if sheet.hidden or not sheet.height:
            continue
        head = _head(sheet, mapping)
        if head is None:
            skipped.append(f"{sheet.title}（没有表头）")
        elif _OTHERS.fullmatch(sheet.title) and len(sheets) > 1:
            skipped.append(f"{sheet.title}（看似不在册的人员）")
        else:
            found.append((sheet, head))
    # One roster of all, beside which the sheets of the branches would say the same again.
    preferred = [each for each in found if _PREFERRED.fullmatch(each[0].title) and not _organisation_of(each[0])]
    if preferred:
        skipped += [f"{each[0].title}（已读取党员名册）" for each in found if each not in preferred]
    contexts: list[Context] = []
    for sheet, head in preferred or found:
        if isinstance(head, ContentError):
            raise head
        context = _context(sheet, head, options)
        if context is None:
            skipped.append(f"{sheet.title}（没有党组织列）")
        else:
            contexts.append(context)
    if not contexts:
        raise _missing("所在党组织" if found else "姓名")
    return _Chosen(_header(contexts, skipped), contexts)


def _head(sheet: Sheet, mapping: Mapping[str, str]) -> Head | ContentError | None:
    try:
        return find_head(sheet, mapping)
    except ContentError as error:
        place = f"工作表「{sheet.title}」：" if sheet.title else ""
        return ContentError(error.code, f"{place}{error.detail}")


def _context(sheet: Sheet, head: Head, options: RosterOptions) -> Context | None:
    """Return what holds for the lines of a sheet, or None where nothing says whose people they are."""
    organisation = ""
    if "organisation" not in head.places:
        default = options.get("default_organisation", "")
        if title := _organisation_of(sheet):
            organisation = read_organisation(title, "工作表名称")
        elif default:
            organisation = read_organisation(default, "默认党组织")
        else:
            return None
    return Context(sheet, head, organisation, date.fromisoformat(options["today"]))


def _organisation_of(sheet: Sheet) -> str:
    """Return the organisation that a sheet is named after, or ""."""
    title = _SUFFIX.sub("", compact(sheet.title))
    return title if looks_like_organisation(title) else ""


def _header(contexts: list[Context], skipped: list[str]) -> RosterHeader:
    columns: list[RosterColumn] = []
    ignored: list[str] = []
    for context in contexts:
        sheet, head = context.sheet, context.head
        columns += [
            RosterColumn(sheet.title, masked(head.titles[place].shown), field) for field, place in head.places.items()
        ]
        ignored += map(masked, head.ignored)
        if sheet.is_wide:
            ignored.append(f"第 {MAX_COLUMNS} 列以后的列")
    return RosterHeader(
        sheets=tuple(context.sheet.title for context in contexts),
        columns=tuple(columns),
        ignored=tuple(dict.fromkeys(ignored)),
        skipped_sheets=tuple(skipped),
        lines=sum(max(context.sheet.height - context.head.last_line, 0) for context in contexts),
    )


def _missing(title: str) -> ContentError:
    if title == "姓名":
        detail = "没有找到表头：前 30 行中没有「姓名」列。请对照模板检查表头后重新上传。"
    else:
        detail = "表头缺少「所在党组织」列，请补上这一列，或在上传时选择这些党员所在的党组织。"
    return ContentError("missing_columns", detail)


class _Seen:
    """The people so far, as digests: a hundred thousand of them take little memory."""

    def __init__(self) -> None:
        self.places: dict[bytes, tuple[str, int]] = {}

    def checked(self, person: RosterLine) -> RosterLine | RejectedLine:
        """Return the line, or its refusal where the same person stands further up."""
        told_apart = person.phone or compact(person.organisation)
        key = blake2b(f"{person.name.replace(' ', '')}\0{told_apart}".encode(), digest_size=16).digest()
        sheet, line = self.places.setdefault(key, (person.sheet, person.line))
        if (sheet, line) == (person.sheet, person.line):
            return person
        place = f"「{sheet}」第 {line} 行" if sheet != person.sheet else f"第 {line} 行"
        reason = f"与{place}是同一个人（{person.name}），请删除重复的一行；确为两人的，请分别填写手机号。"
        return RejectedLine(person.line, person.sheet, "duplicate_line", reason, person.raw)
