"""One line of a sheet -> a person, a refusal with every reason, or a line that is nobody."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from content.errors import ContentError
from content.roster.columns import key_of
from content.roster.dates import (
    EARLIEST_BIRTH,
    EARLIEST_JOINING,
    Day,
    is_ambiguous,
    joined_too_young,
    read_day,
    shorten,
)
from content.roster.events import RejectedLine, RosterLine, RosterName, SkippedLine, Stage
from content.roster.footers import Footers
from content.roster.header import Head
from content.roster.values import (
    FLOATING,
    ROSTERS,
    STAGES,
    YES_NO,
    disclosed,
    is_empty,
    is_error,
    masked,
    plain,
    read_choice,
    read_name,
    read_organisation,
    read_phone,
    read_tags,
)
from content.spreadsheets.cells import Cell, CellError, Sheet
from content.text import clean_field, compact

# What one merged cell says of all the lines beside it; a name or a phone merged over two lines is one person's.
_FILLED_DOWN = ("organisation", "superior", "stage", "roster", "tags")
_DAYS = {"birth_month", "joined_on"}
_REQUIRED = {"name", "organisation"}
_EXAMPLE = "示例"
_LONGEST_REASON = 100
_T = TypeVar("_T")


@dataclass(frozen=True)
class Context:
    """What holds for all lines of a sheet; `organisation` is that of a sheet without such a column."""

    sheet: Sheet
    head: Head
    organisation: str
    today: date


def read_lines(context: Context) -> Iterator[RosterLine | RejectedLine | SkippedLine]:
    """Yield what each line below the header is; lines that are blank, or only numbered, are nothing."""
    sheet, head = context.sheet, context.head
    footers = Footers(head.places)
    fill = _Fill(context)
    wide = {top + 1 for (top, left), (_, right) in sheet.merged if right - left >= 2}
    for line, cells in sheet.rows():
        if line <= head.last_line:
            continue
        said = {column: text for column, cell in enumerate(cells) if (text := plain(cell))}
        filled = fill(line, cells)
        if all(column in head.numbering and text.isdigit() for column, text in said.items()):
            continue
        shown = disclosed(" ".join(said.values()))
        if _is_header_again(said, head) or footers.has(said):
            yield SkippedLine(line, sheet.title, shown)
        elif len(said) == 1 and line in wide:
            reason = f"这一行只有「{shorten(shown)}」，不是党员。如果是党组织名称，请填到下面每一行的所在党组织中。"
            yield RejectedLine(line, sheet.title, "heading_line", reason, {})
        else:
            yield _Reader(context, line, cells, filled).read()


def _is_header_again(said: Mapping[int, str], head: Head) -> bool:
    column = head.places["name"]
    return column in said and key_of(said[column]) == key_of(head.titles[column].text)


class _Fill:
    """Fills a cell that is merged downward into the lines beside it."""

    def __init__(self, context: Context) -> None:
        self.columns = [place for field, place in context.head.places.items() if field in _FILLED_DOWN]
        self.starts = {
            (top + 1, left): bottom + 1
            for (top, left), (bottom, _) in context.sheet.merged
            if bottom > top and left in self.columns
        }
        self.held: dict[int, tuple[int, Cell]] = {}

    def __call__(self, line: int, cells: Sequence[Cell]) -> dict[int, Cell]:
        for column in self.columns:
            if (line, column) in self.starts and column < len(cells):
                self.held[column] = (self.starts[line, column], cells[column])
        return {column: cell for column, (last, cell) in self.held.items() if line <= last}


class _Reader:
    """Reads the fields of one line, and gathers what is wrong with them."""

    def __init__(self, context: Context, line: int, cells: Sequence[Cell], filled: Mapping[int, Cell]) -> None:
        self.context = context
        self.line = line
        self.problems: list[ContentError] = []
        self.cells: dict[str, Cell] = {}
        self.raw: dict[str, str] = {}
        for field, column in context.head.places.items():
            cell = filled.get(column) or (cells[column] if column < len(cells) else "")
            self.cells[field] = cell
            if text := plain(cell):
                unsure = field in _DAYS and is_ambiguous(cell, typed=context.sheet.typed)
                # As text it would be taken for January when it comes back.
                self.raw[field] = disclosed(f"{text}?" if unsure else text)
        if context.organisation:
            self.raw["organisation"] = context.organisation

    def read(self) -> RosterLine | RejectedLine:
        name = self._value("name", lambda text, _: read_name(text), "")
        organisation = self.context.organisation or self._value("organisation", read_organisation, "")
        if _EXAMPLE in name or organisation.startswith(_EXAMPLE):
            return self._rejected("example_line", "这是模板中的示例行，不会导入，可以删除。", {})
        superior = self._value("superior", read_organisation, "")
        phone = self._value("phone", read_phone, "")
        stage = self._value("stage", _read_stage, None)
        roster = self._value("roster", _read_roster, None)
        exempt, exempt_reason = self._exemption()
        birth, joined = self._days()
        tags: tuple[str, ...] = self._value("tags", _read_tags, ())
        if self.problems:
            reasons = "；".join(problem.detail.removesuffix("。") for problem in self.problems)
            return self._rejected(self.problems[0].code, f"{reasons}。", self.raw)
        return RosterLine(
            line=self.line,
            sheet=self.context.sheet.title,
            name=name,
            organisation=organisation,
            superior=superior,
            phone=phone,
            stage=stage,
            roster=roster,
            exempt=exempt,
            exempt_reason=exempt_reason,
            birth_month=birth.month if birth else "",
            joined_on=joined.text if joined else "",
            tags=tags,
            raw=self.raw,
        )

    def _rejected(self, code: str, reason: str, raw: dict[str, str]) -> RejectedLine:
        return RejectedLine(self.line, self.context.sheet.title, code, masked(reason), raw)

    def _value(self, field: str, read: Callable[[str, str], _T], empty: _T) -> _T:
        """Return what `read` (of text and title) makes of the field's cell, or `empty`; what it refuses is noted."""
        if field not in self.cells:
            return empty
        cell = self.cells[field]
        text = plain(cell)
        label = self.context.head.titles[self.context.head.places[field]].shown
        try:
            if isinstance(cell, CellError) or is_error(text):
                raise ContentError("formula_error", f"{label}「{text}」是公式错误，请改为实际内容")
            if not is_empty(text):
                return read(text, label)
            if field in _REQUIRED:
                raise ContentError(f"missing_{field}", f"{label}为空，请填写")
        except ContentError as error:
            self.problems.append(error)
        return empty

    def _exemption(self) -> tuple[bool | None, str]:
        before = len(self.problems)
        exempt = self._value("exempt", lambda text, label: read_choice(YES_NO, text, label, "invalid_exempt"), None)
        reason = self._value(
            "exempt_reason", lambda text, label: clean_field(text, "exempt_reason", label, _LONGEST_REASON), ""
        )
        if "exempt" not in self.cells and reason:
            exempt = True
        if len(self.problems) > before:
            return None, ""
        if exempt and not reason:
            self.problems.append(ContentError("missing_exempt_reason", "免学为“是”时，请填写免学原因（如年老体弱）"))
        if reason and not exempt:
            self.problems.append(ContentError("unexpected_exempt_reason", "填写了免学原因，但免学不是“是”，请核对"))
        return exempt, reason

    def _days(self) -> tuple[Day | None, Day | None]:
        birth, joined = self._day("birth_month", EARLIEST_BIRTH), self._day("joined_on", EARLIEST_JOINING)
        if birth:
            self.raw["birth_month"] = birth.month
        if joined:
            self.raw["joined_on"] = joined.text
        if birth and joined and joined_too_young(birth, joined):
            self.problems.append(
                ContentError("joined_too_young", f"入党时间 {joined.text} 距出生年月 {birth.month} 不足 16 年，请核对")
            )
        return birth, joined

    def _day(self, field: str, earliest: date) -> Day | None:
        context = self.context

        def read(_: str, label: str) -> Day:
            return read_day(
                self.cells[field],
                label,
                earliest=earliest,
                today=context.today,
                epoch=context.sheet.epoch,
                typed=context.sheet.typed,
            )

        return self._value(field, read, None)


def _read_tags(text: str, _: str) -> tuple[str, ...]:
    return read_tags(text)


def _read_stage(text: str, label: str) -> Stage:
    return read_choice(STAGES, text, label, "invalid_stage")


def _read_roster(text: str, label: str) -> RosterName | None:
    if "流动" in label and compact(text) in FLOATING:
        return FLOATING[compact(text)]
    return read_choice(ROSTERS, text, label, "invalid_roster")
