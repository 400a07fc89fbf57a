"""Where the header of a sheet is, and what it says: below title rows, in one row or in several."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from content.roster.columns import Title, assign, claim_of, is_numbering
from content.spreadsheets.cells import Sheet, cell_text
from content.text import compact

# Rows with content: a header further down is none.
_SEARCHED_ROWS = 30
_LONGEST_HEADER = 3
_LONGEST_TITLE = 50

_TextRow = tuple[int, list[str]]


@dataclass(frozen=True)
class Head:
    """The header of a sheet, which ends at `last_line`: `places` is field -> column, `numbering` the 序号 columns."""

    last_line: int
    titles: tuple[Title, ...]
    places: dict[str, int]
    ignored: tuple[str, ...]
    numbering: frozenset[int]


def find_head(sheet: Sheet, mapping: Mapping[str, str]) -> Head | None:
    """Return the first header with a column of names, or None; `duplicate_columns` where it cannot be understood."""
    rows = _top_rows(sheet)
    for index, (_, texts) in enumerate(rows):
        column = _name_column(texts, mapping)
        if column is None:
            continue
        block = [rows[index]]
        for below in rows[index + 1 : index + _LONGEST_HEADER]:
            if not _continues(block, below, column, mapping):
                break
            block.append(below)
        titles = _titles(block)
        places, ignored = assign(titles, mapping)
        numbering = frozenset(place for place, title in enumerate(titles) if is_numbering(title))
        return Head(block[-1][0], titles, places, tuple(ignored), numbering)
    return None


def _top_rows(sheet: Sheet) -> list[_TextRow]:
    """Return the texts of the first rows with content; each cell of a merged area has its text."""
    rows = [
        (line, [" ".join(cell_text(cell).split())[:_LONGEST_TITLE] for cell in cells])
        for line, cells in islice(((line, cells) for line, cells in sheet.rows() if any(cells)), _SEARCHED_ROWS)
    ]
    by_line = dict(rows)
    last_line = rows[-1][0] if rows else 0
    for (top, left), (bottom, right) in sheet.merged:
        if top + 1 not in by_line or left >= len(by_line[top + 1]):
            continue
        text = by_line[top + 1][left]
        for line in range(top + 1, min(bottom + 1, last_line) + 1):
            cells = by_line.get(line, [])
            for column in range(left, min(right + 1, len(cells))):
                cells[column] = text
    return rows


def _name_column(texts: Sequence[str], mapping: Mapping[str, str]) -> int | None:
    for column, text in enumerate(texts):
        claim = claim_of(Title(text), mapping) if text else None
        if claim is not None and claim.field == "name":
            return column
    return None


def _continues(block: Sequence[_TextRow], below: _TextRow, name_column: int, mapping: Mapping[str, str]) -> bool:
    """Whether a row still belongs to the header: its name cell is empty, or is the merged one from above."""
    line, texts = block[-1]
    if below[0] != line + 1:
        return False
    text = below[1][name_column] if name_column < len(below[1]) else ""
    if text:
        return compact(text) == compact(texts[name_column])
    return any(claim_of(title, mapping) for title in map(Title, below[1]) if title.text)


def _titles(block: Sequence[_TextRow]) -> tuple[Title, ...]:
    width = max(len(texts) for _, texts in block)
    rows = [texts + [""] * (width - len(texts)) for _, texts in block]
    for upper, lower in pairwise(rows):
        for column in range(1, width):
            # A group is written once above its columns, merged or not.
            if not upper[column] and lower[column] and lower[column - 1] and lower[column - 1] != upper[column - 1]:
                upper[column] = upper[column - 1]
    titles: list[Title] = []
    for column in range(width):
        parts = list(dict.fromkeys(row[column] for row in rows if row[column]))
        if len(parts) < 2:
            titles.append(Title("".join(parts)))
            continue
        group = rows[0][column]
        neighbours = {rows[0][other] for other in (column - 1, column + 1) if 0 <= other < width}
        titles.append(Title(parts[-1], "".join(parts[:-1]), is_group=group in neighbours))
    return tuple(titles)
