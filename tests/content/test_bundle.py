from pathlib import Path

import pytest

from content.bundle import BundleProblem, read_bundle

LESSON = "---\ntitle: 三会一课\nsource: 《条例》\n---\n正文\n"
QUIZ = """title: 小测
pass_mark: 60
questions:
  - kind: single
    stem: 题干一
    options: [甲, 乙]
    answer: B
    explanation: 解析
    source: 《条例》
  - kind: fill_in
    stem: 题干二
    answer: ["1", 一]
  - {kind: multiple, stem: 题干三, options: [甲, 乙, 丙], answer: AC}
"""


@pytest.fixture
def issue(tmp_path: Path) -> Path:
    folder = tmp_path / "01-three-meetings"
    folder.mkdir()
    (folder / "issue.yaml").write_text("title: 第一期\nsummary: 摘要\n")
    (folder / "02-b.md").write_text(LESSON.replace("三会一课", "第二篇"))
    (folder / "01-a.md").write_text(LESSON)
    (folder / "quiz.yaml").write_text(QUIZ)
    return folder


def problems(folder: Path) -> list[tuple[str, int | None, str]]:
    return [(problem.path, problem.line, problem.code) for problem in read_bundle(folder).problems]


def test_a_folder_becomes_issues_with_lessons_in_the_order_of_names(issue: Path) -> None:
    bundle = read_bundle(issue.parent)
    assert bundle.problems == ()
    (document,) = bundle.issues
    assert (document.folder, document.title, document.summary) == ("01-three-meetings", "第一期", "摘要")
    assert [lesson.title for lesson in document.lessons] == ["三会一课", "第二篇"]
    assert document.quiz is not None
    assert (document.quiz.title, document.quiz.pass_mark) == ("小测", 60)
    assert [question.line for question in document.quiz.questions] == [4, 10, 13]
    assert [question.answer for question in document.quiz.questions] == [("B",), ("1", "一"), ("A", "C")]


def test_issues_come_in_the_order_of_their_folders_and_a_quiz_is_optional(issue: Path) -> None:
    (issue / "quiz.yaml").unlink()
    issue.rename(issue.with_name("10-later"))
    second = issue.with_name("02-earlier")
    second.mkdir()
    (second / "issue.yaml").write_text("title: 第二期\n")
    (second / "01-a.md").write_text(LESSON)
    bundle = read_bundle(issue.parent)
    assert bundle.problems == ()
    assert [(document.folder, document.summary) for document in bundle.issues] == [
        ("02-earlier", ""),
        ("10-later", "摘要"),
    ]
    assert bundle.issues[0].quiz is None


def test_files_beside_the_issues_and_hidden_ones_are_ignored(issue: Path) -> None:
    (issue.parent / "README.md").write_text("x")
    (issue.parent / ".git").mkdir()
    (issue.parent / "__pycache__").mkdir()
    (issue / ".DS_Store").write_text("x")
    assert problems(issue.parent) == []


def test_every_problem_is_collected_with_its_place(issue: Path) -> None:
    (issue / "01-a.md").write_text("正文")
    (issue / "02-b.md").write_text("---\ntitle: a\nsource: [b]\n---\n正文")
    (issue / "notes.txt").write_text("x")
    (issue / "quiz.yaml").write_text(
        QUIZ.replace("answer: B", "answer: C").replace("answer: AC", "answer: A") + "  - 只有文字\n"
    )
    (issue.parent / "Second Issue").mkdir()
    assert problems(issue.parent) == [
        ("01-three-meetings/notes.txt", None, "unexpected_file"),
        ("01-three-meetings/01-a.md", None, "missing_front_matter"),
        ("01-three-meetings/02-b.md", 3, "yaml_too_deep"),
        ("01-three-meetings/quiz.yaml", 4, "unknown_answer"),
        ("01-three-meetings/quiz.yaml", 13, "answer_count"),
        ("01-three-meetings/quiz.yaml", None, "invalid_question"),
        ("Second Issue", None, "invalid_folder_name"),
    ]


