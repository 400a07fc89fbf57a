"""A member's record as a workbook and as what is printed: the same rows."""

from datetime import date

from app.my_record.models import Certificate
from app.my_record.schemas import RecordOut
from app.records.queries import hours
from app.schemas import week_words
from content.printing.record import Certified, Printed, day
from content.tables import Value, write_xlsx

KINDS = {"lesson": "学习资料", "quiz": "测验", "meeting": "会议、党课", "class": "集中培训"}
WAYS = {
    "online": "手机学习",
    "attended": "参加",
    "paper": "纸质学习",
    "home_visit": "送学上门",
    "recorded": "纸质、送学上门",
    "both": "手机和纸质",
}
WEEKS = ["周", "学习", "发布组织", "已学课数", "必学课数", "完成日期", "方式"]
QUIZZES = ["周", "测验", "成绩", "及格", "日期", "方式"]
HOURS = ["类别", "方式", "次数", "学时"]


def _tables(record: RecordOut) -> dict[str, list[list[Value]]]:
    weeks: list[list[Value]] = [
        [
            week_words(each.week), each.title, each.organisation, each.lessons_completed, each.lessons_total,
            each.completed_on.isoformat() if each.completed_on else "未完成", WAYS[each.way] if each.way else "",
        ]
        for each in record.weeks
    ]  # fmt: skip
    quizzes: list[list[Value]] = [
        [
            week_words(each.week),
            each.title,
            each.score,
            "是" if each.passed else "否",
            each.on.isoformat(),
            "纸质、送学上门" if each.recorded else "手机",
        ]
        for each in record.quizzes
    ]
    earned: list[list[Value]] = [
        [KINDS[each.kind], WAYS[each.way], each.count, str(each.hours)] for each in record.kinds
    ]
    return {"每周学习": [[*WEEKS], *weeks], "测验": [[*QUIZZES], *quizzes], "学时": [[*HOURS], *earned]}


def record_workbook(record: RecordOut) -> bytes:
    """An .xlsx with 说明, 每周学习, 测验 and 学时."""
    basis: list[list[Value]] = [
        ["姓名", "党组织", "开始", "结束", "学时", "其中纸质、送学上门", "依据", "规则版本"],
        [
            record.name, record.organisation, record.begins_on.isoformat(), record.ends_on.isoformat(),
            str(record.hours), str(record.recorded), record.rule.article, record.rule.version,
        ],
    ]  # fmt: skip
    return write_xlsx({"说明": basis, **_tables(record)})


def printed(record: RecordOut, printed_on: date) -> Printed:
    """The record as it is printed."""
    facts = [
        f"姓名：{record.name}　　党组织：{record.organisation}",
        f"期间：{day(record.begins_on)}至{day(record.ends_on)}",
        f"学时：{record.hours}（其中纸质学习、送学上门 {record.recorded}）",
        f"依据：{record.rule.article}；规则版本：{record.rule.version}",
    ]
    tables = [
        (name, [[str(cell) for cell in row] for row in rows]) for name, rows in _tables(record).items() if len(rows) > 1
    ]
    return Printed("我的学习记录", facts, tables, printed_on)


def certified(record: RecordOut, certificate: Certificate, check: str) -> Certified:
    """What the certificate says: the figures that were kept with its number."""
    return Certified(
        name=record.name,
        organisation=record.organisation,
        begins_on=certificate.begins_on,
        ends_on=certificate.ends_on,
        issues_completed=certificate.issues_completed,
        hours=str(hours(certificate.hundredths)),
        recorded=str(record.recorded),
        article=record.rule.article,
        rules=certificate.rules,
        number=certificate.number,
        check=check,
        issued_on=certificate.issued_on,
    )
