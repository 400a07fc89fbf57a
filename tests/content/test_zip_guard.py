import struct
import zipfile
from io import BytesIO

import pytest

from content.errors import ContentError
from content.tables import Value, write_xlsx
from content.zip_guard import check_xlsx


def archive(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = BytesIO()
    with zipfile.ZipFile(output, "w", compression) as target:
        for name, content in entries:
            target.writestr(name, content)
    return output.getvalue()


def code_of(data: bytes) -> str:
    with pytest.raises(ContentError) as caught:
        check_xlsx(data)
    return caught.value.code


def test_our_own_workbooks_pass() -> None:
    rows: list[list[Value]] = [["张三"]] * 5000
    check_xlsx(write_xlsx({"党员": rows}))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_xlsx"),
        ("姓名,手机号".encode(), "not_xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "encrypted_or_xls"),
        (b"PK\x03\x04" + bytes(100), "damaged_file"),
        (b"PK\x03\x04" + bytes(20 * 1024 * 1024), "file_too_large"),
        (archive(("xl/vbaProject.bin", b"x")), "has_macros"),
        (archive(("xl/VBAPROJECT.BIN", b"x")), "has_macros"),
        (archive(("../a.xml", b"x")), "unsafe_names"),
        (archive(("xl/../../a.xml", b"x")), "unsafe_names"),
        (archive(("/etc/passwd", b"x")), "unsafe_names"),
        (archive(("C:/a.xml", b"x")), "unsafe_names"),
        (archive(("a.xml", b"x"), compression=zipfile.ZIP_LZMA), "damaged_file"),
        (archive(("a.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]>")), "has_dtd"),
        (archive(("a.xml", b"<!doctype a>")), "has_dtd"),
        (archive(("a.bin", "<!ENTITY b 'c'>".encode("utf-16"))), "has_dtd"),
        (archive(("a.xml", b" " * 65530 + b"<!DOCTYPE a>")), "has_dtd"),
        (archive(*((f"{number}.xml", b"x") for number in range(2001))), "file_too_complex"),
        (archive(("a.xml", bytes(200 * 1024))), "file_too_complex"),
    ],
)
def test_each_unsafe_file_is_refused_with_its_own_code(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_the_printer_settings_of_a_mac_may_have_a_dtd() -> None:
    check_xlsx(archive(("xl/printerSettings/printerSettings1.bin", b'<!DOCTYPE plist PUBLIC "-//Apple//DTD">')))


def test_a_small_entry_may_shrink_by_more_than_100() -> None:
    check_xlsx(archive(("a.xml", bytes(100 * 1024))))


def test_the_bound_on_inflated_bytes_is_for_the_whole_file() -> None:
    # Each line shrinks by about 50: none breaks the ratio by itself.
    noise = bytes(index * 7919 % 251 for index in range(64))
    entry = b"".join(noise[: 8 + index % 56] + bytes(1500) for index in range(14_000))
    assert code_of(archive(*((f"{number}.xml", entry) for number in range(6)))) == "file_too_complex"


def test_a_password_is_told_by_its_flag() -> None:
    data = bytearray(archive(("a.xml", b"x")))
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<H", data, directory + 8, 1)
    assert code_of(bytes(data)) == "encrypted_or_xls"


def test_a_header_that_lies_about_the_size_does_not_help() -> None:
    data = bytearray(archive(("a.xml", bytes(5 * 1024 * 1024))))
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, directory + 24, 10)
    assert code_of(bytes(data)) == "damaged_file"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused() -> None:
    assert code_of(archive(("a.xml", b"x"), ("a.xml", b"y"))) == "damaged_file"


def test_a_cut_off_file_is_damaged() -> None:
    data = write_xlsx({"党员": [["姓名"]]})
    assert code_of(data[: len(data) // 2]) == "damaged_file"
