"""Write the demonstration roster and questions beside this file: `python -m content.demo.make`.

All people and places are made up, and the same in each run; the phone numbers are of the form 1990000NNNN.
"""

from pathlib import Path

from content.questions.check import LETTERS
from content.roster import MEMBER_SHEET, ORGANISATION_COLUMNS, ORGANISATION_SHEET
from content.tables import Value, write_xlsx

COLUMNS = ("姓名", "所在党组织", "手机号", "人员类别", "名册", "免学", "免学原因")

COMMITTEE = "示范县云溪镇党委"
BRANCHES = {
    "云溪镇机关党总支": ("机关第一党支部", "机关第二党支部", "卫生院党支部", "中心学校党支部"),
    "云溪镇农村党总支": ("东溪村党支部", "西溪村党支部", "南坪村党支部", "北岭村党支部"),
    "云溪镇社区党总支": ("朝阳社区党支部", "文苑社区党支部", "滨河社区党支部", "商贸街党支部"),
}
# Members, and floating ones among them, of each branch in the order above: 400 and 50.
SIZES = (28, 26, 31, 35, 38, 36, 33, 29, 42, 37, 40, 25)
FLOATING = (0, 1, 1, 2, 9, 8, 7, 5, 4, 3, 4, 6)
EXEMPT_REASONS = ("年老体弱", "长期患病", "行动不便", "身体残疾")

_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_GIVEN = (  # noqa: SIM905  # as a list it takes 39 lines
    "建国 志强 秀英 桂兰 明 海燕 文斌 晓东 丽华 永福 玉梅 国庆 静 立新 春生 小红 德明 雪梅 伟 家豪 思远 雨欣 浩然 "
    "佳怡 子轩 敏 长青 爱民 金凤 云鹏 俊杰 婷 红霞 守信 学文 宏伟 芳 振华 素珍"
).split()
# It shares no factor with 40 surnames × 39 given names, so that the first 1,560 names are all different.
_STRIDE = 487


def main() -> None:
    """Write roster.xlsx and questions.xlsx."""
    folder = Path(__file__).parent
    (folder / "roster.xlsx").write_bytes(write_xlsx(roster_sheets()))
    (folder / "questions.xlsx").write_bytes(write_xlsx(question_sheets()))


def roster_sheets() -> dict[str, list[list[Value]]]:
    """Return the two sheets of the roster: 400 members, and 16 organisations."""
    organisations: list[list[Value]] = [[*ORGANISATION_COLUMNS], [COMMITTEE, "党委", ""]]
    for general_branch, branches in BRANCHES.items():
        organisations.append([general_branch, "党总支", COMMITTEE])
        organisations += [[branch, "党支部", general_branch] for branch in branches]
    members: list[list[Value]] = [[*COLUMNS]]
    names = [branch for branches in BRANCHES.values() for branch in branches]
    for branch, size, floating in zip(names, SIZES, FLOATING, strict=True):
        members += [_member(len(members) + place, place, branch, floating) for place in range(size)]
    return {MEMBER_SHEET: members, ORGANISATION_SHEET: organisations}


def _member(number: int, place: int, branch: str, floating: int) -> list[Value]:
    """Return the row of member `number` (from 1), at `place` (from 0) of a branch whose first ones are floating."""
    choice = number * _STRIDE % (len(_SURNAMES) * len(_GIVEN))
    name = _SURNAMES[choice % len(_SURNAMES)] + _GIVEN[choice // len(_SURNAMES)]
    # One in each branch: 12 in all.
    exempt = place == floating + 10
    roster = "流动" if place < floating else "无职" if exempt or number % 3 == 0 else "在职"
    stage = "预备党员" if number % 40 == 0 else "正式党员"
    reason = EXEMPT_REASONS[number % len(EXEMPT_REASONS)] if exempt else ""
    return [name, branch, f"1990000{number:04d}", stage, roster, "是" if exempt else "否", reason]


def question_sheets() -> dict[str, list[list[Value]]]:
    """Return the sheet of six questions, each naming the public document that it rests on."""
    header: list[Value] = ["题型", "题干", *(f"选项{letter}" for letter in LETTERS[:4]), "答案", "解析", "出处"]
    branch_rules, education_rules = "《中国共产党支部工作条例（试行）》", "《中国共产党党员教育管理工作条例》"
    no_options = [""] * 4
    return {
        "试题": [
            header,
            ["单选", "支部党员大会一般多久召开 1 次？", "每周", "每月", "每季度", "每年", "C",
             "支部党员大会一般每季度召开 1 次。", f"{branch_rules}第十一条"],
            ["单选", "党员每年集中学习培训时间一般不少于多少学时？", "16", "24", "32", "56", "C",
             "党员每年集中学习培训时间一般不少于 32 学时。", f"{education_rules}第二十条"],
            ["多选", "“三会一课”中的“三会”包括哪些会议？", "支部党员大会", "支部委员会会议", "党小组会", "职工代表大会",
             "ABC", "职工代表大会不属于党的组织生活。", branch_rules],
            ["判断", "支部委员会会议须有半数以上委员到会方可进行。", *no_options, "对",
             "支部委员会会议一般每月召开 1 次，须有半数以上委员到会。", f"{branch_rules}第十二条"],
            ["判断", "党小组会一般每年召开 1 次。", *no_options, "错",
             "党小组会一般每月召开 1 次。", f"{branch_rules}第十三条"],
            ["填空", "外出 6 个月以上且没有转移组织关系的党员，称为____党员。", *no_options, "流动|流动党员",
             "流动党员可以在流入地参加组织生活。", f"{education_rules}第三十二条"],
        ]
    }  # fmt: skip


if __name__ == "__main__":
    main()
