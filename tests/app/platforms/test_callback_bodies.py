"""Bodies of calls: one shape whatever the platform writes them in, and nothing hostile is read."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.platforms.callback_bodies import MalformedBody, maps_in, read_body

ITEM = {"TemplateId": "T1", "PopupScene": "0"}
XML = "<xml><List><TemplateId>T1</TemplateId><PopupScene>0</PopupScene></List></xml>"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1, "b": "2", "c": null, "d": true, "e": 12345678901234567890}',
         {"a": "1", "b": "2", "c": "", "d": "True", "e": "12345678901234567890"}),
        ("<xml><a><![CDATA[1]]></a><b> 2\n</b><c/></xml>", {"a": "1", "b": "2", "c": ""}),
        ('<?xml version="1.0" encoding="GBK"?><xml><a>支部</a></xml>', {"a": "支部"}),
        (XML, {"List": ITEM}),
        ("<xml></xml>", {}),
        ("{}", {}),
        ("<xml><n>1</n><n>2</n><n>3</n></xml>", {"n": ["1", "2", "3"]}),
        ("<xml><n></n><n>2</n></xml>", {"n": ["", "2"]}),
        ('{"List": {"TemplateId": "T1", "PopupScene": 0}}', {"List": ITEM}),
    ],
)  # fmt: skip
def test_both_forms_are_read_alike_with_and_without_a_byte_order_mark(text: str, expected: object) -> None:
    assert read_body(text.encode()) == read_body(b"\xef\xbb\xbf" + text.encode()) == expected


def test_a_list_may_be_one_thing_or_many_or_absent() -> None:
    assert maps_in(None) == []
    assert maps_in(dict(ITEM)) == maps_in([dict(ITEM)]) == [ITEM]
    assert maps_in([dict(ITEM), "text", dict(ITEM)]) == [ITEM, ITEM]
    assert maps_in("text") == []


HOSTILE = [
    b"", b"\xef\xbb\xbf", b"hello", b"[1]", b"\xff\xfe<\x00x\x00", b"{", b"<xml>", b"<a/><b/>", b"<xml>text</xml>",
    b'<!DOCTYPE x [<!ENTITY e "v">]><xml><a>&e;</a></xml>',
    b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><a>1</a></xml>',
    b"<xml><a>&e;</a></xml>", b"<xml><a>\x00</a></xml>",
    b'{"a":' * 2000 + b"1" + b"}" * 2000, b'{"a":' + b"[" * 30_000, rb'{"a": "\ud800"}', b"<a>" * 2000 + b"</a>" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("body", HOSTILE)
def test_what_no_platform_sends_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_body(body)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=100).map(lambda text: ("<xml>" + text).encode())))
@settings(max_examples=500, deadline=None)
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(MalformedBody):
        assert isinstance(read_body(body), dict)
