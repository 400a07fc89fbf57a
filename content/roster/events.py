"""What a roster says, one event a line: the words that the parser and the import share."""

from dataclasses import dataclass
from typing import Literal, NotRequired, TypeAlias, TypedDict

OrganisationKind: TypeAlias = Literal["committee", "general_branch", "branch", "group"]
Stage: TypeAlias = Literal["applicant", "activist", "development_target", "probationary_member", "full_member"]
RosterName: TypeAlias = Literal["in_service", "no_post", "floating"]

MEMBER_SHEET, ORGANISATION_SHEET = "党员", "党组织"
ORGANISATION_COLUMNS = ("名称", "类别", "上级")

# Field -> title of its column in our template, in the order of the template.
FIELD_TITLES: dict[str, str] = {
    "name": "姓名",
    "organisation": "所在党组织",
    "superior": "上级党组织",
    "phone": "手机号",
    "stage": "人员类别",
    "roster": "名册",
    "exempt": "免学",
    "exempt_reason": "免学原因",
    "birth_month": "出生年月",
    "joined_on": "入党时间",
    "tags": "标签",
}
FIELDS = tuple(FIELD_TITLES)
# The columns that a file of corrections has after those.
LINE_TITLE, PROBLEM_TITLE = "原行号", "问题"


class RosterOptions(TypedDict):
    """How to read a file: JSON, as it travels to the child."""

    # ISO date; what lies after it cannot have happened.
    today: str
    # Header text -> one of FIELDS, or "" for a column to ignore: it wins over what the parser would take it for.
    columns: NotRequired[dict[str, str]]
    # For a file that says nowhere where its people belong.
    default_organisation: NotRequired[str]


@dataclass(frozen=True)
class RosterColumn:
    """A column that is read: its title as it stands ("联系方式/手机" for one in two rows) and one of FIELDS."""

    sheet: str
    title: str
    field: str


@dataclass(frozen=True)
class RosterHeader:
    """What is read and what is not; `lines` is an estimate of the lines to come, for showing progress.

    A sheet of a text file is called "". `skipped_sheets` tells people, with the reason in brackets.
    """

    sheets: tuple[str, ...]
    columns: tuple[RosterColumn, ...]
    ignored: tuple[str, ...]
    skipped_sheets: tuple[str, ...]
    lines: int


@dataclass(frozen=True)
class RosterOrganisation:
    """An organisation on `line`; `parent` is the name of the one above it, "" for the top."""

    line: int
    name: str
    kind: OrganisationKind
    parent: str
    sheet: str = ORGANISATION_SHEET


@dataclass(frozen=True)
class RosterLine:
    """A person on `line` as Excel shows it. "", None and () mean that the file does not say.

    `phone` is 11 digits, `birth_month` YYYY-MM, `joined_on` YYYY-MM-DD or YYYY-MM; `raw` is field -> text as it stood.
    """

    line: int
    sheet: str
    name: str
    organisation: str
    superior: str
    phone: str
    stage: Stage | None
    roster: RosterName | None
    exempt: bool | None
    exempt_reason: str
    birth_month: str
    joined_on: str
    tags: tuple[str, ...]
    raw: dict[str, str]


@dataclass(frozen=True)
class RejectedLine:
    """A line that cannot be read: `code` is that of its first problem, `reason` (Chinese) names them all.

    Both are "" for one of a file of corrections that is right.

    `raw` is as in RosterLine, on the sheet 党组织 title -> text; it is empty where there is nothing to mend.
    """

    line: int
    sheet: str
    code: str
    reason: str
    raw: dict[str, str]


@dataclass(frozen=True)
class SkippedLine:
    """A line that is no person and was left out for that: a total, a signature, a note, the header once more."""

    line: int
    sheet: str
    text: str


RosterEvent: TypeAlias = RosterHeader | RosterOrganisation | RosterLine | RejectedLine | SkippedLine
