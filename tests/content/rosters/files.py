"""Formats, encodings, and what is no table at all."""

from tests.content.rosters.build import (
    BRANCH,
    HEADER,
    Case,
    compound,
    person,
    replaced,
    small_xls,
    text,
    xls,
    xlsx,
    zipped,
)

PHONE = "19900000001"
TABLE = f"姓名,党支部,手机\n张三,{BRANCH},{PHONE}\n"
FOUND = [person(2, phone=PHONE)]

FILES = [
    Case("text in UTF-8", text(TABLE), FOUND),
    Case("text in UTF-8 with a byte order mark", text(TABLE, "utf-8-sig"), FOUND),
    Case("text in UTF-16", text(TABLE, "utf-16"), FOUND),
    Case("text in UTF-16 the other way round", text(f"\ufeff{TABLE}", "utf-16-be"), FOUND),
    Case("text in GBK", text(TABLE, "gbk"), FOUND),
    Case(
        "text in GB18030 with a rare character",
        text(TABLE.replace("张三", "张𠮷"), "gb18030"),
        [person(2, "张𠮷", phone=PHONE)],
    ),
    Case("semicolons", text(TABLE.replace(",", ";")), FOUND),
    Case("tabs, as a spreadsheet saves Unicode text", text(TABLE.replace(",", "\t"), "utf-16"), FOUND),
    Case("a separator that is stated in the first line", text(f"sep=;\r\n{TABLE.replace(',', ';')}"), FOUND),
    Case("line ends of old", text(TABLE.replace("\n", "\r")), FOUND),
    Case(
        "quoted line breaks and commas; lines are counted as a spreadsheet shows them",
        text(f'姓名,党支部,手机,备注\n"张三",{BRANCH},{PHONE},"一,\n二"\n\n李四,{BRANCH},,\n'),
        [*FOUND, person(4, "李四")],
        ignored=["备注"],
    ),
    Case("a quote that is never closed", text(f'姓名,党支部\n"张三,{BRANCH}\n'), error="damaged_csv", words="第 2 行"),
    Case("lines that are too short or too long", text(f"姓名,党支部,手机\n张三,{BRANCH}\n李四,{BRANCH},,x,y\n"),
         [person(2), person(3, "李四")]),
    Case("numbers that a program has marked as text", text(f'姓名,党支部,手机\n张三,{BRANCH},="{PHONE}"\n'), FOUND),
    Case("an old workbook", xls([HEADER, ["张三", BRANCH, 19900000001]]), FOUND),
    Case("a tiny old workbook", small_xls([HEADER, ["张三", BRANCH, 19900000001]]), FOUND),
    Case("an empty file", text(" \n"), error="empty_file"),
    Case("text that is no table", text("今天的会议改到下午。\n请各支部通知。"), error="missing_columns"),
    Case("bytes that are no text", lambda: bytes(range(256)) * 4, error="unsupported_format"),
    Case("a PDF", lambda: b"%PDF-1.7\n...", error="unsupported_format", words="PDF"),
    Case("a picture", lambda: b"\x89PNG\r\n\x1a\n", error="unsupported_format", words="图片"),
    Case("an archive", lambda: b"Rar!\x1a\x07\x00", error="unsupported_format", words="压缩包"),
    Case("a zip file of anything", zipped(a_dot_txt="x"), error="unsupported_format", words="压缩包"),
    Case(
        "an .ods",
        zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet", content_dot_xml="<x/>"),
        error="unsupported_format",
        words=".ods",
    ),
    Case("a .docx", zipped(word__document_dot_xml="<x/>"), error="unsupported_format", words="文字文档"),
    Case("an .xlsb", zipped(xl__workbook_dot_bin="x"), error="unsupported_format", words=".xlsb"),
    Case("a .doc or .wps", compound("WordDocument"), error="unsupported_format", words="Word"),
    Case("another file of that kind", compound("Book"), error="unsupported_format"),
    Case(
        "a workbook with a password", compound("EncryptionInfo", "EncryptedPackage"),
        error="encrypted_file", words="取消密码",
    ),
    Case("an old workbook with a password", xls([HEADER], password=True), error="encrypted_file", words="取消密码"),
    Case("an old workbook with macros", compound("_VBA_PROJECT_CUR", "Workbook"), error="has_macros"),
    Case(
        "a workbook with macros",
        lambda: replaced(xlsx([HEADER])(), "xl/vbaProject.bin", "x"),
        error="has_macros",
    ),
    Case(
        "a web page that is called .xls", text("<html><table><tr><td>姓名</td></tr></table></html>"),
        error="html_table", words="网页",
    ),
    Case("a web page in UTF-16", text("\n<!DOCTYPE html><table>", "utf-16"), error="html_table"),
    Case("a workbook of 2003 in XML", text('<?xml version="1.0"?><Workbook/>', "utf-8-sig"), error="html_table"),
    Case("a workbook that is cut off", lambda: xlsx([HEADER])()[:2000], error="damaged_file"),
    Case("an old workbook that is cut off", lambda: xls([HEADER] * 50)()[:1000], error="damaged_file"),
    Case(
        "a workbook whose sheet is no XML",
        lambda: replaced(xlsx([HEADER])(), "xl/worksheets/sheet1.xml", "<worksheet"),
        error="damaged_file",
    ),
]  # fmt: skip
