"""Birth months and dates of joining, in the many ways in which people write them into a cell."""

import re
from datetime import date, timedelta

from content.errors import ContentError
from content.spreadsheets.cells import Cell, cell_text
from content.text import compact

EARLIEST_BIRTH = date(1900, 1, 1)
# The Party was founded in that month.
EARLIEST_JOINING = date(1921, 7, 1)
# Nobody joins before 18: what is two years below that is damaged, and not a rounded birthday.
YOUNGEST = 16

_TIME = re.compile(r"[T\s]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?$")
_PARTS = re.compile(r"([0-9]{4})[-./年]([0-9]{1,2})(?:[-./月](?:([0-9]{1,2})[日号]?)?)?")
_SHORT_YEAR = re.compile(
    r"[0-9]{2}[-./年][0-9]{1,2}(?:[-./月](?:[0-9]{1,2}[日号]?)?)?|[0-9]{1,2}[-./][0-9]{1,2}[-./][0-9]{2}"
)
_LONGEST = 50
_FORMS = "请填写为 1985.07 或 1985-07-03 的样子"


class Day:
    """A date, or only its month where `day` is None."""

    def __init__(self, year: int, month: int, day: int | None) -> None:
        # Raises ValueError for what no calendar has.
        self.first = date(year, month, day or 1)
        self.has_day = day is not None

    @property
    def month(self) -> str:
        """YYYY-MM."""
        return self.first.isoformat()[:7]

    @property
    def text(self) -> str:
        """YYYY-MM-DD, or YYYY-MM."""
        return self.first.isoformat() if self.has_day else self.month


def read_day(cell: Cell, label: str, *, earliest: date, today: date, epoch: date, typed: bool) -> Day:
    """Return the date in a cell that is not empty; `label` is the column's name in what is refused.

    Raises ContentError: invalid_date, two_digit_year, ambiguous_date, incomplete_date, date_too_early, future_date.
    """
    shown = f"{label}「{shorten(cell_text(cell))}」"
    try:
        day = _parse(cell, shown, epoch, typed)
    except (ValueError, OverflowError):
        raise ContentError("invalid_date", f"{shown}不是有效的日期，{_FORMS}") from None
    if (day.first if day.has_day else day.first.replace(day=1)) < earliest:
        raise ContentError("date_too_early", f"{shown}早于 {earliest.year} 年，请核对")
    if day.first > today:
        raise ContentError("future_date", f"{shown}晚于今天，请核对")
    return day


def is_ambiguous(cell: Cell, *, typed: bool) -> bool:
    """Whether the cell may have been 1985.10 before a spreadsheet took it for a number."""
    if isinstance(cell, float):
        return 1900 <= cell < 2101 and cell_text(cell)[4:] == ".1"
    return not typed and isinstance(cell, str) and re.fullmatch(r"[0-9]{4}\.1", compact(cell)) is not None


def joined_too_young(birth: Day, joined: Day) -> bool:
    """Whether the two dates cannot both be true."""
    return (joined.first.year - birth.first.year) * 12 + joined.first.month - birth.first.month < YOUNGEST * 12


def shorten(text: str) -> str:
    """Return the text as it is quoted in a reason."""
    text = " ".join(text.split())
    return text if len(text) <= 30 else f"{text[:30]}…"


def _parse(cell: Cell, shown: str, epoch: date, typed: bool) -> Day:
    if isinstance(cell, date):
        return Day(cell.year, cell.month, cell.day)
    if is_ambiguous(cell, typed=typed):
        raise ContentError(
            "ambiguous_date",
            f"{shown}可能是 1 月，也可能是丢了 0 的 10 月，请将该列设为“文本”格式，写成 1985.01 或 1985.10 的样子",
        )
    if isinstance(cell, float):
        return _from_number(cell, shown, epoch)
    if not isinstance(cell, str) or len(cell) > _LONGEST:
        raise ValueError
    text = compact(_TIME.sub("", cell.strip().lstrip("'")))
    if parts := _PARTS.fullmatch(text):
        return Day(int(parts[1]), int(parts[2]), int(parts[3]) if parts[3] else None)
    if _SHORT_YEAR.fullmatch(text):
        raise ContentError("two_digit_year", f"{shown}的年份只有两位，请写全四位，如 1985.07")
    if text.isascii() and text.removesuffix("年").isdigit():
        return _from_digits(text.removesuffix("年"), shown, epoch)
    raise ValueError


def _from_number(value: float, shown: str, epoch: date) -> Day:
    if value.is_integer() and abs(value) < 1e9:
        return _from_digits(str(int(value)), shown, epoch)
    text = cell_text(value)
    if 1900 <= value < 2101:
        year, month = text.split(".")
        return Day(int(year), int(month) if len(month) <= 2 else 0, None)
    if 0 < value < 100:
        raise ContentError("two_digit_year", f"{shown}的年份只有两位，请写全四位，如 1985.07")
    return _from_digits(str(int(value)), shown, epoch)


def _from_digits(text: str, shown: str, epoch: date) -> Day:
    """Read 19850703, 198507, or the number that a spreadsheet keeps for a day."""
    if len(text) == 8:
        return Day(int(text[:4]), int(text[4:6]), int(text[6:]))
    if len(text) == 6:
        return Day(int(text[:4]), int(text[4:]), None)
    if len(text) == 5:
        found = epoch + timedelta(days=int(text))
        return Day(found.year, found.month, found.day)
    if len(text) == 4:
        raise ContentError("incomplete_date", f"{shown}只有年份，请补充月份，如 1985.07；不清楚的请留空")
    if len(text) == 2:
        raise ContentError("two_digit_year", f"{shown}的年份只有两位，请写全四位，如 1985.07")
    raise ValueError
