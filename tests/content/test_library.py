import re
from pathlib import Path

import pytest

import content
from content.bundle import Bundle, IssueDocument, read_bundle

LIBRARY = Path(content.__file__).parent / "library"
BUNDLE: Bundle = read_bundle(LIBRARY)


def test_the_sample_library_has_no_problems() -> None:
    assert BUNDLE.problems == ()


def test_there_are_at_least_six_issues() -> None:
    assert len(BUNDLE.issues) >= 6


@pytest.mark.parametrize("issue", BUNDLE.issues, ids=lambda issue: issue.folder)
def test_an_issue_has_three_lessons_of_readable_length_with_their_source(issue: IssueDocument) -> None:
    assert len(issue.lessons) >= 3
    for lesson in issue.lessons:
        chinese = len(re.findall("[\u4e00-\u9fff]", lesson.markdown))
        assert 500 <= chinese <= 1_500, (lesson.title, chinese)
        assert lesson.source


@pytest.mark.parametrize("issue", BUNDLE.issues, ids=lambda issue: issue.folder)
def test_an_issue_has_a_quiz_of_five_questions(issue: IssueDocument) -> None:
    assert issue.quiz is not None
    assert len(issue.quiz.questions) >= 5
