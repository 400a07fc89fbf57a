"""Questions in a table: .xlsx both ways, .xls and delimited text in."""

import re
from collections.abc import Iterator, Sequence

from openpyxl.utils import get_column_letter

from content.errors import ContentError
from content.questions.accepted import join_accepted
from content.questions.check import LETTERS, ParsedQuestion, check_question
from content.questions.collect import MAX_QUESTIONS, Found, Note, QuestionSheet, collect
from content.spreadsheets.cells import Sheet, cell_text
from content.spreadsheets.read import read_spreadsheet
from content.tables import FORMULA_STARTS, Row, Value, filled_sheets, find_header, read_xlsx, write_xlsx
from content.text import listed

_OPTION_COLUMNS = tuple(f"选项{letter}" for letter in LETTERS)
_REQUIRED = ("题型", "题干", "选项A", "选项B", "答案")
_OPTIONAL = (*_OPTION_COLUMNS[2:], "解析", "出处", "难度", "标签")
_HEADER: list[Value] = ["题型", "题干", *_OPTION_COLUMNS, "答案", "解析", "出处", "难度", "标签"]
# The sheet of the template that explains the columns.
_EXPLAINED = "说明"
_KIND_NAMES = {"single": "单选", "multiple": "多选", "true_false": "判断", "fill_in": "填空", "ordering": "排序"}
# In what the service writes, an apostrophe keeps a cell from being taken for a formula. A text that begins like that
# itself gets one more, so that taking one off always gives the text back.
_LIKE_FORMULA = re.compile(f"'*[{re.escape(''.join(FORMULA_STARTS))}]")


def parse_question_sheet(data: bytes) -> QuestionSheet:
    """Return the questions of the first sheet of an .xlsx, at most 2,000.

    Raises ContentError for a file that cannot be read, lacks columns or has no questions.
    """
    return _parse_rows(read_xlsx(data), filled_sheets(data)[1:])


def parse_other_sheet(data: bytes) -> QuestionSheet:
    """Return the same of the first visible sheet of an .xls, or of delimited text."""
    sheets = read_spreadsheet(data)
    first = next((sheet for sheet in sheets if not sheet.hidden), None)
    if first is None:
        raise ContentError("missing_sheet", "文件中没有可见的工作表，请使用下载的模板。")
    return _parse_rows(_read_rows(first), [sheet.title for sheet in sheets if sheet.height and sheet is not first])


def _parse_rows(rows: list[Row], other_sheets: Sequence[str]) -> QuestionSheet:
    header, columns = find_header(rows, _REQUIRED, _OPTIONAL)
    body = rows[header + 1 :]
    if not body:
        raise ContentError("empty_sheet", "表头下方没有试题，请填写后重新上传。")
    if len(body) > MAX_QUESTIONS:
        raise ContentError("too_many_questions", f"试题超过 {MAX_QUESTIONS} 道，请拆分后重新上传。")
    notes = [*_columns_not_kept(rows[header], body, columns), *_sheets_not_read(other_sheets)]
    return collect(_find(body, columns), notes)


def _columns_not_kept(header: Row, body: Sequence[Row], columns: dict[str, int]) -> list[Note]:
    line, names = header
    others = [
        name or f"{get_column_letter(column + 1)} 列（无表头）"
        for column, name in enumerate(names)
        if column not in columns.values() and any(cells[column] for _, cells in body)
    ]
    reason = f"{listed(others)}不在模板里，这些列的内容没有导入；可改写到解析、出处或标签列。"
    return [Note(line, "column_not_kept", reason)] if others else []


def _sheets_not_read(names: Sequence[str]) -> list[Note]:
    others = [name for name in names if name != _EXPLAINED]
    reason = f"工作表{listed(others)}没有读取：一次只导入第一张表。请把其中的试题并到第一张表，或分别上传。"
    return [Note(1, "sheet_not_read", reason)] if others else []


def _read_rows(sheet: Sheet) -> list[Row]:
    rows = [(line, [cell_text(cell).strip() for cell in cells]) for line, cells in sheet.rows()]
    width = max((len(cells) for _, cells in rows), default=0)
    return [(line, cells + [""] * (width - len(cells))) for line, cells in rows if any(cells)]


