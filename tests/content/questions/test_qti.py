import time
import zipfile
from io import BytesIO

import pytest

from content.errors import ContentError
from content.questions.check import ParsedQuestion, check_question
from content.questions.collect import MAX_QUESTIONS, Note, QuestionSheet
from content.questions.qti import parse_qti_item, parse_qti_package
from content.questions.qti_write import MAX_ITEMS, write_qti
from content.questions.xml_tree import read_xml

QUESTIONS = [
    check_question(
        "single", "党小组会多久一次？", ["每周", "每月"], "B", "一般每月1次。", "《条例》第十三条", "2", ["三会一课"]
    ),
    check_question("multiple", "“三会”有哪些？\n  请选。", ["支部党员大会", "党小组会", "职工大会"], "AB"),
    check_question("true_false", "党课是“一课”。", [], "对", difficulty="5"),
    check_question("fill_in", "预备期为____年。", [], "1|一|一年", tags="发展党员、党章"),
    check_question("ordering", "排一排", ["丙", "甲", "乙"], "BCA", "甲、乙、丙\n\n完", "《细则》"),
]


def item(
    body: str,
    declared: str = '<responseDeclaration identifier="R" cardinality="single" baseType="identifier">'
    "<correctResponse><value>x</value></correctResponse></responseDeclaration>",
    more: str = "",
    title: str = "",
) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><assessmentItem xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1"'
        f' identifier="i" title="{title}">{declared}<itemBody>{body}</itemBody>{more}</assessmentItem>'
    ).encode()


def declaration(values: str, cardinality: str = "single", kind: str = "identifier", mapping: str = "") -> str:
    right = "".join(f"<value>{value}</value>" for value in values.split("|") if value)
    return (
        f'<responseDeclaration identifier="R" cardinality="{cardinality}" baseType="{kind}">'
        f"<correctResponse>{right}</correctResponse>{mapping}</responseDeclaration>"
    )


def mapping(**scores: str) -> str:
    entries = "".join(f'<mapEntry mapKey="{key}" mappedValue="{value}"/>' for key, value in scores.items())
    return f"<mapping>{entries}</mapping>"


def choices(*texts: str, name: str = "choice", names: str = "xyz") -> str:
    each = "".join(
        f'<simpleChoice identifier="{letter}">{text}</simpleChoice>' for letter, text in zip(names, texts, strict=False)
    )
    return f'<{name}Interaction responseIdentifier="R"><prompt>问？</prompt>{each}</{name}Interaction>'


ENTRY = '<textEntryInteraction responseIdentifier="R"/>'


def one(data: bytes) -> ParsedQuestion:
    sheet = parse_qti_item(data)
    assert sheet.rejected == ()
    return sheet.questions[0]


def package(files: dict[str, bytes | str], method: int = zipfile.ZIP_STORED) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return output.getvalue()


def manifest(*resources: str) -> str:
    return f"<manifest><resources>{''.join(resources)}</resources></manifest>"


def resource(href: str, kind: str = "imsqti_item_xmlv2p1", data: str = "") -> str:
    return f'<resource type="{kind}" href="{href}"><metadata><lom>{data}</lom></metadata></resource>'


def codes(sheet: QuestionSheet) -> list[str]:
    return [rejected.code for rejected in sheet.rejected]


GOOD = item(choices("甲", "乙"))


@pytest.mark.parametrize("version", ["qti21", "qti3"])
def test_a_package_is_read_as_it_was_written_and_is_the_same_each_time(version: str) -> None:
    data = write_qti(QUESTIONS, version)
    assert data == write_qti(QUESTIONS, version)
    sheet = parse_qti_package(data)
    assert [question.line for question in sheet.questions] == [1, 2, 3, 4, 5]
    assert [(question.stem, question.answer, question.tags) for question in sheet.questions] == [
        (question.stem, question.answer, question.tags) for question in QUESTIONS
    ]


