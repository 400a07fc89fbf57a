"""What a platform says is shown without secrets and people."""

import pytest

from app.platforms.asking import MESSAGE_LIMIT, without


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("userid zhangsan not found", "userid *** not found"),
        ("用户ZhangSan不存在", "用户***不存在"),
        ("invalid agentid of a-1", "invalid agentid of ***"),
        ("access_token=abcdefgh0123&x", "access_token=***&x"),
        ("an upper ABCDEFGH0123z", "an upper ***z"),
        ("nothing of it", "nothing of it"),
        (None, "None"),
    ],
)
def test_secrets_and_people_are_hidden_in_any_case_and_other_words_stay(said: object, shown: str) -> None:
    assert without(said, "abcdefgh0123", "", "zhangsan", "a-1", "a.1") == shown


def test_a_secret_at_the_end_of_what_is_shown_is_not_shown_in_part() -> None:
    said = "x" * (MESSAGE_LIMIT - 4) + "abcdefgh0123"
    assert without(said, "abcdefgh0123") == "x" * (MESSAGE_LIMIT - 4) + "***"
