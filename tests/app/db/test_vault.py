"""What is sealed for one place opens there and nowhere else."""

import base64
import secrets

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from app.db.vault import Vault, open_vault
from tests.conftest import SIGNING_KEY, make_settings

PHONE = "19900000001"
PLACE = "members:12:phone"


@pytest.fixture
def vault() -> Vault:
    """The vault with the keys of the tests."""
    return open_vault(make_settings("postgresql://nowhere"))


def other_key(**more: object) -> Vault:
    """The vault of an operator with another data key."""
    return open_vault(
        make_settings("postgresql://nowhere", data_key=base64.b64encode(secrets.token_bytes(32)).decode(), **more)
    )


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50))
def test_what_is_sealed_opens_in_its_place(text: str) -> None:
    vault = open_vault(make_settings("postgresql://nowhere"))
    assert vault.decrypt(vault.encrypt(text, PLACE), PLACE) == text


@pytest.mark.parametrize("place", ["members:1:phone", "members:120:phone", "accounts:12:phone", "members:12:name", ""])
def test_it_does_not_open_in_another_place(vault: Vault, place: str) -> None:
    sealed = vault.encrypt(PHONE, PLACE)
    with pytest.raises(InvalidTag):
        vault.decrypt(sealed, place)


def test_it_does_not_open_with_another_key(vault: Vault) -> None:
    sealed = vault.encrypt(PHONE, PLACE)
    with pytest.raises(InvalidTag):
        other_key().decrypt(sealed, PLACE)


@pytest.mark.parametrize("position", [1, 13, -1])
def test_it_does_not_open_where_a_byte_differs(vault: Vault, position: int) -> None:
    sealed = bytearray(vault.encrypt(PHONE, PLACE))
    sealed[position] ^= 1
    with pytest.raises(InvalidTag):
        vault.decrypt(bytes(sealed), PLACE)


def test_the_key_is_named_and_the_text_is_not_to_be_seen(vault: Vault) -> None:
    sealed = vault.encrypt(PHONE, PLACE)
    assert sealed[0] == 1
    assert other_key(data_key_id=7).encrypt(PHONE, PLACE)[0] == 7
    assert PHONE.encode() not in sealed


def test_equal_texts_are_not_sealed_alike(vault: Vault) -> None:
    assert vault.encrypt(PHONE, PLACE) != vault.encrypt(PHONE, PLACE)


def test_digests_are_the_same_each_time_and_apart_for_each_purpose(vault: Vault) -> None:
    assert vault.digest("phone", PHONE) == vault.digest("phone", PHONE)
    assert vault.digest("phone", PHONE) != vault.digest("binding slip", PHONE)
    assert vault.digest("phone", "a") != vault.digest("phonea", "")
    assert len(vault.digest("phone", PHONE)) == 32


def test_digests_need_the_operators_key_and_not_the_signing_key_itself(vault: Vault) -> None:
    signing_key = base64.b64encode(secrets.token_bytes(32)).decode()
    assert vault.digest("phone", PHONE) != open_vault(
        make_settings("postgresql://nowhere", signing_key=signing_key)
    ).digest("phone", PHONE)
    assert vault.index_key != base64.b64decode(SIGNING_KEY)
    assert other_key().digest("phone", PHONE) == vault.digest("phone", PHONE)