def _find(body: Sequence[Row], columns: dict[str, int]) -> Iterator[Found]:
    for line, cells in body:
        try:
            yield Found(line, _read_question(cells, columns))
        except ContentError as error:
            yield Found(line, error)


def _read_question(cells: Sequence[str], columns: dict[str, int]) -> ParsedQuestion:
    def cell(name: str) -> str:
        text = cells[columns[name]] if name in columns else ""
        return text[1:] if text.startswith("'") and _LIKE_FORMULA.match(text) else text

    options = [cell(name) for name in _OPTION_COLUMNS]
    return check_question(
        cell("题型"), cell("题干"), options, cell("答案"), cell("解析"), cell("出处"), cell("难度"), cell("标签")
    )


def write_question_sheet(questions: Sequence[ParsedQuestion]) -> bytes:
    """Return an .xlsx that `parse_question_sheet` reads as the same questions."""
    return write_xlsx({"试题": [_HEADER, *map(_row, questions)]}, text_columns=("题干", *_OPTION_COLUMNS, "答案"))


def _row(question: ParsedQuestion) -> list[Value]:
    options = () if question.kind == "true_false" else question.options
    if question.kind == "fill_in":
        answer = join_accepted(question.answer)
    elif question.kind == "true_false":
        answer = "对" if question.answer == ("A",) else "错"
    else:
        answer = "".join(question.answer)
    texts = [_KIND_NAMES[question.kind], question.stem, *options, *[""] * (len(LETTERS) - len(options)), answer]
    texts += [question.explanation, question.source]
    safe: list[Value] = [f"'{text}" if _LIKE_FORMULA.match(text) else text for text in texts]
    tags = "、".join(question.tags)
    return [*safe, question.difficulty or "", f"'{tags}" if _LIKE_FORMULA.match(tags) else tags]


def question_template() -> bytes:
    """Return an .xlsx to fill in: the header, an example of each kind, and a sheet that explains the columns."""
    work_rules = "《中国共产党支部工作条例（试行）》"
    joining_rules = "《中国共产党发展党员工作细则》"
    single = ["支部党员大会一般多久召开 1 次？", "每月", "每季度", "每半年", "每年"]
    multiple = ["“三会一课”中的“三会”包括哪些会议？", "支部党员大会", "支部委员会会议", "党小组会", "职工大会"]
    ordering = ["按先后排列：", "确定为发展对象", "递交入党申请书", "接收为预备党员", "确定为入党积极分子"]
    examples: list[list[Value]] = [
        ["单选", *single, *[""] * 4, "B", "支部党员大会一般每季度召开 1 次。", work_rules, 1, "三会一课"],
        ["多选", *multiple, *[""] * 4, "ABC", "“三会”不包括职工大会。", work_rules, "较易", "三会一课、组织生活"],
        ["判断", "党小组会一般每月召开 1 次。", *[""] * 8, "对", "", work_rules, "", ""],
        ["填空", "支部委员会会议一般每____召开 1 次。", *[""] * 8, "月|个月|1个月", "", work_rules, "", ""],
        ["排序", *ordering, *[""] * 4, "BDAC", "", joining_rules, 3, "发展党员"],
    ]
    notes: list[list[Value]] = [
        ["列", "说明"],
        ["题型", "单选、多选、判断、填空、排序"],
        ["题干", "必填，最多 500 字"],
        ["选项A—选项H", "单选、多选、排序填写 2 至 8 个，按顺序填写，每个最多 200 字；判断、填空留空"],
        [
            "答案",
            "单选填一个字母；多选填多个字母，如 ABC；判断填 对 或 错；填空有多个可接受的答案时用 | 隔开，"
            "答案本身有 | 时写成 \\|；排序按正确的先后写出每个选项的字母，如 BDAC",
        ],
        ["解析、出处", "可不填；建议写明依据的公开文件和条款"],
        ["难度", "可不填；1 至 5，或 容易、较易、中等、较难、困难"],
        ["标签", "可不填；最多 10 个，每个最多 20 字，用顿号隔开"],
        ["示例", f"「试题」表中的 {len(examples)} 行为示例，正式上传前请删除"],
    ]
    return write_xlsx({"试题": [_HEADER, *examples], _EXPLAINED: notes})
