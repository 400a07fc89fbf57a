"""What the corpus in rosters/ does not show: the header, the raw texts, organisations, bounds, properties."""

import csv
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.errors import ContentError
from content.roster import (
    FIELD_TITLES,
    FIELDS,
    RejectedLine,
    RosterColumn,
    RosterEvent,
    RosterHeader,
    RosterLine,
    RosterOptions,
    RosterOrganisation,
    parse,
)
from content.roster.parse import parse_roster_lines
from content.tables import Value, write_xlsx
from content.text import compact
from tests.content.rosters.build import BRANCH, HEADER, TODAY, person, xlsx

OPTIONS: RosterOptions = {"today": TODAY}
TREE = ["名称", "类别", "上级"]


def read(build: Callable[[], bytes]) -> list[RosterEvent]:
    return list(parse_roster_lines(build(), OPTIONS))


def test_the_header_says_what_each_column_is_taken_for() -> None:
    header = read(
        xlsx({"机关": [["党员姓名", "党支部", "民族"], ["张三", BRANCH, "汉"]], "村": [HEADER, ["李四", BRANCH]]})
    )[0]
    assert header == RosterHeader(
        sheets=("机关", "村"),
        columns=(
            RosterColumn("机关", "党员姓名", "name"),
            RosterColumn("机关", "党支部", "organisation"),
            RosterColumn("村", "姓名", "name"),
            RosterColumn("村", "所在党组织", "organisation"),
            RosterColumn("村", "手机号", "phone"),
        ),
        ignored=("民族",),
        skipped_sheets=(),
        lines=2,
    )


def test_a_line_has_the_texts_as_they_stood_and_a_rejected_one_as_well() -> None:
    lines = read(xlsx([[*HEADER, "民族"], [" 张　三", BRANCH, 19900000001, "汉"], ["李四", "", "123", "汉"]]))[1:]
    assert [line.raw for line in lines if isinstance(line, RosterLine | RejectedLine)] == [
        {"name": "张　三", "organisation": BRANCH, "phone": "19900000001"},
        {"name": "李四", "phone": "123"},
    ]


def test_the_raw_text_of_a_date_means_the_same_wherever_it_is_read_again() -> None:
    rows: list[list[object]] = [
        ["姓名", "党支部", "出生年月", "入党时间"],
        ["张三", BRANCH, 31234, 40360],
        ["李四", BRANCH, 1985.1, "2010.1"],
    ]
    line, refused = read(xlsx(rows))[1:]
    assert isinstance(line, RosterLine)
    assert line.raw == {"name": "张三", "organisation": BRANCH, "birth_month": "1985-07", "joined_on": "2010-07-01"}
    assert isinstance(refused, RejectedLine)
    # As text 1985.1 would be January, which nobody said.
    assert refused.raw["birth_month"] == "1985.1?"
    assert refused.raw["joined_on"] == "2010-01"


def test_the_organisation_that_a_sheet_is_named_after_is_in_the_raw_texts() -> None:
    line = read(xlsx({"第一党支部": [["姓名"], ["张三"]]}))[1]
    assert isinstance(line, RosterLine)
    assert line.raw == {"name": "张三", "organisation": "第一党支部"}


def test_raw_texts_are_short() -> None:
    line = read(xlsx([HEADER, ["张" * 5000, BRANCH]]))[1]
    assert isinstance(line, RejectedLine)
    assert len(line.raw["name"]) == 300
    assert len(line.reason) < 100


def test_organisations_come_before_the_people_with_their_kind_and_parent() -> None:
    tree = [
        TREE,
        ["镇党委", "党委", ""],
        ["总支", "党总支", "镇 党委"],
        ["一支部", "党支部", "总支"],
        ["一组", "党小组", "一支部"],
    ]
    events = read(xlsx({"党员": [HEADER, ["张三", "一支部"]], "党组织": tree}))
    assert events[1:5] == [
        RosterOrganisation(2, "镇党委", "committee", ""),
        RosterOrganisation(3, "总支", "general_branch", "镇党委"),
        RosterOrganisation(4, "一支部", "branch", "总支"),
        RosterOrganisation(5, "一组", "group", "一支部"),
    ]
    assert isinstance(events[5], RosterLine)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (["一支部", "支部", "镇党委"], "invalid_kind"),
        (["支", "党支部", "镇党委"], "invalid_organisation"),
        (["", "党支部", "镇党委"], "missing_organisation"),
        (["镇党委", "党委", ""], "duplicate_organisation"),
        (["一支部", "党支部", "一支部"], "organisation_cycle"),
        (["示例支部", "党支部", ""], "example_line"),
    ],
)
def test_a_bad_organisation_is_refused_on_its_sheet(row: list[str], code: str) -> None:
    events = read(xlsx({"党员": [HEADER, ["张三", BRANCH]], "党组织": [TREE, ["镇党委", "党委"], row]}))
    bad = [event for event in events if isinstance(event, RejectedLine)]
    assert [(line.sheet, line.line, line.code) for line in bad] == [("党组织", 3, code)]
    assert bad[0].reason.endswith("。")
    assert not bad[0].reason.endswith("。。")


