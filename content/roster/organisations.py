"""The sheet 党组织 of our template: the tree that the members belong to."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import get_args

from content.errors import ContentError
from content.roster.events import (
    ORGANISATION_COLUMNS,
    ORGANISATION_SHEET,
    OrganisationKind,
    RejectedLine,
    RosterOrganisation,
)
from content.roster.values import disclosed, is_empty, masked, plain, read_choice, read_organisation
from content.spreadsheets.cells import Sheet
from content.text import compact

_KINDS: dict[str, OrganisationKind] = dict(
    zip(("党委", "党总支", "党支部", "党小组"), get_args(OrganisationKind), strict=True)
)
_EXAMPLE = "示例"
_SEARCHED_LINES = 10


def organisation_columns(sheet: Sheet) -> tuple[int, dict[str, int]] | None:
    """Return (line of the header, title -> column) of a sheet 党组织, or None for any other sheet."""
    if compact(sheet.title) != ORGANISATION_SHEET:
        return None
    for line, cells in sheet.rows():
        if line > _SEARCHED_LINES:
            return None
        places = {compact(plain(cell)): column for column, cell in enumerate(cells)}
        if places.keys() >= set(ORGANISATION_COLUMNS):
            return line, {title: places[title] for title in ORGANISATION_COLUMNS}
    return None


def read_organisations(
    sheet: Sheet, header: int, places: Mapping[str, int]
) -> Iterator[RosterOrganisation | RejectedLine]:
    """Yield the organisations of the sheet, and the lines that are none; who is above itself is refused last."""
    # Two branches of one name stand under different superiors.
    found: dict[tuple[str, str], RosterOrganisation] = {}
    raws: dict[tuple[str, str], dict[str, str]] = {}
    for line, cells in sheet.rows():
        if line <= header or not any(map(plain, cells)):
            continue
        texts = {title: plain(cells[column]) if column < len(cells) else "" for title, column in places.items()}
        raw = {title: disclosed(text) for title, text in texts.items() if text}
        try:
            organisation = _read(line, sheet.title, texts)
            place = organisation.name, organisation.parent
            first = found.setdefault(place, organisation)
            if first is not organisation:
                reason = f"「{organisation.name}」与第 {first.line} 行重复，请删除一行。"
                raise ContentError("duplicate_organisation", reason)
            raws[place] = raw
        except ContentError as error:
            kept = {} if error.code == "example_line" else raw
            yield RejectedLine(line, sheet.title, error.code, masked(f"{error.detail.removesuffix('。')}。"), kept)
    looped = _looped(found)
    for place, organisation in found.items():
        if looped.issuperset(place):
            reason = f"「{organisation.name}」的上级最终是它自己，请修改上级。"
            yield RejectedLine(organisation.line, sheet.title, "organisation_cycle", reason, raws[place])
        else:
            yield organisation


def _read(line: int, title: str, texts: Mapping[str, str]) -> RosterOrganisation:
    if is_empty(texts["名称"]):
        raise ContentError("missing_organisation", "名称为空，请填写")
    name = read_organisation(texts["名称"], "名称")
    if name.startswith(_EXAMPLE):
        raise ContentError("example_line", "这是模板中的示例行，不会导入，可以删除")
    kind = read_choice(_KINDS, texts["类别"], "类别", "invalid_kind")
    parent = "" if is_empty(texts["上级"]) else read_organisation(texts["上级"], "上级")
    return RosterOrganisation(line, name, kind, parent, title)


def _looped(places: Iterable[tuple[str, str]]) -> set[str]:
    """Return the names that are above themselves, or between two such; `places` are (name, name of the parent)."""
    pairs = [(name, parent) for name, parent in places if parent]
    names = {name for pair in pairs for name in pair}
    return names - _ordered(pairs) - _ordered((parent, name) for name, parent in pairs)


def _ordered(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Return the first names that come after a second one, and those, as far as no ring is in the way."""
    sorter: TopologicalSorter[str] = TopologicalSorter()
    for pair in pairs:
        sorter.add(*pair)
    # What a ring does not block is given all the same.
    with suppress(CycleError):
        sorter.prepare()
    ordered: set[str] = set()
    while ready := sorter.get_ready():
        ordered.update(ready)
        sorter.done(*ready)
    return ordered
