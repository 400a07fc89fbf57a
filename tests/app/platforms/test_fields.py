"""Whatever is written into a template field, WeChat's limits hold."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.platforms.fields import clip_field

LIMITS = {
    "thing": 20,
    "number": 32,
    "letter": 32,
    "symbol": 5,
    "character_string": 32,
    "time": 17,
    "date": 11,
    "phrase": 5,
    "name": 20,
    "phone_number": 17,
}
ANY_TEXT = st.text(st.characters(), max_size=80)
LIKELY_TEXT = st.one_of(ANY_TEXT, st.text("0123456789", max_size=40), st.text("学习 aZ·\n\u200b!?", max_size=40))


def sound(text: str, limit: int) -> bool:
    return (
        0 < len(text) <= limit
        and text == text.strip()
        and not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in text)
    )


@given(ANY_TEXT)
def test_any_text_becomes_a_sound_thing(value: str) -> None:
    assert sound(clip_field("thing3", value), 20)


@given(st.sampled_from(sorted(LIMITS)), LIKELY_TEXT)
def test_any_text_becomes_a_sound_field_or_is_refused(kind: str, value: str) -> None:
    try:
        clipped = clip_field(f"{kind}12", value)
    except ValueError:
        return
    assert sound(clipped, LIMITS[kind])
    assert clip_field(f"{kind}12", clipped) == clipped


@pytest.mark.parametrize(
    ("key", "value", "clipped"),
    [
        ("thing1", "短", "短"),
        ("thing1", "一" * 20, "一" * 20),
        ("thing1", "一" * 21, "一" * 19 + "…"),
        ("thing1", "𠮷" * 21, "𠮷" * 19 + "…"),
        ("thing1", " \x00两\n行\u200b ", "两 行"),
        ("thing1", "\u200b\x07", "—"),
        ("symbol1", "", "—"),
        ("symbol1", "!!!!!!", "!!!!!"),
        ("number1", "-12.50", "-12.50"),
        ("letter1", "a" * 33, "a" * 32),
        ("character_string1", "NO-" + "1" * 40, "NO-" + "1" * 29),
        ("time1", "15:01", "15:01"),
        ("time1", "2019年10月1日 15:01", "2019年10月1日 15:01"),
        ("date1", "2019年10月1日", "2019年10月1日"),
        ("phrase1", "已经完成学习", "已经完成学"),
        ("name1", "阿依古丽·买买提·努尔", "阿依古丽·买买提·努"),
        ("name1", "A" * 21, "A" * 20),
        ("name1", "𠮷田", "𠮷田"),
        ("phone_number1", "+86-138-0000-0000", "+86-138-0000-0000"),
    ],
)
def test_each_type_keeps_what_it_can_hold(key: str, value: str, clipped: str) -> None:
    assert clip_field(key, value) == clipped


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("number1", "12本"),
        ("number1", "١٢"),
        ("number1", "1" * 33),
        ("character_string1", "编号1"),
        ("time1", "下午三点"),
        ("date1", "2019-10-01"),
        ("phrase1", "done"),
        ("name1", "张三2"),
        ("phone_number1", "1" * 18),
        *[(f"{kind}1", "") for kind in LIMITS if kind not in ("thing", "symbol")],
        ("unheard_of1", "值"),
        ("name in Chinese", "张三"),
    ],
)
def test_a_value_that_a_type_can_not_hold_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match=key):
        clip_field(key, value)