def test_organisations_in_a_ring_are_refused_and_those_below_it_stay() -> None:
    ring = [
        ["甲部", "党支部", "乙部"],
        ["乙部", "党支部", "甲部"],
        ["丙部", "党小组", "甲部"],
        ["丁部", "党支部", "镇党委"],
    ]
    events = read(xlsx({"党员": [HEADER, ["张三", BRANCH]], "党组织": [TREE, *ring]}))
    assert [event.line for event in events if isinstance(event, RejectedLine)] == [2, 3]
    assert [event.name for event in events if isinstance(event, RosterOrganisation)] == ["丙部", "丁部"]


def test_two_branches_of_one_name_are_told_apart_by_their_superiors() -> None:
    tree = [["第一党支部", "党支部", superior] for superior in ("甲总支", "乙总支", "第一党支部")]
    tree += [["第一党小组", "党小组", "第一党支部"], ["第一党支部", "党支部", "甲总支"]]
    events = read(xlsx({"党员": [HEADER, ["张三", BRANCH]], "党组织": [TREE, *tree]}))
    found = [(event.name, event.parent) for event in events if isinstance(event, RosterOrganisation)]
    assert found == [("第一党支部", "甲总支"), ("第一党支部", "乙总支"), ("第一党小组", "第一党支部")]
    refused = [(event.line, event.code) for event in events if isinstance(event, RejectedLine)]
    assert sorted(refused) == [(4, "organisation_cycle"), (6, "duplicate_organisation")]


def test_a_table_with_too_many_lines_is_refused_at_the_first_that_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parse, "MAX_LINES", 2)
    rows = [HEADER, ["张三", BRANCH], [], ["李四", BRANCH]]
    assert len(read(xlsx(rows))) == 3
    with pytest.raises(ContentError) as caught:
        read(xlsx([*rows, ["王五", BRANCH]]))
    assert (caught.value.code, caught.value.line) == ("too_many_rows", 5)


def test_a_file_of_more_than_20_mb_is_refused() -> None:
    with pytest.raises(ContentError, match="file_too_large"):
        read(lambda: b"x" * (20 * 1024 * 1024 + 1))


def test_a_duplicate_names_the_sheet_of_the_first() -> None:
    rows = [HEADER, ["张三", BRANCH]]
    bad = read(xlsx({"机关": rows, "村": rows}))[-1]
    assert isinstance(bad, RejectedLine)
    assert (bad.sheet, bad.code) == ("村", "duplicate_line")
    assert "与「机关」第 2 行是同一个人（张三）" in bad.reason


ALPHABET = "姓名党支部手机张三,;\t\n\r\"' 1９年月日.-#/()（）：:￥=+\u200b\ufeff𠮷"
# What is no character of a text file makes it none.
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)
csv_texts = st.text(
    st.sampled_from("姓名党支部手机张三,;\t\n\r\"' 1９年月日.-#/()（）：:￥=+\u200b\ufeff𠮷")
    | st.characters(codec="utf-8")
)


