from dataclasses import replace
from io import BytesIO

import pytest
import xlwt  # type: ignore[import-untyped]  # it has no stubs

from content.errors import ContentError, Rejected
from content.questions.check import ParsedQuestion, check_question
from content.questions.collect import Note
from content.questions.sheet import parse_other_sheet, parse_question_sheet, question_template, write_question_sheet
from content.tables import Value, read_xlsx, write_xlsx

HEADER: list[Value] = ["题型", "题干", "选项A", "选项B", "选项C", "答案", "解析", "出处"]


def sheet(*rows: list[Value], header: list[Value] = HEADER) -> bytes:
    return write_xlsx({"试题": [header, *rows]})


def test_a_line_becomes_a_question_with_its_line() -> None:
    parsed = parse_question_sheet(sheet(["多选", "题干", "甲", "乙", "丙", "A、C", "解析", "《条例》"]))
    assert parsed.questions == (
        ParsedQuestion(2, "multiple", "题干", ("甲", "乙", "丙"), ("A", "C"), "解析", "《条例》"),
    )
    assert parsed.rejected == ()


def test_explanation_source_and_further_options_are_optional_columns() -> None:
    parsed = parse_question_sheet(
        sheet(["判断", "题干", "", "", "√"], header=["题型", "题干", "选项A", "选项B", "答案"])
    )
    assert parsed.questions[0].answer == ("A",)
    assert parsed.questions[0].explanation == ""


def test_a_bad_line_is_rejected_with_its_line_and_the_others_are_kept() -> None:
    parsed = parse_question_sheet(
        sheet(
            ["单选", "一", "甲", "乙", "", "A", "", ""],
            [],
            ["单选", "二", "甲", "", "", "A", "", ""],
            ["填空", "三", "", "", "", "月", "", ""],
        )
    )
    assert [question.line for question in parsed.questions] == [2, 5]
    assert parsed.rejected == (Rejected(4, "option_count", "选择题应有 2 至 8 个选项，现有 1 个。"),)


def test_a_repeated_question_is_rejected_and_names_the_first() -> None:
    parsed = parse_question_sheet(
        sheet(
            ["单选", "下列正确的是", "甲", "乙", "", "A", "", ""],
            ["单选", "下列 正确的是", "乙", "甲", "", "B", "", ""],
            ["单选", "下列正确的是", "丙", "丁", "", "A", "", ""],
        )
    )
    assert [question.line for question in parsed.questions] == [2, 4]
    assert [(bad.line, bad.code) for bad in parsed.rejected] == [(3, "duplicate_question")]
    assert "第 2 行" in parsed.rejected[0].reason


def test_a_sheet_without_questions_or_columns_is_refused() -> None:
    with pytest.raises(ContentError, match="empty_sheet"):
        parse_question_sheet(sheet())
    with pytest.raises(ContentError, match="missing_columns"):
        parse_question_sheet(sheet(["x"], header=["题型", "题干"]))


def test_a_sheet_has_at_most_2000_questions() -> None:
    rows: list[list[Value]] = [["判断", f"第 {number} 题", "", "", "", "对"] for number in range(2001)]
    assert len(parse_question_sheet(sheet(*rows[:2000])).questions) == 2000
    with pytest.raises(ContentError, match="too_many_questions"):
        parse_question_sheet(sheet(*rows))


def test_the_template_is_itself_a_valid_sheet_with_each_kind() -> None:
    parsed = parse_question_sheet(question_template())
    assert parsed.rejected == ()
    assert [question.kind for question in parsed.questions] == [
        "single",
        "multiple",
        "true_false",
        "fill_in",
        "ordering",
    ]


def test_difficulty_and_tags_are_optional_columns() -> None:
    header: list[Value] = ["题型", "题干", "选项A", "选项B", "答案", "难度", "标签"]
    parsed = parse_question_sheet(sheet(["排序", "题干", "甲", "乙", "BA", 3, "党章、入党"], header=header))
    (question,) = parsed.questions
    assert (question.kind, question.answer, question.difficulty) == ("ordering", ("B", "A"), 3)
    assert question.tags == ("党章", "入党")


def test_a_bank_is_exported_in_the_columns_of_the_template_and_never_as_a_formula() -> None:
    question = check_question("填空", "=1+1", [], ["'=2", "a|b"], "@解析", "-", "2", "+标签")
    data = write_question_sheet([question])
    assert read_xlsx(data)[0][1] == read_xlsx(question_template())[0][1]
    cells = read_xlsx(data)[1][1]
    assert cells[1] == "'=1+1"
    assert cells[10] == "''=2|a\\|b"
    assert cells[11:] == ["'@解析", "'-", "2", "'+标签"]
    assert [replace(each, line=0) for each in parse_question_sheet(data).questions] == [question]


def test_an_apostrophe_that_keeps_off_no_formula_stays() -> None:
    parsed = parse_question_sheet(sheet(["单选", "'引文'", "'甲", "''", "", "A", "", ""]))
    assert (parsed.questions[0].stem, parsed.questions[0].options) == ("'引文'", ("'甲", "''"))


def test_columns_that_are_not_kept_are_named() -> None:
    header: list[Value] = ["题型", "题干", "选项A", "选项B", "答案", "分值", "", "空列", "章节"]
    first: list[Value] = ["判断", "题干", "", "", "对", 5, "备注", "", "第一章"]
    parsed = parse_question_sheet(write_xlsx({"试题": [["本表由教务处填写"], header, first]}))
    reason = "「分值」、「G 列（无表头）」、「章节」不在模板里，这些列的内容没有导入；可改写到解析、出处或标签列。"
    assert (parsed.rejected, parsed.notes) == ((), (Note(2, "column_not_kept", reason),))


def test_sheets_that_are_not_read_are_named_unless_they_are_empty_or_explain_the_template() -> None:
    rows: list[list[Value]] = [HEADER, ["判断", "题干", "", "", "", "对", "", ""]]
    data = write_xlsx({"单选": rows, "多选": rows, "Sheet3": [[""]], "说明": rows, "判断": rows})
    reason = "工作表「多选」、「判断」没有读取：一次只导入第一张表。请把其中的试题并到第一张表，或分别上传。"
    assert parse_question_sheet(data).notes == (Note(1, "sheet_not_read", reason),)
    assert parse_question_sheet(question_template()).notes == ()


def test_of_several_sheets_of_an_old_workbook_the_first_visible_is_read() -> None:
    book = xlwt.Workbook()
    for title, visibility in (("隐藏", 1), ("试题", 0), ("又一张", 0)):
        page = book.add_sheet(title)
        page.visibility = visibility
        rows = [["题型", "题干", "选项A", "选项B", "答案"], ["判断", title, "", "", "对"]]
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                page.write(row, column, cell)
    output = BytesIO()
    book.active_sheet = 1
    book.save(output)
    parsed = parse_other_sheet(output.getvalue())
    assert [question.stem for question in parsed.questions] == ["试题"]
    assert ["「隐藏」、「又一张」" in note.reason for note in parsed.notes] == [True]


def test_an_old_workbook_without_a_visible_sheet_is_refused() -> None:
    book = xlwt.Workbook()
    book.add_sheet("一").visibility = 1
    output = BytesIO()
    book.save(output)
    with pytest.raises(ContentError, match="missing_sheet"):
        parse_other_sheet(output.getvalue())
