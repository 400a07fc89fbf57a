from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from content.errors import ContentError
from content.roster import MEMBER_COLUMNS, RosterMember, RosterOrganisation, parse_roster, roster_template
from content.tables import Value, write_xlsx

HEADER: list[Value] = [*MEMBER_COLUMNS]


def roster(*rows: list[Value], header: list[Value] = HEADER, organisations: list[list[Value]] | None = None) -> bytes:
    sheets: dict[str, list[list[Value]]] = {"党员": [header, *rows]}
    if organisations is not None:
        sheets["党组织"] = [["名称", "类别", "上级"], *organisations]
    return write_xlsx(sheets)


def test_a_line_becomes_a_member() -> None:
    parsed = parse_roster(roster(["张　三", "第一 支部", "199-0000 0001", "预备党员", "流动", "是", "年老体弱"]))
    assert parsed.members == (
        RosterMember(2, "张三", "第一支部", "19900000001", "probationary_member", "floating", True, "年老体弱"),
    )
    assert parsed.organisations == ()
    assert parsed.rejected == ()


def test_all_but_name_and_organisation_may_be_absent() -> None:
    parsed = parse_roster(write_xlsx({"随便": [["姓名", "所在党组织"], ["张三", "第一支部"]]}))
    assert parsed.members == (RosterMember(2, "张三", "第一支部", "", "full_member", "in_service", False, ""),)


@pytest.mark.parametrize(
    ("word", "stage"),
    [
        ("入党申请人", "applicant"),
        ("积极分子", "activist"),
        ("入党积极分子", "activist"),
        ("发展对象", "development_target"),
        ("预备党员", "probationary_member"),
        ("正式 党员", "full_member"),
        ("", "full_member"),
    ],
)
def test_each_stage_has_its_chinese_word(word: str, stage: str) -> None:
    assert parse_roster(roster(["张三", "第一支部", "", word])).members[0].stage == stage


@pytest.mark.parametrize(("word", "name"), [("在职", "in_service"), ("无职", "no_post"), ("流动", "floating")])
def test_each_roster_has_its_chinese_word(word: str, name: str) -> None:
    assert parse_roster(roster(["张三", "第一支部", "", "", word])).members[0].roster == name


@pytest.mark.parametrize("phone", ["１９９０００００００１", "199 0000 0001", 19900000001, 19900000001.0])
def test_a_phone_may_be_written_in_many_ways(phone: Value) -> None:
    assert parse_roster(roster(["张三", "第一支部", phone])).members[0].phone == "19900000001"


def test_a_phone_may_have_the_country_code() -> None:
    # Written with openpyxl itself: an export of ours puts an apostrophe before "+".
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(["姓名", "所在党组织", "手机号"])
    sheet.append(["张三", "第一支部", "+86 199-0000-0001"])
    output = BytesIO()
    book.save(output)
    assert parse_roster(output.getvalue()).members[0].phone == "19900000001"


@pytest.mark.parametrize(
    ("row", "code", "words"),
    [
        (["张", "第一支部"], "invalid_name", "姓名应为 2 至 30 个字"),
        (["", "第一支部"], "invalid_name", "姓名"),
        (["张" * 31, "第一支部"], "invalid_name", "姓名"),
        (["张三", ""], "invalid_name", "所在党组织"),
        (["张三", "部" * 61], "invalid_name", "所在党组织应为 2 至 60 个字"),
        (["张三", "第一支部", "1.99E+10"], "scientific_phone", "文本"),
        (["张三", "第一支部", "1990000000"], "invalid_phone", "11 位"),
        (["张三", "第一支部", "29900000001"], "invalid_phone", "11 位"),
        (["张三", "第一支部", "", "群众"], "invalid_stage", "「群众」无法识别，请填写：入党申请人、"),
        (["张三", "第一支部", "", "", "退休"], "invalid_roster", "「退休」无法识别，请填写：在职、无职、流动"),
        (["张三", "第一支部", "", "", "", "也许"], "invalid_exempt", "「也许」"),
        (["张三", "第一支部", "", "", "", "是"], "missing_exempt_reason", "免学原因"),
        (["张三", "第一支部", "", "", "", "否", "年老体弱"], "unexpected_exempt_reason", "免学"),
        (["张三", "第一支部", "", "", "", "是", "字" * 101], "exempt_reason_too_long", "100"),
    ],
)
def test_a_bad_line_is_rejected_with_its_line_and_reason(row: list[Value], code: str, words: str) -> None:
    parsed = parse_roster(roster(["李四", "第一支部"], row))
    assert [member.line for member in parsed.members] == [2]
    assert [(bad.line, bad.code) for bad in parsed.rejected] == [(3, code)]
    assert words in parsed.rejected[0].reason