def test_an_item_of_a_package_is_an_item_by_itself() -> None:
    with zipfile.ZipFile(BytesIO(write_qti(QUESTIONS, "qti3"))) as archive:
        assert one(archive.read("items/Q0005.xml")).answer == ("B", "C", "A")


def test_a_choice_is_read_with_its_prompt_and_the_text_before_it() -> None:
    question = one(item(f"<div><p>先读\n  <b>材料</b>。</p></div>{choices('甲', '<p>乙</p>')}"))
    assert (question.kind, question.stem, question.options) == ("single", "先读 材料。\n问？", ("甲", "乙"))
    assert question.answer == ("A",)


@pytest.mark.parametrize(
    ("names", "texts", "kind"),
    [
        (["true", "false"], ("是", "否"), "true_false"),
        (["x", "y"], ("正确", "错误"), "true_false"),
        (["x", "y"], ("True", "False"), "true_false"),
        (["A", "B"], ("正确", "错误"), "single"),
        (["x", "y"], ("错误", "正确"), "single"),
    ],
)
def test_the_two_options_of_true_and_false_are_known(names: list[str], texts: tuple[str, str], kind: str) -> None:
    each = "".join(
        f'<simpleChoice identifier="{name}">{text}</simpleChoice>' for name, text in zip(names, texts, strict=True)
    )
    body = f'<p>党</p><choiceInteraction responseIdentifier="R">{each}</choiceInteraction>'
    question = one(item(body, declaration(names[1])))
    assert (question.kind, question.answer) == (kind, ("B",))


@pytest.mark.parametrize(
    ("body", "stem"),
    [
        (f"<p>预备期为{ENTRY}年。</p>", "预备期为____年。"),
        (f"<p>预备期多久？</p><p>{ENTRY}</p>", "预备期多久？"),
        (f"<p>预备期</p><div>{ENTRY}</div><p>年</p>", "预备期\n____\n年"),
        (f"<pre>两  格</pre><p>{ENTRY}</p>", "两  格"),
    ],
)
def test_a_blank_stands_where_it_is_inside_a_sentence(body: str, stem: str) -> None:
    question = one(item(body, declaration("一", kind="string", mapping=mapping(一="1", 二="0", 一年="1"))))
    assert (question.stem, question.answer) == (stem, ("一", "一年"))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (item(choices("甲", "乙"), ""), "missing_answer"),
        (item(choices("甲", "乙"), declaration("")), "missing_answer"),
        (item(choices("甲", "乙"), declaration("q")), "unknown_answer"),
        (item(choices("甲", "乙"), declaration("x", "multiple")), "answer_count"),
        (
            item(choices("甲", "乙", "丙"), declaration("x|y", "multiple", mapping=mapping(x="1", y="2"))),
            "partial_weights",
        ),
        (
            item(choices("甲", "乙", "丙"), declaration("x|y", "multiple", mapping=mapping(x="1", z="1"))),
            "partial_weights",
        ),
        (item(choices("甲", "乙"), declaration("x", mapping=mapping(x="许多"))), "invalid_score"),
        (item(choices("甲", "乙", name="order"), declaration("x", "ordered")), "answer_count"),
        (item(f"<p>{ENTRY}</p>", declaration("3", kind="float")), "numeric"),
        (item(f"<p>党{ENTRY}{ENTRY}</p>"), "several_interactions"),
        (item(choices("甲", "乙", name="match")), "unsupported_interaction"),
        (item('<extendedTextInteraction responseIdentifier="R"/>'), "unsupported_interaction"),
        (item("<p>只有文字</p>"), "no_interaction"),
        (item(f'<p><img src="http://example.org/a.png"/></p>{choices("甲", "乙")}'), "unsupported_markup"),
        (item(f"<table/>{choices('甲', '乙')}"), "unsupported_markup"),
        (item(choices("甲", "乙<math/>")), "unsupported_markup"),
        (item(choices("甲", "乙"), more="<templateDeclaration/>"), "unsupported_item"),
        (b"<assessmentItem/>", "unsupported_item"),
        (b"<html/>", "not_an_item"),
    ],
)
def test_what_the_service_has_no_place_for_is_refused_by_name(data: bytes, code: str) -> None:
    sheet = parse_qti_item(data)
    assert (sheet.questions, codes(sheet)) == ((), [code])


