"""What stands in single cells: names, phones, dates, words."""
# A row of a table stays in one line.
# ruff: noqa: E501

from datetime import date, datetime

from openpyxl import Workbook

from tests.content.rosters.build import BRANCH, HEADER, Case, XlsError, person, text, xls, xlsx

DATES = ("姓名", "党支部", "出生年月", "入党时间")


def _names(*names: object) -> list[list[object]]:
    return [["姓名", "党支部"], *([name, BRANCH] for name in names)]


def _phones(*phones: object) -> list[list[object]]:
    people = ("张甲", "张乙", "张丙", "张丁", "张戊", "张己", "张庚", "张辛", "张壬", "张癸")
    return [[*HEADER], *([people[number], BRANCH, phone] for number, phone in enumerate(phones))]


def _births(*cells: object) -> list[list[object]]:
    people = ("张甲", "张乙", "张丙", "张丁", "张戊", "张己", "张庚", "张辛", "张壬", "张癸", "李甲", "李乙")
    return [["姓名", "党支部", "出生年月"], *([people[number], BRANCH, cell] for number, cell in enumerate(cells))]


def _since_1904(book: Workbook) -> None:
    book.epoch = datetime(1904, 1, 1)  # noqa: DTZ001  # Excel knows no zones


CELLS = [
    Case(
        "names with spaces of all kinds, wide letters, and dots of all kinds",
        xlsx(_names("张　三", "李 四", "王\u200b五", "ＡＢＣ", "古丽•示例木", "买买提‧阿里", "巴特．乌拉", "艾山 · 江")),
        [
            person(2), person(3, "李四"), person(4, "王五"), person(5, "ABC"),
            person(7, "买买提·阿里"), person(8, "巴特·乌拉"), person(9, "艾山·江"),
        ],
        [(6, "example_line")],
    ),
    Case(
        "rare characters, also beyond the basic plane, and a minority's long name",
        xlsx(_names("张𠮷", "李䶮", "王㛃", "〇一", "阿卜杜热合曼·吐尔逊尼亚孜")),
        [person(2, "张𠮷"), person(3, "李䶮"), person(4, "王㛃"), person(5, "〇一"), person(6, "阿卜杜热合曼·吐尔逊尼亚孜")],
    ),
    Case(
        "a post, a sex or a nationality in brackets behind the name is left out, another remark refused",
        xlsx(_names("张三（书记）", "李四(女)", "王五【组织委员】", "赵六（回族）", "钱七（已故）", "孙八（大）")),
        [person(2), person(3, "李四"), person(4, "王五"), person(5, "赵六")],
        [(6, "name_annotated"), (7, "name_annotated")],
        words="「钱七（已故）」",
    ),
    Case(
        "a cell made to keep a reader busy",
        xlsx([[*HEADER, "出生年月"], ["张（" + "党支部" * 2000 + "长）", BRANCH, " " * 20_000 + "x", "1" + " " * 20_000 + "x"]]),
        rejected=[(2, "invalid_name")],
    ),
    Case(
        "what is no name",
        xlsx(_names("张", "张" * 31, "张三1", "张三、李四", "张□", 12345, "无", BRANCH, "出生年月", "张\ue000\ufdd0")),
        rejected=[
            *((line, "invalid_name") for line in range(2, 8)), (8, "missing_name"),
            *((line, "invalid_name") for line in range(9, 12)),
        ],
    ),
    Case(
        "names with rare characters that our Unicode does not know, or that only the office's font has",
        xlsx(_names("张\U0002ebf0", "张\U0002ee5d", "张\U00031350", "张\ue000", "张\U000f0001")),
        [
            person(line, f"张{rare}")
            for line, rare in enumerate("\U0002ebf0\U0002ee5d\U00031350\ue000\U000f0001", start=2)
        ],
    ),
    Case(
        "phones as people write them",
        xlsx(
            _phones(
                19900000001, 19900000002.0, "199 0000 0003", "199-0000-0004", "+86 19900000005", "'19900000006",
                "１９９０００００００７", "8619900000008", "——", "无",
            )
        ),
        [
            *(person(line, name, phone=f"1990000000{line - 1}")
              for line, name in enumerate(("张甲", "张乙", "张丙", "张丁", "张戊", "张己", "张庚", "张辛"), start=2)),
            person(10, "张壬"), person(11, "张癸"),
        ],
    ),
    Case(
        "phones that cannot be used",
        xlsx(
            _phones(
                "19900000001/19900000002", "19900000001 19900000002", "1.99E+10", "0571-88888888", "88888888",
                "1990000000", "199000000001", 1990000000.5, "29900000001", True,
            )
        ),
        rejected=[
            (2, "several_phones"), (3, "several_phones"), (4, "scientific_phone"), (5, "landline"), (6, "landline"),
            *((line, "invalid_phone") for line in range(7, 12)),
        ],
        words="只保留一个手机号",
    ),
    Case(
        "a number that is only shown in scientific notation",
        xlsx(_phones(19900000001), formats={"C2": "0.00E+00"}),
        [person(2, "张甲", phone="19900000001")],
    ),
    Case(
        "numbers kept as text with an apostrophe, in all columns",
        xlsx([[*HEADER, "出生年月"], ["'张三", f"'{BRANCH}", "'19900000001", "'198507"]]),
        [person(2, phone="19900000001", birth_month="1985-07")],
    ),
    Case(
        "dates as people write them",
        xlsx(
            _births(
                "1985.7", "1985.07", "1985-7-3", "1985/7", "1985年7月", "1985年7月3日", "198507", "19850703", "31234",
                "１９８５．７", "1985-07-03 00:00:00", "1985.7.",
            )
        ),
        [
            person(line, name, birth_month="1985-07")
            for line, name in enumerate(
                ("张甲", "张乙", "张丙", "张丁", "张戊", "张己", "张庚", "张辛", "张壬", "张癸", "李甲", "李乙"), start=2
            )
        ],
    ),
    Case(
        "dates that are numbers, and real dates",
        xlsx(
            _births(31234, 198507, 19850703, 1985.07, 1985.7, 1985.12, date(1985, 7, 3), 31234, 31234, 31234.75),
            formats={"C9": 'yyyy"年"m"月"', "C10": "[$-804]yyyy.mm"},
        ),
        [
            person(line, name, birth_month="1985-12" if line == 7 else "1985-07")
            for line, name in enumerate(
                ("张甲", "张乙", "张丙", "张丁", "张戊", "张己", "张庚", "张辛", "张壬", "张癸"), start=2
            )
        ],
    ),
    Case(
        "dates that cannot be, or can be two",
        xlsx(
            _births(
                "1985.13", "1985年2月30日", "85.7", 85.7, 85, "1985", 1985, 1985.1, "1899.12", "2027.1", "7/3/1985", "七月"
            )
        ),
        rejected=[
            (2, "invalid_date"), (3, "invalid_date"), (4, "two_digit_year"), (5, "two_digit_year"), (6, "two_digit_year"),
            (7, "incomplete_date"), (8, "incomplete_date"), (9, "ambiguous_date"), (10, "date_too_early"),
            (11, "future_date"), (12, "invalid_date"), (13, "invalid_date"),
        ],
        words="出生年月「1985.13」",
    ),
    Case(
        "1985.1 as text is January, as a number nobody knows",
        xlsx([DATES, ["张三", BRANCH, "1985.1", "2010.10"], ["李四", BRANCH, 1985.1, 2010.1]], formats={"C2": "@"}),
        [person(2, birth_month="1985-01", joined_on="2010-10")],
        [(3, "ambiguous_date")],
        words="“文本”格式",
    ),
    Case(
        "1985.1 in a text file, which does not tell text from numbers",
        text(f"姓名,党支部,出生年月\n张三,{BRANCH},1985.1\n李四,{BRANCH},1985.01\n"),
        [person(3, "李四", birth_month="1985-01")],
        [(2, "ambiguous_date")],
    ),
    Case(
        "a workbook whose days are counted from 1904",
        xlsx(_births(date(1985, 7, 3), 29772, "29772"), tweak=_since_1904),
        [person(line, name, birth_month="1985-07") for line, name in ((2, "张甲"), (3, "张乙"), (4, "张丙"))],
    ),
    Case(
        "an old workbook whose days are counted from 1904",
        xls(_births(date(1985, 7, 3), 29772), is_1904=True),
        [person(2, "张甲", birth_month="1985-07"), person(3, "张乙", birth_month="1985-07")],
    ),
    Case(
        "joined on a day, in a month, as a child, before there was a party",
        xlsx(
            [
                DATES, ["张三", BRANCH, "1985.7", "2003年7月1日"], ["李四", BRANCH, "1985.7", "2001.7"],
                ["王五", BRANCH, "1985.7", "2001.6"], ["赵六", BRANCH, "", "1921.6"], ["钱七", BRANCH, "", "2026-11-25"],
            ]
        ),
        [
            person(2, birth_month="1985-07", joined_on="2003-07-01"),
            person(3, "李四", birth_month="1985-07", joined_on="2001-07"),
        ],
        [(4, "joined_too_young"), (5, "date_too_early"), (6, "future_date")],
        words="不足 16 年",
    ),
    Case(
        "formulas that failed are named by their column, those beside the table do not matter",
        xlsx([[*HEADER, "年龄"], ["张三", "#N/A", "#REF!", "#N/A"], ["李四", BRANCH, None, "#N/A"]]),
        [person(3, "李四")],
        [(2, "formula_error")],
        words="所在党组织「#N/A」是公式错误，请改为实际内容；手机号「#REF!」",
        ignored=["年龄"],
    ),
    Case(
        "formulas that failed in an old workbook and in a text file",
        xls([HEADER, ["张三", XlsError(0x2A), XlsError(0x17)]]),
        rejected=[(2, "formula_error")],
        words="所在党组织「#N/A」是公式错误，请改为实际内容；手机号「#REF!」",
    ),
    Case("a failed formula in a text file", text(f"姓名,支部,手机\n张三,{BRANCH},#N/A\n"), rejected=[(2, "formula_error")]),
    Case(
        "stages, also as a political status",
        xlsx(
            [
                ["姓名", "党支部", "政治面貌"], ["张三", BRANCH, "中共党员"], ["李四", BRANCH, "中共预备党员"],
                ["王五", BRANCH, "入党积极分子"], ["赵六", BRANCH, "群众"], ["钱七", BRANCH, "/"],
            ]
        ),
        [
            person(2, stage="full_member"), person(3, "李四", stage="probationary_member"),
            person(4, "王五", stage="activist"), person(6, "钱七"),
        ],
        [(5, "invalid_stage")],
        words="「群众」无法识别，请填写：",
    ),
    Case(
        "rosters, and whether somebody is floating",
        xlsx(
            {
                "名册甲": [["姓名", "党支部", "类型"], ["张三", BRANCH, "在职"], ["李四", BRANCH, "是"]],
                "名册乙": [["姓名", "党支部", "是否流动党员"], ["王五", BRANCH, "是"], ["赵六", BRANCH, "否"]],
            }
        ),
        [person(2, roster="in_service"), person(2, "王五", roster="floating"), person(3, "赵六")],
        [(3, "invalid_roster")],
    ),
    Case(
        "exemptions",
        xlsx(
            [
                [*HEADER, "是否免学", "免学原因"], ["张三", BRANCH, "", "是", "年老体弱"], ["李四", BRANCH, "", "否", "无"],
                ["王五", BRANCH, "", "是", ""], ["赵六", BRANCH, "", "", "年老体弱"], ["钱七", BRANCH, "", "也许", ""],
                ["孙八", BRANCH, "", "", ""],
            ]
        ),
        [person(2, exempt=True, exempt_reason="年老体弱"), person(3, "李四", exempt=False), person(7, "孙八")],
        [(4, "missing_exempt_reason"), (5, "unexpected_exempt_reason"), (6, "invalid_exempt")],
    ),
    Case(
        "a reason alone exempts where there is no column to say so",
        xlsx([["姓名", "党支部", "免学原因"], ["张三", BRANCH, "年老体弱"], ["李四", BRANCH, "——"]]),
        [person(2, exempt=True, exempt_reason="年老体弱"), person(3, "李四")],
    ),
    Case(
        "tags, split at whatever stands between them",
        xlsx([["姓名", "党支部", "标签"], ["张三", BRANCH, "青年、务工，困难;老兵/青年 骨干"], ["李四", BRANCH, "长" * 21]]),
        [person(2, tags=("青年", "务工", "困难", "老兵", "骨干"))],
        [(3, "tag_too_long")],
    ),
    Case(
        "all that is wrong with a line is said at once",
        xlsx([[*HEADER, "出生年月"], ["张", "", "123", "85.7"]]),
        rejected=[(2, "invalid_name")],
        words="姓名「张」应为 2 至 30 个字，请核对；所在党组织为空，请填写；手机号「123」应为 11 位手机号，请核对，没有的请留空；出生年月",
    ),
    Case(
        "the same person twice is refused, a family's phone and namesakes are not",
        xlsx(
            [
                HEADER, ["张三", BRANCH, "19900000001"], ["张 三", "第二党支部", "199-0000-0001"], ["李四", BRANCH, "19900000001"],
                ["王五", BRANCH, ""], ["王五", "第一 党支部", ""], ["王五", "第二党支部", ""], ["王五", BRANCH, "19900000002"],
            ]
        ),
        [
            person(2, phone="19900000001"), person(4, "李四", phone="19900000001"), person(5, "王五"),
            person(7, "王五", "第二党支部"), person(8, "王五", phone="19900000002"),
        ],
        [(3, "duplicate_line"), (6, "duplicate_line")],
        words="与第 2 行是同一个人",
    ),
]  # fmt: skip