def test_one_phone_belongs_to_one_member() -> None:
    parsed = parse_roster(roster(["张三", "第一支部", "19900000001"], ["李四", "第二支部", "199 0000 0001"]))
    assert [(bad.line, bad.code) for bad in parsed.rejected] == [(3, "duplicate_phone")]
    assert "第 2 行" in parsed.rejected[0].reason


def test_members_without_a_phone_do_not_share_one() -> None:
    assert parse_roster(roster(["张三", "第一支部"], ["李四", "第一支部"])).rejected == ()


@pytest.mark.parametrize(("one", "other"), [("", ""), ("19900000001", ""), ("", "19900000001")])
def test_namesakes_in_one_organisation_need_phones(one: str, other: str) -> None:
    parsed = parse_roster(roster(["张三", "第一支部", one], ["张　三", "第一支部", other]))
    assert [(bad.line, bad.code) for bad in parsed.rejected] == [(3, "ambiguous_name")]
    assert "第 2 行" in parsed.rejected[0].reason


def test_namesakes_with_phones_or_in_two_organisations_are_two_people() -> None:
    assert len(parse_roster(roster(["张三", "一支部", "19900000001"], ["张三", "一支部", "19900000002"])).members) == 2
    assert len(parse_roster(roster(["张三", "一支部"], ["张三", "二支部"])).members) == 2


def test_a_roster_without_members_or_columns_is_refused() -> None:
    with pytest.raises(ContentError, match="empty_sheet"):
        parse_roster(roster())
    with pytest.raises(ContentError, match="missing_columns"):
        parse_roster(roster(["张三"], header=["姓名"]))


def test_organisations_are_read_with_their_kind_and_parent() -> None:
    parsed = parse_roster(
        roster(
            ["张三", "一支部"],
            organisations=[
                ["镇党委", "党委", ""],
                ["总支", "党总支", "镇党委"],
                ["一支部", "党支部", "总支"],
                ["一组", "党小组", "一支部"],
            ],
        )
    )
    assert parsed.organisations == (
        RosterOrganisation(2, "镇党委", "committee", ""),
        RosterOrganisation(3, "总支", "general_branch", "镇党委"),
        RosterOrganisation(4, "一支部", "branch", "总支"),
        RosterOrganisation(5, "一组", "group", "一支部"),
    )


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["一支部", "支部", "镇党委"], "invalid_kind"),
        (["一支部", "", "镇党委"], "invalid_kind"),
        (["支", "党支部", "镇党委"], "invalid_name"),
        (["一支部", "党支部", "镇"], "invalid_name"),
        (["镇党委", "党委", ""], "duplicate_organisation"),
        (["一支部", "党支部", "一支部"], "organisation_cycle"),
    ],
)
def test_a_bad_organisation_is_rejected_and_its_sheet_is_named(row: list[Value], code: str) -> None:
    parsed = parse_roster(roster(["张三", "一支部"], organisations=[["镇党委", "党委", ""], row]))
    assert [organisation.name for organisation in parsed.organisations] == ["镇党委"]
    assert [(bad.line, bad.code) for bad in parsed.rejected] == [(3, code)]
    assert parsed.rejected[0].reason.startswith("「党组织」表：")


def test_organisations_in_a_ring_are_rejected_and_those_below_it_stay() -> None:
    rows: list[list[Value]] = [
        ["甲部", "党支部", "乙部"],
        ["乙部", "党支部", "甲部"],
        ["丙部", "党小组", "甲部"],
        ["丁部", "党支部", "镇党委"],
    ]
    parsed = parse_roster(roster(["张三", "一支部"], organisations=rows))
    assert [organisation.name for organisation in parsed.organisations] == ["丙部", "丁部"]
    assert [bad.line for bad in parsed.rejected] == [2, 3]


def test_the_template_is_itself_a_valid_roster() -> None:
    parsed = parse_roster(roster_template())
    assert (len(parsed.members), len(parsed.organisations), parsed.rejected) == (3, 3, ())
