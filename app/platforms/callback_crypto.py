"""How WeChat and WeCom sign and encrypt what they send to us: pure functions over text and bytes.

A signature is the SHA-1 of the sorted parts. An encrypted text is base64 of AES-256-CBC over 16 random bytes, the
length of the message (4 bytes, big endian), the message, and the id of the account that it is meant for.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""Bytes of the block that is padded to: that of the key, not the 16 of AES."""

RANDOM = 16
LENGTH = 4


class BadCipher(ValueError):
    """The text was not encrypted with this key."""


class WrongReceiver(ValueError):
    """The message inside is meant for another account."""


def signature(*parts: str) -> str:
    """The lower-case hexadecimal SHA-1 that the platform sends as `signature` or `msg_signature`."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def is_signed(given: str, *parts: str) -> bool:
    """Whether `given` is the signature of the parts; takes as long whichever digit is wrong."""
    return hmac.compare_digest(given.encode(), signature(*parts).encode())


def key_of(encoding_aes_key: str) -> bytes:
    """The 32 bytes that the 43 characters of an EncodingAESKey stand for; raises ValueError where they are none."""
    key = base64.b64decode(encoding_aes_key + "=", validate=True)
    if len(key) != BLOCK:
        raise ValueError("an EncodingAESKey has 43 characters")
    return key


def encrypt(key: bytes, message: bytes, receiver: str, *, start: bytes | None = None) -> str:
    """The message for an account, in base64; `start` is the 16 random bytes, where they must be known ones."""
    head = secrets.token_bytes(RANDOM) if start is None else start
    plain = head + len(message).to_bytes(LENGTH, "big") + message + receiver.encode()
    missing = BLOCK - len(plain) % BLOCK
    encryptor = _cipher(key).encryptor()
    sealed = encryptor.update(plain + bytes([missing]) * missing) + encryptor.finalize()
    return base64.b64encode(sealed).decode()


def decrypt(key: bytes, text: str, *receivers: str) -> bytes:
    """The message inside; raises `BadCipher`, and `WrongReceiver` where it is for none of the `receivers`."""
    try:
        sealed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadCipher("no base64") from None
    if not sealed or len(sealed) % RANDOM:
        raise BadCipher("no whole blocks")
    decryptor = _cipher(key).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    missing = plain[-1]
    if not 1 <= missing <= BLOCK or plain[-missing:] != bytes([missing]) * missing:
        raise BadCipher("wrong padding")
    body = plain[RANDOM:-missing]
    length = int.from_bytes(body[:LENGTH], "big")
    end = LENGTH + length
    if len(body) < end:
        raise BadCipher("shorter than it says")
    if body[end:] not in [receiver.encode() for receiver in receivers]:
        raise WrongReceiver("for another account")
    return body[LENGTH:end]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES256(key), modes.CBC(key[:RANDOM]))
