import pytest

from content.errors import ContentError
from content.questions.check import check_question
from content.questions.read import QuestionFormat, parse_questions, write_questions
from content.questions.sheet import question_template
from tests.content.questions.corpus import corpus
from tests.content.rosters.build import xls, zipped

QUESTION = check_question("单选", "题干", ["甲", "乙"], "B", "解析", "《条例》", "3", "标签")
AIKEN = "题干\nA. 甲\nB. 乙\nANSWER: B\n".encode()
CSV = "题型,题干,选项A,选项B,答案\n单选,题干,甲,乙,B\n"

XLS = xls([["题型", "题干", "选项A", "选项B", "答案", "难度"], ["单选", "题干", "甲", "乙", "B", 3]])()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.xlsx", write_questions([QUESTION], "xlsx")),
        ("", write_questions([QUESTION], "xlsx")),
        ("a.zip", write_questions([QUESTION], "xlsx")),
        ("a.zip", write_questions([QUESTION], "qti21")),
        ("试题.ZIP", write_questions([QUESTION], "qti3")),
        ("a.gift", write_questions([QUESTION], "gift")),
        ("a.txt", write_questions([QUESTION], "gift")),
        ("a", write_questions([QUESTION], "gift")),
        ("a.txt", AIKEN),
        ("a.txt", AIKEN.decode().encode("gbk")),
        ("a.xls", XLS),
        ("a.txt", XLS),
        ("a.csv", CSV.encode("gbk")),
        ("a.csv", CSV.encode("utf-8-sig")),
    ],
)
def test_the_format_is_told_by_the_bytes_and_for_text_by_the_name(name: str, data: bytes) -> None:
    sheet = parse_questions(data, {"file_name": name})
    assert (sheet.rejected, len(sheet.questions)) == ((), 1)
    assert (sheet.questions[0].stem, sheet.questions[0].answer) == ("题干", ("B",))


@pytest.mark.parametrize("file_format", ["xlsx", "gift", "qti21", "qti3"])
def test_the_whole_corpus_is_read_as_it_was_written(file_format: QuestionFormat) -> None:
    sheet = parse_questions(write_questions(corpus(), file_format), {"file_name": "题库"})
    assert (sheet.rejected, sheet.notes) == ((), ())
    assert [vars(question) | {"line": 0} for question in sheet.questions] == list(map(vars, corpus()))


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.txt", b"", "empty_file"),
        ("a.xlsx", b"   ", "empty_file"),
        ("a.xlsx", b"PK\x03\x04", "damaged_file"),
        ("a.zip", b"PK\x03\x04", "damaged_file"),
        ("a.zip", zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet")(), "damaged_file"),
        ("a.xml", b"x", "invalid_xml"),
        ("a.txt", b"<a", "invalid_xml"),
        ("a.gift", b"\x00\x01", "not_text"),
        ("a.csv", b"a,b", "missing_columns"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "unsupported_format"),
        ("a.pdf", b"%PDF-1.4\n\xe2\xe3\xcf\xd3\x00", "not_text"),
        ("a.gift", b"x" * 21_000_000, "file_too_large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(name: str, data: bytes, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        parse_questions(data, {"file_name": name})
    assert caught.value.code == code
    assert caught.value.detail


def test_the_template_is_a_file_like_any_other() -> None:
    assert len(parse_questions(question_template(), {}).questions) == 5