def test_an_order_is_read_from_the_values() -> None:
    question = one(item(choices("乙", "丙", "甲", name="order"), declaration("z|x|y", "ordered")))
    assert (question.kind, question.answer) == ("ordering", ("C", "A", "B"))


def test_feedback_is_the_explanation_and_a_title_is_not_kept() -> None:
    more = "<modalFeedback>第一</modalFeedback><modalFeedback><p>第二</p></modalFeedback>"
    sheet = parse_qti_item(item(choices("甲", "乙"), more=more, title="第7题"))
    assert sheet.questions[0].explanation == "第一\n第二"
    assert sheet.notes == (Note(1, "name_not_kept", "题目名称（title）不保留，共 1 处。"),)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_an_item_may_be_in_gbk_and_utf_16(encoding: str) -> None:
    text = item(choices("甲", "乙")).decode().replace("UTF-8", "GBK" if encoding == "gb18030" else encoding)
    assert one(text.encode(encoding)).options == ("甲", "乙")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<a", "invalid_xml"),
        (b"<a/><b/>", "invalid_xml"),
        (b"<!DOCTYPE a><a/>", "has_dtd"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "has_dtd"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "has_dtd"),
        (b"<a>&b;</a>", "invalid_xml"),
        (b"<?xml version='1.0' encoding='cp037'?><a/>", "unsupported_encoding"),
        (b"<a>" * 60 + b"</a>" * 60, "file_too_complex"),
        (b"<a>" + b"<b/>" * 1000 + b"</a>", "file_too_complex"),
        (b"<a>" + b"x" * 300_000 + b"</a>", "file_too_large"),
        (b"\x00", "not_text"),
    ],
)
def test_xml_that_is_unsafe_or_damaged_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(ContentError) as caught:
        parse_qti_item(data)
    assert caught.value.code == code


def test_a_package_names_what_it_cannot_take_and_takes_the_rest() -> None:
    files: dict[str, bytes | str] = {
        "pack/imsmanifest.xml": manifest(
            resource("a.xml"), resource("missing.xml"), resource("sub%20folder/b.xml"), resource("c.xml"),
            resource("d.xml"), resource("http://example.org/e.xml"), resource("t.xml", "imsqti_test_xmlv2p1"),
        ),
        "pack/a.xml": GOOD,
        "pack/sub folder/b.xml": item(choices("甲", "乙", name="hotspot")),
        "pack/c.xml": "<!DOCTYPE x><x/>",
        "pack/d.xml": GOOD,
        "pack/t.xml": "<assessmentTest/>",
        "pack/forgotten.xml": item("<p>丙</p>" + choices("丙", "丁")),
    }  # fmt: skip
    sheet = parse_qti_package(package(files))
    assert [question.line for question in sheet.questions] == [1, 7]
    assert [(rejected.line, rejected.code) for rejected in sheet.rejected] == [
        (2, "missing_item"), (3, "unsupported_interaction"), (4, "has_dtd"), (5, "duplicate_question"),
        (6, "missing_item"),
    ]  # fmt: skip
    assert sheet.rejected[1].reason.startswith("第 3 题（pack/sub folder/b.xml）：")
    assert "第 1 题（pack/a.xml）" in sheet.rejected[3].reason
    assert [note.code for note in sheet.notes] == ["test_not_kept"]


def test_items_that_the_manifest_forgot_are_found_whatever_they_begin_with() -> None:
    def forgotten(text: str) -> str:
        return item(f"<p>{text}</p>" + choices("甲", "乙")).decode()

    files: dict[str, bytes | str] = {
        "imsmanifest.xml": manifest(resource("a.xml")),
        "a.xml": GOOD,
        "b.xml": forgotten("一").replace("UTF-8", "utf-16").encode("utf-16"),
        "c.xml": forgotten("二").replace("?>", f"?><!--{'x' * 5000}-->", 1),
        "d.xml": forgotten("三")
        .replace("<assessmentItem", "<q:assessmentItem xmlns:q='u'")
        .replace("</assessmentItem", "</q:assessmentItem"),
        "t.xml": "<assessmentTest><assessmentItemRef href='a.xml'/></assessmentTest>",
    }
    sheet = parse_qti_package(package(files))
    assert (sheet.rejected, [question.line for question in sheet.questions]) == ((), [1, 2, 3, 4])


