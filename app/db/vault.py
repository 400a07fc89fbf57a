"""What is kept about people is encrypted: AES-256-GCM with a key id, bound to its table, row and column."""

import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.settings import Settings

NONCE_BYTES = 12


@dataclass(frozen=True)
class Vault:
    """The keys: one encrypts, the other makes keyed digests for exact matches without decrypting."""

    data_key: bytes
    key_id: int
    index_key: bytes

    def encrypt(self, text: str, place: str) -> bytes:
        """Encrypts for `place`, such as `members:12:phone`: moved to another row it no longer opens."""
        nonce = os.urandom(NONCE_BYTES)
        return bytes([self.key_id]) + nonce + AESGCM(self.data_key).encrypt(nonce, text.encode(), place.encode())

    def decrypt(self, sealed: bytes, place: str) -> str:
        """Opens what `encrypt` sealed; raises `cryptography.exceptions.InvalidTag` when key, place or bytes differ."""
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        return AESGCM(self.data_key).decrypt(nonce, body, place.encode()).decode()

    def digest(self, purpose: str, text: str) -> bytes:
        """A keyed digest of `text`, apart for each purpose: a blind index, or the trace of a short code."""
        return hmac.digest(self.index_key, f"{purpose}\0{text}".encode(), "sha256")


def open_vault(settings: Settings) -> Vault:
    """The vault with the operator's keys; the index key is derived, so that it is never the signing key itself."""
    index_key = hashlib.blake2b(b"blind index", key=settings.signing_bytes, digest_size=32).digest()
    return Vault(settings.data_bytes, settings.data_key_id, index_key)