def test_a_problem_of_a_question_names_its_number(issue: Path) -> None:
    (issue / "quiz.yaml").write_text(QUIZ.replace("answer: B", "answer: C"))
    (problem,) = read_bundle(issue.parent).problems
    assert problem == BundleProblem(
        "01-three-meetings/quiz.yaml", 4, "unknown_answer", "第 1 题：答案「C」无法识别，请只填写选项的字母（A—B）。"
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "code"),
    [
        ("pass_mark: 60", "pass_mark: 0", None, "invalid_pass_mark"),
        ("pass_mark: 60", "pass_mark: 101", None, "invalid_pass_mark"),
        ("pass_mark: 60", "pass_mark: 60%", None, "invalid_pass_mark"),
        ("pass_mark: 60\n", "", None, "invalid_pass_mark"),
        ("title: 小测", "title: [小测]", None, "invalid_field"),
        ("title: 小测", "title:", None, "missing_title"),
        ("title: 小测", "name: 小测", None, "unknown_field"),
        ("title: 小测", "title: 小: 测", 1, "invalid_yaml"),
        ("options: [甲, 乙]", "options: [甲, [乙]]", 6, "yaml_too_deep"),
        ("options: [甲, 乙]", "options: [甲, {b: c}]", 6, "yaml_too_deep"),
        ("options: [甲, 乙]", "options: {a: b}", 4, "invalid_field"),
        ("options: [甲, 乙]", "choices: [甲, 乙]", 4, "unknown_field"),
        ("options: [甲, 乙]", "options: 甲", 4, "option_count"),
    ],
)
def test_each_fault_of_a_quiz_has_its_own_code(issue: Path, old: str, new: str, line: int | None, code: str) -> None:
    (issue / "quiz.yaml").write_text(QUIZ.replace(old, new))
    assert problems(issue.parent) == [("01-three-meetings/quiz.yaml", line, code)]


@pytest.mark.parametrize("questions", ["questions: []", "questions: x", "", "questions:\n" + "- a\n" * 201])
def test_a_quiz_has_1_to_200_questions(issue: Path, questions: str) -> None:
    (issue / "quiz.yaml").write_text(f"title: a\npass_mark: 60\n{questions}\n")
    assert problems(issue.parent) == [("01-three-meetings/quiz.yaml", None, "question_count")]


def test_an_issue_needs_its_description_and_at_least_one_lesson(issue: Path) -> None:
    for name in ("issue.yaml", "01-a.md", "02-b.md"):
        (issue / name).unlink()
    assert problems(issue.parent) == [
        ("01-three-meetings", None, "lesson_count"),
        ("01-three-meetings", None, "missing_issue_file"),
    ]


def test_an_issue_with_a_bad_description_is_left_out(issue: Path) -> None:
    (issue / "issue.yaml").write_text("summary: 摘要\n")
    assert read_bundle(issue.parent).issues == ()
    assert problems(issue.parent) == [("01-three-meetings/issue.yaml", None, "missing_title")]


def test_links_are_reported_and_never_followed(issue: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.md").write_text(LESSON)
    (issue / "03-c.md").symlink_to(outside / "secret.md")
    (issue.parent / "02-linked").symlink_to(outside)
    bundle = read_bundle(issue.parent)
    assert [(problem.path, problem.code) for problem in bundle.problems] == [
        ("02-linked", "symlink"),
        ("01-three-meetings/03-c.md", "symlink"),
    ]
    assert len(bundle.issues[0].lessons) == 2


def test_a_missing_or_linked_folder_is_a_problem(issue: Path) -> None:
    assert problems(issue.parent / "absent") == [(".", None, "missing_folder")]
    link = issue.parent / "link"
    link.symlink_to(issue)
    assert problems(link) == [(".", None, "missing_folder")]


def test_sizes_are_bounded(issue: Path) -> None:
    (issue / "01-a.md").write_text(LESSON + "a" * 512 * 1024)
    assert problems(issue.parent) == [("01-three-meetings/01-a.md", None, "file_too_large")]
    (issue / "01-a.md").unlink()
    for number in range(51):
        (issue / f"03-{number}.md").write_text(LESSON)
    assert problems(issue.parent) == [("01-three-meetings", None, "lesson_count")]
    assert len(read_bundle(issue.parent).issues[0].lessons) == 50


def test_a_bundle_has_at_most_500_issues(tmp_path: Path) -> None:
    for number in range(501):
        (tmp_path / f"{number:03d}-x").mkdir()
    found = problems(tmp_path)
    assert found[0] == (".", None, "too_many_issues")
    assert len({path for path, _, _ in found}) == 501


def test_a_file_that_cannot_be_read_is_a_problem(issue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    assert {code for _, _, code in problems(issue.parent)} == {"unreadable_file"}
