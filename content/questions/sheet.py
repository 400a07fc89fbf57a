"""An Excel sheet of questions -> valid questions, and each bad line with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from content.errors import ContentError, Rejected
from content.questions.check import (
    LETTERS,
    TRUE_FALSE_OPTIONS,
    ParsedQuestion,
    QuestionKind,
    check_question,
    normalise_answer,
)
from content.tables import Value, find_header, read_xlsx, write_xlsx

__all__ = [
    "TRUE_FALSE_OPTIONS",
    "ParsedQuestion",
    "QuestionKind",
    "QuestionSheet",
    "check_question",
    "normalise_answer",
    "parse_question_sheet",
    "question_template",
]

MAX_QUESTIONS = 2_000
_OPTION_COLUMNS = tuple(f"选项{letter}" for letter in LETTERS)
_REQUIRED = ("题型", "题干", "选项A", "选项B", "答案")
_OPTIONAL = (*_OPTION_COLUMNS[2:], "解析", "出处")


@dataclass(frozen=True)
class QuestionSheet:
    """What a sheet holds: each non-empty line below the header is in exactly one of the two."""

    questions: tuple[ParsedQuestion, ...]
    rejected: tuple[Rejected, ...]


def parse_question_sheet(data: bytes) -> QuestionSheet:
    """Return the questions of the first sheet of an .xlsx, at most 2,000.

    Raises ContentError for a file that cannot be read, lacks columns or has no questions.
    """
    rows = read_xlsx(data)
    header, columns = find_header(rows, _REQUIRED, _OPTIONAL)
    body = rows[header + 1 :]
    if not body:
        raise ContentError("empty_sheet", "表头下方没有试题，请填写后重新上传。")
    if len(body) > MAX_QUESTIONS:
        raise ContentError("too_many_questions", f"试题超过 {MAX_QUESTIONS} 道，请拆分后重新上传。")
    questions: list[ParsedQuestion] = []
    rejected: list[Rejected] = []
    lines: dict[tuple[str, ...], int] = {}
    for line, cells in body:
        try:
            question = replace(_read_question(cells, columns), line=line)
            first = lines.setdefault(_identity(question), line)
            if first != line:
                raise ContentError("duplicate_question", f"与第 {first} 行的试题重复，请删除一行。")
        except ContentError as error:
            rejected.append(Rejected(line, error.code, error.detail))
        else:
            questions.append(question)
    return QuestionSheet(tuple(questions), tuple(rejected))


def _read_question(cells: Sequence[str], columns: dict[str, int]) -> ParsedQuestion:
    def cell(name: str) -> str:
        return cells[columns[name]] if name in columns else ""

    options = [cell(name) for name in _OPTION_COLUMNS]
    return check_question(cell("题型"), cell("题干"), options, cell("答案"), cell("解析"), cell("出处"))


def _identity(question: ParsedQuestion) -> tuple[str, ...]:
    # Many stems read "下列说法正确的是": a question is its stem and its options, in whatever order.
    return (normalise_answer(question.stem), *sorted(normalise_answer(option) for option in question.options))


def question_template() -> bytes:
    """Return an .xlsx to fill in: the header, an example of each kind, and a sheet that explains the columns."""
    work_rules = "《中国共产党支部工作条例（试行）》"
    header: list[Value] = ["题型", "题干", *_OPTION_COLUMNS, "答案", "解析", "出处"]
    single = ["支部党员大会一般多久召开 1 次？", "每月", "每季度", "每半年", "每年"]
    multiple = ["“三会一课”中的“三会”包括哪些会议？", "支部党员大会", "支部委员会会议", "党小组会", "职工大会"]
    examples: list[list[Value]] = [
        ["单选", *single, *[""] * 4, "B", "支部党员大会一般每季度召开 1 次。", work_rules],
        ["多选", *multiple, *[""] * 4, "ABC", "“三会”不包括职工大会。", work_rules],
        ["判断", "党小组会一般每月召开 1 次。", *[""] * 8, "对", "", work_rules],
        ["填空", "支部委员会会议一般每____召开 1 次。", *[""] * 8, "月|个月|1个月", "", work_rules],
    ]
    notes: list[list[Value]] = [
        ["列", "说明"],
        ["题型", "单选、多选、判断、填空"],
        ["题干", "必填，最多 500 字"],
        ["选项A—选项H", "单选、多选填写 2 至 8 个，按顺序填写，每个最多 200 字；判断、填空留空"],
        ["答案", "单选填一个字母；多选填多个字母，如 ABC；判断填 对 或 错；填空有多个可接受的答案时用 | 隔开"],
        ["解析、出处", "可不填；建议写明依据的公开文件和条款"],
        ["示例", "「试题」表中的 4 行为示例，正式上传前请删除"],
    ]
    return write_xlsx({"试题": [header, *examples], "说明": notes})
