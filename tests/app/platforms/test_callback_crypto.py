"""Signatures and encryption of calls, by the examples that the platforms publish, and what was tampered with."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.platforms.callback_bodies import read_body
from app.platforms.callback_crypto import BadCipher, WrongReceiver, decrypt, encrypt, is_signed, key_of, signature
from tests.app.platforms import callback_vectors as published
from tests.app.platforms.callback_vectors import ANSWERS, CALLS, Answer, Call

KEY = key_of(published.WECOM_KEY)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_published_call_is_signed_and_opens(call: Call) -> None:
    assert is_signed(call.msg_signature, call.token, call.timestamp, call.nonce, call.encrypted)
    assert decrypt(key_of(call.key), call.encrypted, call.receiver).decode() == call.message


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_published_call_is_for_its_own_account_only(call: Call) -> None:
    with pytest.raises(WrongReceiver):
        decrypt(key_of(call.key), call.encrypted, "wx0000000000000000")


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.name)
def test_an_answer_is_encrypted_as_published(answer: Answer) -> None:
    encrypted = encrypt(key_of(answer.key), answer.message.encode(), answer.receiver, start=answer.start.encode())
    assert encrypted == answer.encrypted
    if answer.msg_signature:
        assert signature(answer.token, answer.timestamp, answer.nonce, encrypted) == answer.msg_signature


@pytest.mark.parametrize(("given_signature", "timestamp", "nonce"), published.PLAIN_SIGNATURES)
def test_a_published_plain_call_is_signed(given_signature: str, timestamp: str, nonce: str) -> None:
    assert is_signed(given_signature, "AAAAA", timestamp, nonce)
    assert not is_signed(given_signature.upper(), "AAAAA", timestamp, nonce)
    assert not is_signed(given_signature, "AAAAB", timestamp, nonce)
    assert not is_signed("", "AAAAA", timestamp, nonce)


def test_a_published_message_is_read() -> None:
    call = next(call for call in CALLS if call.name == "wecom message")
    assert read_body(call.message.encode()) == {
        "ToUserName": "wx5823bf96d3bd56c7", "FromUserName": "mycreate", "CreateTime": "1409659813",
        "MsgType": "text", "Content": "hello", "MsgId": "4561255354251345929", "AgentID": "218",
    }  # fmt: skip


# Around the block of 32: 16 random bytes, 4 of the length, the message and the id of 18 fill one at 26.
@given(message=st.one_of(st.text(max_size=200), st.integers(0, 100).map("a".__mul__)), receiver=st.text(max_size=64))
@settings(max_examples=300, deadline=None)
def test_what_was_encrypted_opens_again(message: str, receiver: str) -> None:
    text = encrypt(KEY, message.encode(), receiver)
    assert decrypt(KEY, text, receiver).decode() == message
    with pytest.raises(WrongReceiver):
        decrypt(KEY, text, receiver + "x")


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_a_flipped_bit_is_refused(data: st.DataObject) -> None:
    text = encrypt(KEY, b"<xml>1</xml>", "wx5823bf96d3bd56c7")
    given_signature = signature("token", "1", "2", text)
    place = data.draw(st.integers(0, len(text) * 7 - 1))
    flipped = bytearray(text, "ascii")
    flipped[place // 7] ^= 1 << place % 7
    assert not is_signed(given_signature, "token", "1", "2", flipped.decode("ascii"))


@given(st.one_of(st.binary(max_size=200).map(bytes.hex), st.text(max_size=100)))
@settings(max_examples=300, deadline=None)
def test_what_nobody_encrypted_is_refused(text: str) -> None:
    with pytest.raises((BadCipher, WrongReceiver)):
        decrypt(KEY, text, "wx5823bf96d3bd56c7")


@pytest.mark.parametrize("text", ["", "A" * 42, "A" * 44, "=" * 43, "密" * 43, "A" * 42 + " "])
def test_a_key_of_another_form_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        key_of(text)
