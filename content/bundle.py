"""A folder of weekly issues, as it is kept in a repository -> lessons and quizzes, and everything wrong with them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from content.documents.markdown import LessonDocument, parse_markdown
from content.errors import ContentError
from content.questions.check import ParsedQuestion, check_question
from content.text import MAX_TEXT_BYTES, clean_field, decode_utf8
from content.yaml_text import YamlMap, YamlValue, read_yaml

MAX_ISSUES, MAX_LESSONS, MAX_QUESTIONS = 500, 50, 200
_ISSUE_FOLDER = re.compile(r"[0-9]{2,3}-[a-z0-9]+(?:-[a-z0-9]+)*")
_LESSON_FILE = re.compile(r"[0-9]{2}-[^/]+\.md")
_QUESTION_FIELDS = {"kind", "stem", "options", "answer", "explanation", "source", "difficulty", "tags"}
_T = TypeVar("_T")


@dataclass(frozen=True)
class QuizDocument:
    """A quiz: `pass_mark` is a percentage, 1..100."""

    title: str
    pass_mark: int
    questions: tuple[ParsedQuestion, ...]


@dataclass(frozen=True)
class IssueDocument:
    """The issue in `folder` (its name): lessons in the order of their file names."""

    folder: str
    title: str
    summary: str
    lessons: tuple[LessonDocument, ...]
    quiz: QuizDocument | None


@dataclass(frozen=True)
class BundleProblem:
    """What is wrong in the file or folder at `path`, relative to the bundle; `line` is 1-based where known."""

    path: str
    line: int | None
    code: str
    reason: str


@dataclass(frozen=True)
class Bundle:
    """What is valid in a folder, and every problem: import it only when there are none."""

    issues: tuple[IssueDocument, ...]
    problems: tuple[BundleProblem, ...]


@dataclass(frozen=True)
class _Reader:
    """The folder that is read, and the problems met so far."""

    root: Path
    problems: list[BundleProblem] = field(default_factory=list)

    def report(self, path: Path, code: str, reason: str, line: int | None = None) -> None:
        self.problems.append(BundleProblem(path.relative_to(self.root).as_posix(), line, code, reason))

    def attempt(self, path: Path, parse: Callable[[bytes], _T]) -> _T | None:
        try:
            return parse(_read_bounded(path))
        except ContentError as error:
            self.report(path, error.code, error.detail, error.line)
            return None


def read_bundle(folder: Path) -> Bundle:
    """Return the issues in `folder`: NN-slug/issue.yaml, NN-slug/NN-name.md and, optionally, NN-slug/quiz.yaml.

    Files beside the issue folders are ignored; symbolic links are reported and never followed. Never raises.
    """
    reader = _Reader(folder)
    if folder.is_symlink() or not folder.is_dir():
        reader.report(folder, "missing_folder", "找不到资料文件夹，请检查路径。")
        return Bundle((), tuple(reader.problems))
    folders = [entry for entry in _entries(reader, folder) if entry.is_dir()]
    if len(folders) > MAX_ISSUES:
        reader.report(folder, "too_many_issues", f"最多 {MAX_ISSUES} 期，请拆分后导入。")
    issues = [_read_issue(reader, entry) for entry in folders[:MAX_ISSUES]]
    return Bundle(tuple(issue for issue in issues if issue), tuple(reader.problems))


def _entries(reader: _Reader, folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_symlink():
            reader.report(entry, "symlink", "不支持符号链接，请放入文件本身。")
        else:
            yield entry


def _read_bounded(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # One more than is allowed: the parser then refuses it for its size.
            return file.read(MAX_TEXT_BYTES + 1)
    except OSError:
        raise ContentError("unreadable_file", "文件无法读取，请检查权限。") from None


def _read_issue(reader: _Reader, folder: Path) -> IssueDocument | None:
    if not _ISSUE_FOLDER.fullmatch(folder.name):
        reader.report(folder, "invalid_folder_name", "文件夹名应形如 01-three-meetings（序号-小写英文）。")
        return None
    lesson_paths: list[Path] = []
    others: dict[str, Path] = {}
    for entry in _entries(reader, folder):
        if entry.is_file() and _LESSON_FILE.fullmatch(entry.name):
            lesson_paths.append(entry)
        elif entry.is_file() and entry.name in {"issue.yaml", "quiz.yaml"}:
            others[entry.name] = entry
        else:
            reader.report(entry, "unexpected_file", "不认识的文件，只能有 issue.yaml、quiz.yaml 和 NN-名称.md。")
    if not 1 <= len(lesson_paths) <= MAX_LESSONS:
        reader.report(folder, "lesson_count", f"每期应有 1 至 {MAX_LESSONS} 篇资料，现有 {len(lesson_paths)} 篇。")
    lessons = [reader.attempt(path, parse_markdown) for path in lesson_paths[:MAX_LESSONS]]
    quiz = _read_quiz(reader, others["quiz.yaml"]) if "quiz.yaml" in others else None
    if "issue.yaml" not in others:
        reader.report(folder, "missing_issue_file", "缺少 issue.yaml，请补充（title、summary）。")
        return None
    head = reader.attempt(others["issue.yaml"], _parse_head)
    if head is None:
        return None
    return IssueDocument(folder.name, *head, tuple(lesson for lesson in lessons if lesson), quiz)


def _parse_head(data: bytes) -> tuple[str, str]:
    values = read_yaml(decode_utf8(data), max_depth=1).values
    _check_fields(values, {"title", "summary"})
    title = clean_field(_text(values, "title"), "title", "标题（title）", 80, required=True)
    return title, clean_field(_text(values, "summary"), "summary", "摘要（summary）", 200)


def _read_quiz(reader: _Reader, path: Path) -> QuizDocument | None:
    parsed = reader.attempt(path, _parse_quiz_head)
    if parsed is None:
        return None
    title, pass_mark, items = parsed
    questions: list[ParsedQuestion] = []
    for number, item in enumerate(items, start=1):
        line = item.line if isinstance(item, YamlMap) else None
        try:
            questions.append(replace(_parse_question(item), line=line or 0))
        except ContentError as error:
            reader.report(path, error.code, f"第 {number} 题：{error.detail}", line)
    return QuizDocument(title, pass_mark, tuple(questions))


def _parse_quiz_head(data: bytes) -> tuple[str, int, list[YamlValue]]:
    # Mapping, list of questions, one question, its options.
    values = read_yaml(decode_utf8(data), max_depth=4).values
    _check_fields(values, {"title", "pass_mark", "questions"})
    title = clean_field(_text(values, "title"), "title", "标题（title）", 80, required=True)
    mark = _text(values, "pass_mark")
    if not re.fullmatch("[0-9]{1,3}", mark) or not 1 <= int(mark) <= 100:
        raise ContentError("invalid_pass_mark", "及格线（pass_mark）应为 1 至 100 的整数（百分比）。")
    questions = values.get("questions")
    if not isinstance(questions, list) or not 1 <= len(questions) <= MAX_QUESTIONS:
        raise ContentError("question_count", f"试题（questions）应为 1 至 {MAX_QUESTIONS} 道题的列表。")
    return title, int(mark), questions


def _parse_question(item: YamlValue) -> ParsedQuestion:
    if not isinstance(item, YamlMap):
        raise ContentError("invalid_question", "每道题应由 kind、stem、answer 等字段组成。")
    values = item.values
    _check_fields(values, _QUESTION_FIELDS)
    answer = _texts(values, "answer") if isinstance(values.get("answer"), list) else _text(values, "answer")
    return check_question(
        _text(values, "kind"),
        _text(values, "stem"),
        _texts(values, "options"),
        answer,
        _text(values, "explanation"),
        _text(values, "source"),
        _text(values, "difficulty"),
        _texts(values, "tags"),
    )


def _check_fields(values: dict[str, YamlValue], known: set[str]) -> None:
    unknown = sorted(set(values) - known)
    if unknown:
        raise ContentError("unknown_field", f"不认识的字段「{unknown[0][:40]}」，只能使用 {'、'.join(sorted(known))}。")


def _text(values: dict[str, YamlValue], name: str) -> str:
    value = values.get(name, "")
    if not isinstance(value, str):
        raise ContentError("invalid_field", f"字段「{name}」应为一段文字。")
    return value


def _texts(values: dict[str, YamlValue], name: str) -> list[str]:
    value = values.get(name, [])
    items = value if isinstance(value, list) else [value]
    texts = [item for item in items if isinstance(item, str)]
    if len(texts) != len(items):
        raise ContentError("invalid_field", f"字段「{name}」应为文字的列表。")
    return texts
