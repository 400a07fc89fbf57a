"""Lines below a table that are nobody: totals, signatures, notes."""

import re
from collections.abc import Mapping

from content.errors import ContentError
from content.roster.values import STAGES, looks_like_organisation, read_name
from content.text import compact

_TOTAL = re.compile(r"(?:合计|总计|小计|共计|总人数).*|共有?[0-9]+[人名].*")
_SIGNATURE = re.compile(
    r"(?:填表|填报|制表|审核|审批|经办|统计|上报|联系|单位负责|党组织负责|支部负责|负责)人(?:签字|签名)?(?::.*)?"
    r"|(?:填表|填报|制表|审核|统计|上报)(?:单位|日期|时间)?:.*"
    r"|(?:党?支部)?(?:书记|委员)?(?:签字|签名|盖章)(?:\(.*\))?(?::.*)?|\(?盖章\)?|(?:日期|时间|单位|分管领导|主要领导):.*"
    r"|(?:填表|填报|制表|统计|上报)(?:单位|日期|时间)"
)
_MONTH = re.compile("[0-9]{4}年[0-9]{1,2}月(?:[0-9]{1,2}日)?")
_NOTE = re.compile(r"(?:填表|填报)?说明(?:[:0-9].*)?|(?:备注|附注|注意事项|注|提示)(?:[:0-9].*)?|[*※].*")
# How many there are, which a total says in the column of anything.
_COUNT = re.compile("共?有?[0-9]{1,6}(?:[人名个].*)?")
_PHONE = re.compile(r"\+?[0-9][0-9 -]{6,}")
_HAN = "[\u3400-\u9fff\U00020000-\U0003ffff]"
_PERSON = re.compile(f"{_HAN}{{2,6}}|{_HAN}{{1,15}}·[^0-9:]{{1,15}}")
# So many fields of a person are a person, whatever else stands in the line.
_MANY = 3


class Footers:
    """Tells footers from people, line by line: after a note, lines with one long text belong to it.

    `places` is field -> column. What might be a person is none: it is better refused than left out.
    """

    def __init__(self, places: Mapping[str, int]) -> None:
        self.places = places
        self.in_note = False

    def has(self, said: Mapping[int, str]) -> bool:
        """Whether a line (column -> text, without the empty ones) is clearly no person."""
        is_footer = self._is_footer(said)
        self.in_note = is_footer and (self.in_note or any(map(_is_note, said.values())))
        return is_footer

    def _is_footer(self, said: Mapping[int, str]) -> bool:
        name = said.get(self.places["name"], "")
        first = said[min(said)]
        organisation = said.get(self.places.get("organisation", -1), "")
        if _is_mark(name):
            # 合计 | 第一党支部 | 12 人
            return not self._has_phone_or_stage(said)
        if _is_mark(first) and _is_signed(first, said):
            # 填表人 | 张三 | 审核人 | 李四
            return not (self._has_phone_or_stage(said) or looks_like_organisation(compact(organisation)))
        if _is_mark(first) or _MONTH.fullmatch(compact(first)):
            return not (_is_person(name) or self._says_much(said))
        return self.in_note and len(said) == 1 and not _is_person(name)

    def _has_phone_or_stage(self, said: Mapping[int, str]) -> bool:
        phone, stage = (said.get(self.places.get(field, -1), "") for field in ("phone", "stage"))
        return _PHONE.fullmatch(phone) is not None or compact(stage) in STAGES

    def _says_much(self, said: Mapping[int, str]) -> bool:
        fields = {
            field
            for field, column in self.places.items()
            if (text := said.get(column, "")) and not (_is_label(text) or _COUNT.fullmatch(compact(text)))
        }
        return bool(fields & {"organisation", "phone", "stage"}) or len(fields) >= _MANY


def _is_signed(first: str, said: Mapping[int, str]) -> bool:
    """Whether the line is one of labels, with what belongs to each beside it."""
    return first.rstrip().endswith((":", "：")) or sum(map(_is_label, said.values())) > 1


def _is_label(text: str) -> bool:
    return _is_mark(text) or text.rstrip().endswith((":", "："))


def _is_mark(text: str) -> bool:
    key = compact(text) if text and text[0] not in "0123456789" else ""
    return bool(key) and any(pattern.fullmatch(key) for pattern in (_TOTAL, _SIGNATURE, _NOTE))


def _is_note(text: str) -> bool:
    return _NOTE.fullmatch(compact(text)) is not None


def _is_person(name: str) -> bool:
    try:
        return _PERSON.fullmatch(compact(read_name(name))) is not None
    except ContentError:
        return False