@given(csv_texts)
def test_any_text_is_read_or_refused(content: str) -> None:
    for start in ("", f"姓名,支部,手机,出生年月,标签,免学原因\n张三,{BRANCH},"):
        with suppress(ContentError):
            list(parse_roster_lines(f"{start}{content}".encode(), OPTIONS))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for start in (b"", b"\xff\xfe", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        with pytest.raises(ContentError):
            list(parse_roster_lines(start + data, OPTIONS))


@given(st.lists(st.lists(words, min_size=11, max_size=11), max_size=4))
def test_every_line_is_told_once_whatever_stands_in_it(rows: list[list[str]]) -> None:
    output = StringIO()
    # What stands right below a header may still belong to it.
    csv.writer(output).writerows([[*FIELD_TITLES.values()], ["张三", BRANCH], *rows])
    told: list[int] = []
    # Nobody in it at all is refused, once everything was told.
    with suppress(ContentError):
        for event in parse_roster_lines(output.getvalue().encode(), OPTIONS):
            told += [] if isinstance(event, RosterHeader | RosterOrganisation) else [event.line]
    assert told[1:] == [
        line for line, row in enumerate(rows, start=3) if any(compact(cell) not in {"", "'", '=""'} for cell in row)
    ]


remarks = st.sampled_from(
    ["1999年7月", "说明", "提示1", "注：外出", "合计", "备注", "审核人：", "填表人", "负责人：李四", "※", "日期：1日"]
)


@given(
    st.permutations([*FIELDS, "remark", "another"]),
    st.sampled_from(["张三", "张三（书记）", "张三(已去世)", "Abdul Karim", "阿卜杜拉·买买提", "张3"]),
    st.lists(st.just("") | remarks | words, min_size=len(FIELDS), max_size=len(FIELDS)),
)
def test_a_line_with_a_name_and_a_branch_is_never_left_out(order: list[str], name: str, others: list[str]) -> None:
    said = dict(zip([field for field in order if field not in ("name", "organisation")], others, strict=True))
    row = [{**said, "name": name, "organisation": BRANCH}[field] for field in order]
    output = StringIO()
    titles = {**FIELD_TITLES, "remark": "备注", "another": "其他说明"}
    plain = [{"name": "张三丰", "organisation": BRANCH}.get(field, "") for field in order]
    csv.writer(output).writerows([[titles[field] for field in order], plain, row])
    found = list(parse_roster_lines(output.getvalue().encode(), OPTIONS))
    assert [isinstance(event, RosterLine | RejectedLine) for event in found[1:]] == [True, True]


# 示例 is what the examples of the template are called.
han = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5, exclude_characters="示")
months = st.builds("{}-{:02}".format, st.integers(1922, 1990), st.integers(1, 12))
people = st.builds(
    person,
    line=st.just(0),
    name=st.text(han, min_size=2, max_size=5).map(lambda text: f"丁{text}丁"),
    organisation=st.text(han, min_size=1, max_size=50).map(lambda text: f"{text}支部"),
    phone=st.just("") | st.integers(10**8, 10**9 - 1).map(lambda number: f"19{number}"),
    superior=st.just("") | st.text(han, min_size=1, max_size=50).map(lambda text: f"{text}党委"),
    stage=st.sampled_from(["applicant", "activist", "development_target", "probationary_member", "full_member", None]),
    roster=st.sampled_from(["in_service", "no_post", "floating", None]),
    exempt=st.booleans() | st.none(),
    birth_month=st.just("") | months,
    joined_on=st.just("") | st.dates(date(2007, 1, 1), date(2026, 11, 24)).map(str),
    tags=st.lists(st.text(han, min_size=3, max_size=10), max_size=4, unique=True).map(tuple),
)
STAGES = {"applicant": "入党申请人", "activist": "积极分子", "development_target": "发展对象",
          "probationary_member": "预备党员", "full_member": "正式党员", None: ""}  # fmt: skip
ROSTERS = {"in_service": "在职", "no_post": "无职", "floating": "流动", None: ""}


def row(line: RosterLine) -> list[Value]:
    exempt = {True: "是", False: "否", None: ""}[line.exempt]
    said = {**vars(line), "stage": STAGES[line.stage], "roster": ROSTERS[line.roster], "exempt": exempt,
            "exempt_reason": "年老体弱" if line.exempt else "", "tags": "、".join(line.tags)}  # fmt: skip
    return [said[field] for field in FIELDS]


@settings(deadline=None, max_examples=50)
@given(st.lists(people, min_size=1, max_size=5, unique_by=lambda line: line.name))
def test_what_is_written_into_the_template_is_read_back_from_it(lines: list[RosterLine]) -> None:
    data = write_xlsx({"党员": [[*FIELD_TITLES.values()], *map(row, lines)]})
    found = list(parse_roster_lines(data, OPTIONS))[1:]
    assert [row(line) for line in found if isinstance(line, RosterLine)] == [row(line) for line in lines]
    assert len(found) == len(lines)
