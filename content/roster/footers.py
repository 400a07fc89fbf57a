"""Lines below a table that are nobody: totals, signatures, notes."""

import re
from collections.abc import Mapping

from content.text import compact

_TOTAL = re.compile(r"(?:合计|总计|小计|共计|总人数).*|共有?[0-9]+[人名].*")
_SIGNATURE = re.compile(
    r"(?:填表|填报|制表|审核|审批|经办|统计|上报|联系|单位负责|党组织负责|支部负责|负责)人(?:签字|签名)?(?::.*)?"
    r"|(?:填表|填报|制表|审核|统计|上报)(?:单位|日期|时间)?:.*"
    r"|(?:党?支部)?(?:书记|委员)?(?:签字|签名|盖章)(?:\(.*\))?(?::.*)?|\(?盖章\)?|(?:日期|时间|单位|分管领导|主要领导):.*"
    r"|(?:填表|填报|制表|统计|上报)(?:单位|日期|时间)|[0-9]{4}年[0-9]{1,2}月(?:[0-9]{1,2}日)?"
)
_NOTE = re.compile(r"(?:填表|填报)?说明(?:[:0-9].*)?|(?:备注|附注|注意事项|注|提示)(?:[:0-9].*)?|[*※].*")
_HAN = "[\u3400-\u9fff\U00020000-\U0003ffff]"
_PERSON = re.compile(f"{_HAN}{{2,6}}|{_HAN}{{1,15}}·[^0-9:]{{1,15}}")


class Footers:
    """Tells footers from people, line by line: after a note, lines with one long text belong to it."""

    def __init__(self, name_column: int) -> None:
        self.name_column = name_column
        self.in_note = False

    def has(self, said: Mapping[int, str]) -> bool:
        """Whether a line (column -> text, without the empty ones) is clearly no person."""
        first = min(said)
        name = said.get(self.name_column, "")
        begins, names = _is_mark(said[first]), _is_mark(name)
        is_person = not names and _PERSON.fullmatch(compact(name)) is not None
        if not is_person and (begins or names):
            self.in_note = self.in_note or any(map(_is_note, said.values()))
            return True
        # 填表人 | 张三 | 审核人 | 李四
        if begins and (said[first].rstrip().endswith((":", "：")) or sum(map(_is_mark, said.values())) > 1):
            return True
        if self.in_note and len(said) == 1 and not is_person:
            return True
        self.in_note = False
        return False


def _is_mark(text: str) -> bool:
    key = compact(text) if (text and text[0] not in "0123456789") or "年" in text else ""
    return bool(key) and any(pattern.fullmatch(key) for pattern in (_TOTAL, _SIGNATURE, _NOTE))


def _is_note(text: str) -> bool:
    return _NOTE.fullmatch(compact(text)) is not None
