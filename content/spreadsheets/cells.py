"""What a spreadsheet consists of, whatever the format of its file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from content.errors import ContentError

MAX_COLUMNS = 64


@dataclass(frozen=True)
class CellError:
    """What a formula that failed shows: #N/A, #REF! ..."""

    text: str


# Numbers are floats, an empty cell is "".
Cell: TypeAlias = str | float | bool | date | datetime | time | timedelta | CellError
# (row, column) of the first and of the last cell, counted from 0.
Area: TypeAlias = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class Sheet:
    """A table; `rows` gives (line as Excel shows it, its first 64 cells) anew at each call, with all blank rows.

    `height` counts the lines to the last one with content, `merged` is in the order of the file. `epoch` is day 0 of
    the dates that are kept as numbers. `typed` is False where the file does not tell numbers from text.
    """

    title: str
    hidden: bool
    height: int
    is_wide: bool
    merged: tuple[Area, ...]
    epoch: date
    typed: bool
    rows: Callable[[], Iterator[tuple[int, list[Cell]]]]


def cell_text(value: Cell) -> str:
    """Return the text of a cell as a person would copy it: dates are ISO, 3.0 is "3"."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, CellError):
        return value.text
    if isinstance(value, float):
        # Excel keeps 15 significant digits; a longer tail is noise of the binary form.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(" ", "seconds")
    return str(value)


def damaged() -> ContentError:
    """Return the refusal of a file that its reader cannot make out."""
    return ContentError("damaged_file", "表格无法读取，可能已损坏。请用 Excel 或 WPS 打开并另存为 .xlsx 后重新上传。")
