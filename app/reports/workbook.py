"""The export of a week: the rows of the screens in three sheets."""

from app.reports.schemas import Completion, Figures, MemberRow, OrganisationRow
from content.tables import Value, write_xlsx

FIGURE_HEADERS = ["应学人数", "已开始", "已完成", "其中纸质、送学上门", "测验通过", "平均分"]
MEMBER_HEADERS = [
    "党员编号", "姓名", "所在党组织", "应学", "已开始", "已完成", "测验通过", "已完成课数", "其中纸质、送学上门",
    "必修课数", "最好成绩",
]  # fmt: skip


def completion_workbook(completion: Completion, members: list[MemberRow]) -> bytes:
    """An .xlsx with 汇总, 按组织 and 按党员; `completion` is the view by organisation."""
    organisations = [row for row in completion.items if isinstance(row, OrganisationRow)]
    return write_xlsx(
        {
            "汇总": _summary(completion),
            "按组织": [
                ["党组织编号", "党组织", *FIGURE_HEADERS],
                *([row.organisation_id, row.organisation, *_figures(row)] for row in organisations),
            ],
            "按党员": [[*MEMBER_HEADERS], *(_member(row) for row in members)],
        }
    )


def _summary(completion: Completion) -> list[list[Value]]:
    issues = "；".join(f"{issue.title}（{issue.organisation}）" for issue in completion.issues)
    return [
        ["党组织编号", "党组织", "学习周", "学习资料", *FIGURE_HEADERS],
        [completion.organisation_id, completion.organisation, completion.week, issues, *_figures(completion.totals)],
    ]


def _figures(row: Figures) -> list[Value]:
    return [row.due, row.started, row.completed, row.recorded, row.quiz_passed, row.average_score]


def _member(row: MemberRow) -> list[Value]:
    flags: list[Value] = ["是" if flag else "否" for flag in (row.due, row.started, row.completed, row.quiz_passed)]
    return [
        row.member_id, row.name, row.organisation, *flags, row.lessons_completed, row.lessons_recorded,
        row.lessons_required, row.best_score,
    ]  # fmt: skip