def test_metadata_of_others_is_read_in_either_form_of_lom() -> None:
    data = (
        "<general><keyword><langstring>党章</langstring></keyword><keyword><string>入党</string></keyword></general>"
        "<educational><difficulty><source>LOMv1.0</source><value><langstring>very difficult</langstring></value>"
        "</difficulty></educational><relation><kind><value>IsBasedOn</value></kind><resource><description>"
        "<langstring>《章程》</langstring></description></resource></relation>"
        "<relation><kind><value>ispartof</value></kind><resource><description>别的</description></resource></relation>"
    )
    question = parse_qti_package(
        package({"imsmanifest.xml": manifest(resource("a.xml", data=data)), "a.xml": GOOD})
    ).questions[0]
    assert (question.tags, question.difficulty, question.source) == (("党章", "入党"), 5, "《章程》")


def test_without_a_manifest_each_xml_file_is_an_item() -> None:
    sheet = parse_qti_package(package({"b.xml": GOOD, "a.xml": "<x/>", "readme.txt": "x"}))
    assert (codes(sheet), [question.line for question in sheet.questions]) == (["not_an_item"], [2])


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"../a.xml": GOOD}, "unsafe_names"),
        ({"readme.txt": "x"}, "empty_sheet"),
        ({"imsmanifest.xml": "<a"}, "invalid_xml"),
        ({"imsmanifest.xml": manifest()}, "empty_sheet"),
        ({"a.xml": b"<a>" + b" " * 30_000_000}, "file_too_complex"),
        ({f"{number}.xml": b"" for number in range(2001)}, "file_too_complex"),
        ({"imsmanifest.xml": manifest(*(resource(f"{number}.xml") for number in range(2001)))}, "too_many_questions"),
    ],
)
def test_a_package_that_is_unsafe_or_empty_is_refused(files: dict[str, bytes | str], code: str) -> None:
    with pytest.raises(ContentError) as caught:
        parse_qti_package(package(files, zipfile.ZIP_DEFLATED))
    assert caught.value.code == code
    assert "Excel" not in caught.value.detail


def test_a_damaged_zip_is_refused() -> None:
    with pytest.raises(ContentError, match="damaged_file"):
        parse_qti_package(write_qti(QUESTIONS, "qti21")[:-30])


@pytest.mark.timeout(120)
def test_the_largest_packages_are_read_and_written_in_time() -> None:
    questions = [
        check_question("single", f"第{number}题", ["甲", "乙"], "A", tags="标签") for number in range(MAX_ITEMS)
    ]
    start = time.process_time()
    assert len(parse_qti_package(write_qti(questions, "qti3")).questions) == MAX_ITEMS
    with pytest.raises(ContentError, match="too_many_questions"):
        write_qti([*questions, questions[0]], "qti3")
    # As many elements as an item may have, again and again.
    heavy = b"<a>" + b"<b>x</b>" * 999 + b"</a>"
    listed = manifest(resource("a.xml") * MAX_QUESTIONS)
    assert len(parse_qti_package(package({"imsmanifest.xml": listed, "a.xml": heavy})).rejected) == MAX_QUESTIONS
    assert time.process_time() - start < 40


def test_text_that_comes_in_many_pieces_is_put_together_once() -> None:
    start = time.process_time()
    root = read_xml(b"<a>" + b"x&amp;\n" * 2_000_000 + b"<b/>y</a>", max_bytes=20_000_000, max_elements=2)
    assert len(root.text or "") == 6_000_000
    assert root[0].tail == "y"
    assert time.process_time() - start < 10
