"""Which column of a local spreadsheet is which field of the roster."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from content.errors import ContentError
from content.roster.events import FIELDS, LINE_TITLE, PROBLEM_TITLE
from content.text import compact, listed

# The names that offices give to a column, the surest first: of two columns that claim a field, the surer one has it.
ALIASES: dict[str, tuple[str, ...]] = {
    "name": ("姓名", "党员姓名", "人员姓名", "成员姓名", "本人姓名", "党员名字", "名字"),
    "organisation": (
        "所在党组织", "所在党组织名称", "所在党支部", "所在党支部名称", "所在支部", "所在支部名称", "所属党支部",
        "所属支部", "所属党支部名称", "所属支部名称", "组织关系所在党支部", "组织关系所在支部", "组织关系所在党组织",
        "党支部名称",
        "支部名称", "党支部", "支部", "党组织名称", "所属党组织", "所属党组织名称", "组织关系所在单位", "党组织",
    ),
    "superior": (
        "上级党组织", "上级党组织名称", "所属党总支", "所在党总支", "党总支名称", "党总支", "总支", "上级党委",
        "所属党委", "所在党委", "所属基层党委", "基层党委", "党委名称", "党委", "党工委",
    ),
    "phone": (
        "手机号", "手机号码", "手机", "本人手机号", "本人手机号码", "本人手机", "移动电话", "联系手机", "联系手机号",
        "联系电话手机", "手机电话", "联系电话", "电话号码", "联系号码", "电话", "联系方式",
    ),
    "stage": ("人员类别", "党员类别", "党员类型", "党员身份", "发展阶段", "政治面貌"),
    "roster": (
        "名册", "所在名册", "名册类别", "名册类型", "是否流动党员", "是否为流动党员", "流动党员", "是否流动", "类型",
    ),
    "exempt": ("免学", "是否免学", "免除学习", "是否免除学习"),
    "exempt_reason": ("免学原因", "免学理由", "免除学习原因"),
    "birth_month": ("出生年月", "出生年月日", "出生日期", "出生时间", "出生", "生日"),
    "joined_on": (
        "入党时间", "入党日期", "入党年月", "入党年月日", "加入党组织时间", "加入党组织日期", "加入中国共产党时间",
        "入党",
    ),
    "tags": ("标签", "人员标签", "分类标签"),
}  # fmt: skip
_FIELD_OF = {alias: (field, rank) for field, aliases in ALIASES.items() for rank, alias in enumerate(aliases)}
# Ours: a file of corrections comes back with them.
_KNOWN_TO_IGNORE = {LINE_TITLE, PROBLEM_TITLE}
_NUMBERING = {"序号", "编号", "序", "no", "no."}
_BRACKETED = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_MARKS = re.compile("[*★☆:]")


@dataclass(frozen=True)
class Title:
    """The header of a column: its own text, and that of the group above it ("" for none).

    `is_group` where the text above stands over several columns.
    """

    text: str
    above: str = ""
    is_group: bool = False

    @property
    def shown(self) -> str:
        """The title as people are told it."""
        return f"{self.above}/{self.text}" if self.above and self.text else self.text or self.above


@dataclass(frozen=True)
class Claim:
    """That a column is a field: the lower `rank`, the surer."""

    field: str
    rank: int


def key_of(text: str) -> str:
    """Return a title for comparing: without spaces, width, what stands in brackets, stars and colons."""
    folded = _MARKS.sub("", compact(text))
    return (_BRACKETED.sub("", folded) or folded).lower()


def claim_of(title: Title, mapping: Mapping[str, str]) -> Claim | None:
    """Return what a title says that its column is; `mapping` is that of `explicit_mapping`."""
    for text in (title.shown, title.text):
        key = compact(text)
        if key in mapping:
            return Claim(mapping[key], -1) if mapping[key] else None
    own, above = key_of(title.text), key_of(title.above)
    tries = [above + own, own] if title.text else [above]
    if title.text and above and not title.is_group:
        # A remark under the title: 出生年月 over 年.月.
        tries.append(above)
    for place, key in enumerate(tries):
        if key in _FIELD_OF:
            field, rank = _FIELD_OF[key]
            # The 姓名 under 家庭成员 is somebody else's.
            foreign = bool(above) and title.is_group and place == 1 and _FIELD_OF.get(above, ("",))[0] != field
            return Claim(field, rank + 100 * foreign)
    return None


def explicit_mapping(columns: Mapping[str, str]) -> dict[str, str]:
    """Return the remembered mapping, header text -> field or "", by what is compared; raises `unknown_field`."""
    unknown = sorted(set(columns.values()) - {"", *FIELDS})
    if unknown:
        raise ContentError("unknown_field", f"列的对应关系中有系统不认识的项{listed(unknown)}，请重新选择。")
    return {compact(title): field for title, field in columns.items()}


def assign(titles: Sequence[Title], mapping: Mapping[str, str]) -> tuple[dict[str, int], list[str]]:
    """Return (field -> column, titles of the columns that are not read).

    Raises `duplicate_columns` where two columns have the same right to a field.
    """
    claims = [claim_of(title, mapping) for title in titles]
    places: dict[str, int] = {}
    for field in FIELDS:
        claimed = [(claim.rank, column) for column, claim in enumerate(claims) if claim and claim.field == field]
        if not claimed:
            continue
        best, column = min(claimed)
        rivals = [titles[other].shown for rank, other in claimed if rank == best]
        if len(rivals) > 1:
            raise ContentError(
                "duplicate_columns",
                f"表头中{listed(rivals)}都像是同一项内容，无法判断用哪一列。请只保留一列，或指定其中一列；"
                "左右并排的两个表格请上下合并为一个。",
            )
        places[field] = column
    read = set(places.values())
    ignored = [
        title.shown
        for column, title in enumerate(titles)
        if column not in read and title.shown and title.shown not in _KNOWN_TO_IGNORE
    ]
    return places, list(dict.fromkeys(ignored))


def is_numbering(title: Title) -> bool:
    """Whether the column only numbers the lines."""
    return key_of(title.text or title.above) in _NUMBERING


def is_alias(text: str) -> bool:
    """Whether the text, without spaces, is a title of some column, and so no content of one."""
    return text in _FIELD_OF
