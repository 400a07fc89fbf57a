"""The sheet in which an organisation says by which id a platform knows each member."""

from collections.abc import Iterable
from dataclasses import dataclass

from content.errors import ContentError, Rejected
from content.tables import Value, find_header, read_xlsx, write_xlsx
from content.text import clean_field

NUMBER, NAME, ORGANISATION, TAIL, ADDRESS = "党员编号", "姓名", "组织", "手机尾号", "收件地址"
SHEET = "收件地址"
MAX_LINES = 20_000
MAX_ADDRESS = 128
_MAX_NUMBER = 16


@dataclass(frozen=True)
class AddressLine:
    """One line with an address: `line` as Excel shows it; who is meant by number, or by what else is filled in."""

    line: int
    member_id: int | None
    name: str
    organisation: str
    tail: str
    address: str


@dataclass(frozen=True)
class AddressSheet:
    """What a sheet says; lines without an address are left as they are, and are not here."""

    lines: tuple[AddressLine, ...]
    rejected: tuple[Rejected, ...]


def parse_address_sheet(data: bytes) -> AddressSheet:
    """Return the lines of an .xlsx with the columns 姓名 and 收件地址, and 党员编号, 组织, 手机尾号 if any.

    Raises ContentError for a file that cannot be read, lacks a column, or has no address.
    """
    rows = read_xlsx(data, max_rows=MAX_LINES + 10)
    header, columns = find_header(rows, (NAME, ADDRESS), (NUMBER, ORGANISATION, TAIL))
    lines: list[AddressLine] = []
    rejected: list[Rejected] = []
    for number, cells in rows[header + 1 :]:
        given = {name: cells[at] for name, at in columns.items()}
        if not given[ADDRESS]:
            continue
        try:
            lines.append(_line(number, given))
        except ContentError as error:
            rejected.append(Rejected(number, error.code, error.detail))
    if not lines and not rejected:
        raise ContentError("empty_sheet", "表中没有填写收件地址，请在“收件地址”一列填写后重新上传。")
    return AddressSheet(tuple(lines), tuple(rejected))


def _line(number: int, given: dict[str, str]) -> AddressLine:
    written = given.get(NUMBER, "")
    if written and not (written.isascii() and written.isdigit() and len(written) <= _MAX_NUMBER):
        raise ContentError("bad_number", "党员编号应为数字，请使用下载的模板，不要修改这一列。")
    return AddressLine(
        line=number,
        member_id=int(written) if written else None,
        name=clean_field(given[NAME], "name", "姓名", 100, required=True),
        organisation=clean_field(given.get(ORGANISATION, ""), "organisation", "组织", 100),
        tail=clean_field(given.get(TAIL, ""), "tail", "手机尾号", 4),
        address=clean_field(given[ADDRESS], "address", "收件地址", MAX_ADDRESS),
    )


def write_address_sheet(people: Iterable[tuple[int, str, str, str, bool]]) -> bytes:
    """Return the .xlsx to fill in, of (number, name, organisation, end of the phone, whether there is an address)."""
    rows: list[list[Value]] = [[NUMBER, NAME, ORGANISATION, TAIL, "现在", ADDRESS]]
    rows += [
        [str(number), name, organisation, tail, "已登记" if known else "未登记", ""]
        for number, name, organisation, tail, known in people
    ]
    return write_xlsx({SHEET: rows}, text_columns=(NUMBER, TAIL, ADDRESS))
