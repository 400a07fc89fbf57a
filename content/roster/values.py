"""The single values of a roster line: names, phones, words of choice, tags. Each refuses with a reason to act on."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from content.errors import ContentError
from content.roster.columns import is_alias
from content.roster.dates import shorten
from content.roster.events import RosterName, Stage
from content.spreadsheets.cells import Cell, cell_text
from content.text import clean_name, compact, is_rare

STAGES: dict[str, Stage] = {
    "入党申请人": "applicant",
    "积极分子": "activist",
    "发展对象": "development_target",
    "预备党员": "probationary_member",
    "正式党员": "full_member",
    "申请人": "applicant",
    "入党积极分子": "activist",
    "预备": "probationary_member",
    "中共预备党员": "probationary_member",
    "中国共产党预备党员": "probationary_member",
    "正式": "full_member",
    "党员": "full_member",
    "中共党员": "full_member",
    "中共正式党员": "full_member",
    "中国共产党党员": "full_member",
    "中国共产党正式党员": "full_member",
}
ROSTERS: dict[str, RosterName] = {
    "在职": "in_service",
    "无职": "no_post",
    "流动": "floating",
    "在职党员": "in_service",
    "无职党员": "no_post",
    "流动党员": "floating",
}
# 否 says only that somebody is not away.
FLOATING: dict[str, RosterName | None] = {"是": "floating", "否": None, "√": "floating", "×": None}
YES_NO = {"是": True, "否": False, "√": True, "✓": True, "×": False, "TRUE": True, "FALSE": False}

_EMPTY = re.compile(r"[-—–―－─_/\\／、.。·*]+|无|暂无|没有|空|N/?A|NULL|NONE", re.IGNORECASE)
_LONGEST_EMPTY = 8
_ERROR_TEXT = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!)", re.IGNORECASE)
_ID_CARD = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15}|[0-9]\.[0-9]{10,}[eE]\+?(?:14|17))(?![0-9])")
# The longest tags there may be, with what stands between them.
_LONGEST_RAW = 300

_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･．", "·"))
_HAN_DOT = re.compile(r"(?<=[^\x00-\x7f])\s*[.·]\s*(?=[^\x00-\x7f])")
_WIDE = re.compile("[\uff01-\uff5e\u2e80-\u2fdf]")
_REMARK = re.compile(r"\s*[(（\[【〔]([^()（）\[\]【】〔〕]*)[)）\]】〕]$")
# What a remark behind a name may say without making it another person's: posts, sex, nationality.
_POST = re.compile(
    r"(?:党|总支|支部|党支部|党小组|小组|组织|宣传|纪检|青年|统战|生活|保密|副|第一|常务|兼)*(?:书记|委员|组长|干事|主任|支书)|男|女|.{1,6}族"
)
_ORGANISATIONS = ("支部", "总支", "党委", "党小组", "党工委", "党组")

# With spaces and a remark; what follows need not bear more.
_LONGEST_NAME_CELL, _LONGEST_POST = 100, 10

_MOBILE = re.compile("1[3-9][0-9]{9}")
_MASKED = re.compile(r"1[0-9]{2}\*{4}[0-9]{4}")
_MOBILES = re.compile("(?<![0-9])1[3-9][0-9]{9}(?![0-9])")
_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+")
_LANDLINE = re.compile(r"(?:0[0-9]{2,3})?[2-9][0-9]{6,7}(?:[-转][0-9]{1,5})?")
_TAG_SPLIT = re.compile(r"[、，,;；/\s]+")
_LONGEST_TAG, _MOST_TAGS = 20, 10
_T = TypeVar("_T")


def is_empty(text: str) -> bool:
    """Whether the text stands for nothing: 无, ——, / ..."""
    if len(text) > _LONGEST_EMPTY:
        return False
    key = compact(text)
    return not key or _EMPTY.fullmatch(key) is not None


def is_error(text: str) -> bool:
    """Whether the text is what a formula that failed leaves behind."""
    return text.startswith("#") and _ERROR_TEXT.fullmatch(text) is not None


def plain(cell: Cell) -> str:
    """Return the text of a cell without the apostrophe that made it text."""
    text = cell.strip() if isinstance(cell, str) else cell_text(cell)
    return text[1:].lstrip() if text.startswith("'") else text


def disclosed(text: str) -> str:
    """Return the text as it may leave the parser: masked, and short."""
    return masked(text)[:_LONGEST_RAW]


def masked(text: str) -> str:
    """Return the text without the numbers of identity cards, whole or as a spreadsheet has rounded them."""
    return _ID_CARD.sub("〔证件号已隐去〕", text)


def looks_like_organisation(text: str) -> bool:
    """Whether the text ends as names of Party organisations do."""
    return text.endswith(_ORGANISATIONS)


@lru_cache(maxsize=4096)
def read_organisation(text: str, label: str) -> str:
    """Return the name of an organisation; raises `invalid_organisation`."""
    name = clean_name(text)
    if not 2 <= len(name) <= 60:
        raise ContentError("invalid_organisation", f"{label}「{shorten(text)}」应为 2 至 60 个字，请核对")
    return name


def read_name(text: str) -> str:
    """Return a person's name: dots are ·, wide letters are narrow, a post in brackets behind it is left out.

    Raises `invalid_name`, or `name_annotated` for a remark that may mean something.
    """
    if len(text) > _LONGEST_NAME_CELL:
        raise ContentError("invalid_name", f"姓名「{shorten(text)}」应为 2 至 30 个字，请核对")
    name = _WIDE.sub(lambda wide: unicodedata.normalize("NFKC", wide[0]), text.translate(_DOTS))
    remark = _REMARK.search(name)
    if remark:
        post = compact(remark[1])
        if len(post) > _LONGEST_POST or not _POST.fullmatch(post):
            raise ContentError("name_annotated", f"姓名「{shorten(text)}」带有括号说明，请只保留姓名，说明写到其他列")
        name = name[: remark.start()]
    name = _HAN_DOT.sub("·", clean_name(name))
    if not 2 <= len(name) <= 30:
        raise ContentError("invalid_name", f"姓名「{shorten(text)}」应为 2 至 30 个字，请核对")
    if not all(_may_stand_in_name(char) for char in name) or is_alias(name) or looks_like_organisation(name):
        raise ContentError("invalid_name", f"姓名「{shorten(text)}」不像人名，或含有姓名中不应有的字符，请核对")
    return name


def _may_stand_in_name(char: str) -> bool:
    return char in "· '-〇" or unicodedata.category(char)[0] in "LM" or is_rare(char)


def read_phone(text: str, label: str) -> str:
    """Return 11 digits, or "" for a number as we mask it.

    Raises scientific_phone, several_phones, landline, invalid_phone.
    """
    shown = f"{label}「{shorten(text)}」"
    digits = compact(text).replace("-", "").replace("–", "").replace("—", "")
    if _SCIENTIFIC.fullmatch(digits):
        raise ContentError("scientific_phone", f"{shown}是科学计数法，已丢失数字，请将该列设为“文本”格式后重新填写")
    digits = digits.removesuffix(".0")
    for prefix in ("+86", "0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            digits = digits.removeprefix(prefix)
    if _MOBILE.fullmatch(digits):
        return digits
    if _MASKED.fullmatch(digits):
        # From an export of ours: who handed it in has not seen the number.
        return ""
    if len(_MOBILES.findall(unicodedata.normalize("NFKC", text))) > 1 or re.fullmatch("(?:1[3-9][0-9]{9}){2,}", digits):
        raise ContentError("several_phones", f"{shown}有多个号码，请只保留一个手机号")
    if _LANDLINE.fullmatch(digits):
        raise ContentError("landline", f"{shown}是座机，请改填手机号，没有的请留空")
    raise ContentError("invalid_phone", f"{shown}应为 11 位手机号，请核对，没有的请留空")


def read_choice(choices: Mapping[str, _T], text: str, label: str, code: str) -> _T:
    """Return what a word of `choices` means; of several words for a thing, a refusal suggests the first."""
    key = text if text in choices else compact(text)
    if key not in choices:
        known = "、".join({meaning: word for word, meaning in reversed([*choices.items()])}.values())
        raise ContentError(code, f"{label}「{shorten(text)}」无法识别，请填写：{known}")
    return choices[key]


@lru_cache(maxsize=4096)
def read_tags(text: str) -> tuple[str, ...]:
    """Return the tags of a cell, each once; raises tag_too_long, too_many_tags."""
    tags = tuple(dict.fromkeys(tag for tag in map(clean_name, _TAG_SPLIT.split(text)) if tag))
    if any(len(tag) > _LONGEST_TAG for tag in tags):
        raise ContentError("tag_too_long", f"标签「{shorten(max(tags, key=len))}」超过 {_LONGEST_TAG} 个字，请缩短")
    if len(tags) > _MOST_TAGS:
        raise ContentError("too_many_tags", f"标签「{shorten(text)}」超过 {_MOST_TAGS} 个，请减少")
    return tags
