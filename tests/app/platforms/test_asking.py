"""What a platform says is read with care, and shown without secrets and people."""

import httpx
import pytest

from app.platforms.asking import MESSAGE_LIMIT, ask, error_code, without
from app.platforms.errors import PlatformConfigurationError, PlatformError, TransientError, UnknownOutcome


async def asked(content: str, *, status: int = 200, delivers: bool = True, words: bool = False) -> object:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=content))
    async with httpx.AsyncClient(transport=transport) as http:
        return await ask(http, "POST", "http://platform.test", delivers=delivers, words=words)


@pytest.mark.parametrize(("code", "read"), [("0", 0), ('"0"', 0), ('"-1"', -1), ("43101", 43101)])
async def test_a_code_is_a_number_or_one_as_text(code: str, read: int) -> None:
    answer = await asked(f'{{"errcode": {code}}}')
    assert isinstance(answer, dict)
    assert error_code(answer) == read


@pytest.mark.parametrize(
    "content",
    [
        *(f'{{"errcode": {code}}}' for code in ("null", "true", "false", "0.0", '""', '"ok"', "[0]", "{}", "1" * 20)),
        *("{}", '{"errcode": 0', "[" * 100_000, "[0]", "0", ""),
    ],
    ids=lambda content: content[:20] or "nothing",
)
async def test_an_answer_to_a_send_that_says_nothing_readable_is_neither_success_nor_a_refusal(content: str) -> None:
    with pytest.raises(UnknownOutcome):
        await asked(content)
    with pytest.raises(TransientError):
        await asked(content, status=503)
    with pytest.raises(PlatformConfigurationError):
        await asked(content, status=404)


@pytest.mark.parametrize("code", ["null", "0", '""', "[]"])
async def test_a_code_of_words_must_be_a_word(code: str) -> None:
    assert await asked('{"errcode": "OK"}', words=True) == {"errcode": "OK"}
    with pytest.raises(UnknownOutcome):
        await asked(f'{{"errcode": {code}}}', words=True)


async def test_what_delivers_nothing_may_leave_the_code_out_but_not_garble_it() -> None:
    assert await asked('{"openid": "o"}', delivers=False) == {"openid": "o"}
    for content in ('{"errcode": null}', '{"errcode": "no"}'):
        with pytest.raises(PlatformError) as caught:
            await asked(content, delivers=False)
        assert type(caught.value) is TransientError


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
