"""Where things stand: titles, headers in two rows, merged cells, footers, sheets."""

from openpyxl import Workbook

from tests.content.rosters.build import BRANCH, HEADER, Case, inline, person, text, xls, xlsx, xlsx_of_xml

PHONE = "19900000001"
PLAIN = [HEADER, ["张三", BRANCH, PHONE]]


def _far_cell(book: Workbook) -> None:
    book.worksheets[0]["XFD1048576"] = "x"


def _far_cells(book: Workbook) -> None:
    for sheet in book.worksheets:
        sheet["J400000"] = "x"


def _formatted_rows() -> str:
    rows = "".join(f'<row r="{line}" ht="20" customHeight="1"/>' for line in range(3, 1_000_001))
    header = inline("A1", "姓名") + inline("B1", "所在党组织")
    return f'<row r="1">{header}</row><row r="2">{inline("A2", "张三")}{inline("B2", BRANCH)}</row>{rows}'


LAYOUTS = [
    Case("a plain list", xlsx(PLAIN), [person(2, phone=PHONE)]),
    Case(
        "title rows above the header, in row 9",
        xlsx([["党员花名册"], ["填报单位：示范镇党委"], ["2026年11月"], [], ["说明：如实填写"], [], [], [], *PLAIN]),
        [person(10, phone=PHONE)],
    ),
    Case(
        "a title merged across all columns, and blank rows between the people",
        xlsx([["示范镇党员花名册"], *PLAIN, [], ["李四", BRANCH, "19900000002"]], merged=["A1:C1"]),
        [person(3, phone=PHONE), person(5, "李四", phone="19900000002")],
    ),
    Case(
        "a table that begins in the third column",
        xlsx([[], [None, None, *HEADER], [None, None, "张三", BRANCH, PHONE]]),
        [person(3, phone=PHONE)],
    ),
    Case(
        "columns in another order under local names",
        xlsx(
            [
                ["入 党 日 期", "联系电话", "党支部名称", "*党员姓名（必填）", "所属党委"],
                ["2010.7.1", "199 0000 0001", BRANCH, "张三", "示范镇党委"],
            ]
        ),
        [person(2, phone=PHONE, superior="示范镇党委", joined_on="2010-07-01")],
    ),
    Case(
        "a header in two rows with merged cells",
        xlsx(
            [
                ["序号", "姓名", "所在支部", "联系方式", None],
                [None, None, None, "座机", "手机"],
                [1, "张三", BRANCH, "0571-88888888", PHONE],
            ],
            merged=["A1:A2", "B1:B2", "C1:C2", "D1:E1"],
        ),
        [person(3, phone=PHONE)],
        ignored=["序号", "联系方式/座机"],
    ),
    Case(
        "a header in two rows in a text file, where nothing is merged",
        text(f"姓名,所在支部,联系方式,\n,,座机,手机\n张三,{BRANCH},,{PHONE}\n"),
        [person(3, phone=PHONE)],
        ignored=["联系方式/座机"],
    ),
    Case(
        "a group of columns about the family is not about the person",
        xlsx(
            [["姓名", "党支部", "家庭成员", None], [None, None, "姓名", "手机"], ["张三", BRANCH, "王五", PHONE]],
            merged=["A1:A2", "B1:B2", "C1:D1"],
        ),
        [person(3, phone=PHONE)],
        ignored=["家庭成员/姓名"],
    ),
    Case(
        "one merged cell names the branch of all beside it, and the next one another",
        xlsx(
            [HEADER, ["张三", BRANCH], ["李四"], ["王五"], ["赵六", "第二党支部"], ["钱七"]],
            merged=["B2:B4", "B5:B6"],
        ),
        [
            person(2),
            person(3, "李四"),
            person(4, "王五"),
            person(5, "赵六", "第二党支部"),
            person(6, "钱七", "第二党支部"),
        ],
    ),
    Case(
        "a branch written only once without merging is not guessed for the others",
        xlsx([HEADER, ["张三", BRANCH], ["李四"]]),
        [person(2)],
        [(3, "missing_organisation")],
    ),
    Case(
        "totals, signatures and notes below the table are nobody",
        xlsx(
            [
                *PLAIN,
                ["合计", "1 人"],
                ["填表人：", "李四", "审核人：王五"],
                ["填表日期：2026年11月24日"],
                ["备注：以上名单已核对"],
                ["1. 流动党员另表填写，另表附后"],
            ]
        ),
        [person(2, phone=PHONE)],
        skipped=[3, 4, 5, 6, 7],
    ),
    Case(
        "a total in the column of names, beside a number in the column of numbers",
        xlsx([["序号", *HEADER], [1, "张三", BRANCH, PHONE], [2, "合计：", "1 人", None], ["共 1 人"]]),
        [person(2, phone=PHONE)],
        skipped=[3, 4],
        ignored=["序号"],
    ),
    Case(
        "signatures in cells of their own, under the columns of names and branches",
        xlsx(
            [["序号", *HEADER], [1, "张三", BRANCH, PHONE], ["填表人", "李四", "审核人", "王五"], ["负责人：", "赵六"]]
        ),
        [person(2, phone=PHONE)],
        skipped=[3, 4],
        ignored=["序号"],
    ),
    Case(
        "a title that stands only in the second row of the header, beside merged ones",
        xlsx([["姓名", "党支部", None], [None, None, "学历"], ["张三", BRANCH, "大专"]], merged=["A1:A2", "B1:B2"]),
        [person(3)],
        ignored=["学历"],
    ),
    Case(
        "a line that might be a person is refused by name and not taken for a footer",
        xlsx([HEADER, ["张三", BRANCH], ["李四", None, PHONE], [None, BRANCH, PHONE], ["以上共一页", None]]),
        [person(2)],
        [(3, "missing_organisation"), (4, "missing_name"), (5, "missing_organisation")],
    ),
    Case(
        "a month or a remark in the first column makes nobody a footer",
        xlsx(
            [
                ["入党时间", "姓名", "所在党支部", "备注"],
                ["1999年7月", "张三（书记）", BRANCH],
                ["1999年7月", "Abdul Karim", BRANCH],
                ["1999年7月", "李四", "第二党支部", "说明"],
                ["1999年7月", "王五（已去世）", BRANCH],
                ["1999年7月", None, BRANCH],
                ["1999年7月", "赵六"],
            ]
        ),
        [
            person(2, joined_on="1999-07"),
            person(3, "Abdul Karim", joined_on="1999-07"),
            person(4, "李四", "第二党支部", joined_on="1999-07"),
        ],
        [(5, "name_annotated"), (6, "missing_name"), (7, "missing_organisation")],
        ignored=["备注"],
    ),
    Case(
        "remarks that look like notes, before two months, are those of people",
        xlsx(
            [
                ["备注", "出生年月", "姓名", "党支部", "入党时间", "手机"],
                ["提示1", "1970年1月", "张3", BRANCH, "1999年7月", None],
                ["说明", None, "李四", BRANCH, None, None],
                ["注：外出", "1970年2月", "王五", BRANCH, "1999年7月", None],
                ["填表人：", None, "赵六", None, None, PHONE],
                ["合计", None, None, "4 人", "3", "2"],
                ["填表人：", None, "赵六", None, None, None],
            ]
        ),
        [person(3, "李四"), person(4, "王五", birth_month="1970-02", joined_on="1999-07")],
        [(2, "invalid_name"), (5, "missing_organisation")],
        skipped=[6, 7],
        ignored=["备注"],
    ),
    Case(
        "two months in one line are no signatures",
        xlsx([["出生年月", "姓名", "党支部", "入党时间"], ["1970年1月", "张三", BRANCH, "1999年7月"], ["2026年11月"]]),
        [person(2, birth_month="1970-01", joined_on="1999-07")],
        skipped=[3],
    ),
    Case(
        "a heading over a part of the table is refused by name",
        xlsx([HEADER, ["一、机关"], ["张三", BRANCH]], merged=["A2:C2"]),
        [person(3)],
        [(2, "heading_line")],
        words="「一、机关」",
    ),
    Case(
        "lines numbered in advance are blank",
        xlsx([["序号", *HEADER], [1, "张三", BRANCH], [2], [3]]),
        [person(2)],
        ignored=["序号"],
    ),
    Case(
        "the header repeated on each printed page",
        xlsx([*PLAIN, HEADER, ["李四", BRANCH]]),
        [person(2, phone=PHONE), person(4, "李四")],
        skipped=[3],
    ),
    Case(
        "two tables side by side",
        xlsx([["姓名", "党支部", "姓名", "党支部"], ["张三", BRANCH, "李四", BRANCH]]),
        error="duplicate_columns",
        words="「姓名」、「姓名」",
    ),
    Case(
        "two columns with the same title",
        xlsx([["姓名", "党支部", "手机号", "手机号"], ["张三", BRANCH, PHONE, ""]]),
        error="duplicate_columns",
        words="「手机号」",
    ),
    Case(
        "of two columns that could be the phone the surer one is read",
        xlsx([["姓名", "党支部", "电话", "手机"], ["张三", BRANCH, "88888888", PHONE]]),
        [person(2, phone=PHONE)],
        ignored=["电话"],
    ),
    Case(
        "a remembered mapping wins, also over a surer title, and ignores what it is told to",
        xlsx([["同志", "单位", "手机", "家庭电话"], ["张三", BRANCH, "bad", PHONE]]),
        [person(2, phone=PHONE)],
        columns={"同志": "name", "单 位": "organisation", "家庭电话": "phone", "手机": ""},
        ignored=["手机"],
    ),
    Case(
        "a mapping to what is no field",
        xlsx(PLAIN),
        columns={"姓名": "id_card"},
        error="unknown_field",
        words="id_card",
    ),
    Case(
        "columns that nobody asked for are named and not read",
        xlsx([[*HEADER, "身份证号", "民族", "学历"], ["张三", BRANCH, PHONE, "110101198507030011", "汉族", "大专"]]),
        [person(2, phone=PHONE)],
        ignored=["身份证号", "民族", "学历"],
    ),
    Case(
        "an identity card in the wrong column is not repeated",
        xlsx([HEADER, ["张三", BRANCH, "110101198507030011"]]),
        rejected=[(2, "invalid_phone")],
        words="〔证件号已隐去〕",
    ),
    Case(
        "the sheet of the members is found among others",
        xlsx(
            {
                "填表说明": [["请如实填写"]],
                "统计": [["姓名", "党支部"], ["王五", BRANCH]],
                "党员花名册": PLAIN,
                "转出党员": PLAIN,
                "空表": [],
            }
        ),
        [person(2, phone=PHONE)],
        skipped_sheets=["填表说明（没有表头）", "转出党员（看似不在册的人员）", "统计（已读取党员名册）"],
    ),
    Case(
        "one sheet a branch, whose names are the organisations, and one that says not whose",
        xlsx(
            {
                "第一党支部": [["姓名"], ["张三"]],
                "第二党支部花名册": [["姓名"], ["张三"]],
                "Sheet3": [["姓名"], ["李四"]],
            }
        ),
        [person(2), person(2, organisation="第二党支部")],
        skipped_sheets=["Sheet3（没有党组织列）"],
    ),
    Case(
        "a roster of all beside one sheet a branch",
        xlsx({"第一党支部": [["姓名"], ["张三"]], "全镇党员花名册": PLAIN}),
        [person(2, phone=PHONE)],
        skipped_sheets=["第一党支部（已读取党员名册）"],
    ),
    Case(
        "a branch of historians is no list of former members",
        xlsx({"历史系党支部": [["姓名"], ["张三"]], "第二党支部": [["姓名"], ["李四"]], "历史党员": PLAIN}),
        [person(2, organisation="历史系党支部"), person(2, "李四", "第二党支部")],
        skipped_sheets=["历史党员（看似不在册的人员）"],
    ),
    Case(
        "the column of organisations wins over the name of the sheet",
        xlsx({"第二党支部": PLAIN}),
        [person(2, phone=PHONE)],
    ),
    Case(
        "hidden sheets are not read, and it is said",
        xlsx({"旧名册": [HEADER, ["李四", BRANCH]], "名册": PLAIN}, hidden=["旧名册"]),
        [person(2, phone=PHONE)],
        skipped_sheets=["旧名册（隐藏）"],
    ),
    Case("only hidden sheets", xlsx({"名册": PLAIN, "x": []}, hidden=["名册"]), error="missing_columns"),
    Case("no column of organisations", xlsx([["姓名"], ["张三"]]), error="missing_columns", words="所在党组织"),
    Case(
        "no column of organisations, but one was named for the file",
        xlsx([["姓名"], ["张三"]]),
        [person(2, organisation="示范支部")],
        default_organisation="示范支部",
    ),
    Case(
        "a pivot table has no header",
        xlsx([["行标签", "计数项:姓名"], [BRANCH, 12], ["总计", 12]]),
        error="missing_columns",
        words="「姓名」",
    ),
    Case("a header in another language", xlsx([["Name", "Branch"], ["张三", BRANCH]]), error="missing_columns"),
    Case("a header in pinyin", xlsx([["xingming", "zhibu"], ["张三", BRANCH]]), error="missing_columns"),
    Case("a header and nobody below it", xlsx([HEADER, ["合计", "0 人"]]), error="empty_sheet"),
    Case(
        "a million formatted rows below the table",
        xlsx_of_xml(_formatted_rows(), "A1:B1000000"),
        [person(2)],
    ),
    Case(
        "a dimension that is too small",
        xlsx_of_xml(
            f'<row r="1">{inline("A1", "姓名")}{inline("B1", "党支部")}</row>'
            f'<row r="5">{inline("A5", "张三")}{inline("B5", BRANCH)}</row>',
            "A1:A1",
        ),
        [person(5)],
    ),
    Case(
        "a dimension that is too large",
        xlsx_of_xml(
            f'<row r="1">{inline("A1", "姓名")}{inline("B1", "党支部")}</row>'
            f'<row r="2">{inline("A2", "张三")}{inline("B2", BRANCH)}</row>',
            "A1:XFD1048576",
        ),
        [person(2)],
    ),
    Case(
        "cells without a place of their own",
        xlsx_of_xml(
            '<row><c t="inlineStr"><is><t>姓名</t></is></c><c t="inlineStr"><is><t>党支部</t></is></c></row>'
            f'<row><c t="inlineStr"><is><t>张三</t></is></c><c t="inlineStr"><is><t>{BRANCH}</t></is></c></row>'
        ),
        [person(2)],
    ),
    Case(
        "a stray cell in the last corner",
        xlsx(PLAIN, tweak=_far_cell),
        error="stray_cells",
        words="第 1048576 行、第 16384 列",
    ),
    Case(
        "stray cells on many sheets, none of which is too far by itself",
        xlsx({f"党员{number}": [HEADER, ["张三", BRANCH]] for number in range(3)}, tweak=_far_cells),
        error="stray_cells",
        words="工作表「党员2」",
    ),
    Case(
        "more columns than are read",
        xlsx([[*HEADER, *(f"列{number}" for number in range(70))], ["张三", BRANCH, PHONE]]),
        [person(2, phone=PHONE)],
        ignored=[*(f"列{number}" for number in range(61)), "第 64 列以后的列"],
    ),
    Case(
        "an old workbook with a merged title and a merged branch",
        xls(
            [["党员花名册"], HEADER, ["张三", BRANCH, 19900000001], ["李四", None, "19900000002"]],
            merged=[(0, 0, 0, 2), (2, 3, 1, 1)],
        ),
        [person(3, phone=PHONE), person(4, "李四", phone="19900000002")],
    ),
]
