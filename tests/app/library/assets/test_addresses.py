"""Addresses are signed where they are shown, alike for everybody within half a day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library.assets.addresses import (
    PATH,
    WINDOW_SECONDS,
    address_of,
    check_signature,
    expiry_at,
    sign_html,
    sign_nodes,
    signed_url,
)
from app.library.assets.errors import AddressExpired, AddressForged
from content.sanitize import html_to_nodes, sanitize_html
from tests.conftest import DATA_KEY, SIGNING_KEY, make_settings

SETTINGS = make_settings("postgresql://", public_url="https://study.example.cn")
KEY = "0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
PICTURE = address_of(KEY, "image/png")


def parts(url: str) -> tuple[str, int, str]:
    """The name, the end and the signature of a signed address."""
    path, _, query = url.partition("?")
    expires, _, signature = query.removeprefix("expires=").partition("&signature=")
    return path.removeprefix(PATH), int(expires), signature


@given(st.integers(1_767_000_000, 2_000_000_000), st.integers(0, 3 * WINDOW_SECONDS))
def test_an_address_is_good_for_one_to_two_windows_and_the_same_within_one(seconds: int, later: int) -> None:
    now = datetime.fromtimestamp(seconds, UTC)
    url = signed_url(SETTINGS, KEY, "image/png", now)
    then = now + timedelta(seconds=later)
    left = expiry_at(now) - seconds
    assert WINDOW_SECONDS < left <= 2 * WINDOW_SECONDS
    same = seconds // WINDOW_SECONDS == (seconds + later) // WINDOW_SECONDS
    assert (signed_url(SETTINGS, KEY, "image/png", then) == url) == same
    if seconds + later < expiry_at(now):
        check_signature(SETTINGS, *parts(url), then)
    else:
        with pytest.raises(AddressExpired):
            check_signature(SETTINGS, *parts(url), then)


def test_whatever_is_changed_makes_it_a_forgery() -> None:
    name, expires, signature = parts(signed_url(SETTINGS, KEY, "image/png", NOW))
    check_signature(SETTINGS, name, expires, signature, NOW)
    other = parts(signed_url(SETTINGS, KEY[::-1], "image/png", NOW))[2]
    changed: list[tuple[str, int | None, str | None]] = [
        (f"{KEY}.mp4", expires, signature),
        (f"{KEY[::-1]}.png", expires, signature),
        (name, expires + 1, signature),
        (name, expires, other),
        (name, expires, signature[:-1]),
        (name, expires, signature + "="),
        (name, expires, ""),
        (name, expires, "签名"),
        (name, expires, None),
        (name, None, signature),
    ]
    for each in changed:
        with pytest.raises(AddressForged):
            check_signature(SETTINGS, *each, NOW)


def test_a_forgery_is_not_told_that_it_is_too_late() -> None:
    with pytest.raises(AddressForged):
        check_signature(SETTINGS, f"{KEY}.png", 1, "x" * 43, NOW)


def test_another_signing_key_signs_otherwise() -> None:
    url = signed_url(SETTINGS, KEY, "image/png", NOW)
    others = make_settings("postgresql://", signing_key=DATA_KEY, data_key=SIGNING_KEY)
    with pytest.raises(AddressForged):
        check_signature(others, *parts(url), NOW)


HTML = sanitize_html(
    f'<p>看图：<img src="{PICTURE}" alt="a &quot; src=&quot;{PICTURE}&quot;"></p><p> src="{PICTURE}" 的写法</p>'
    f'<table><tr><td style="text-align: left"><img alt="二" src="{PICTURE}"></td></tr></table>'
    f'<p><img src="/api/v1/assets/other"><a href="https://a.example{PICTURE}">链接</a></p>'
)


def test_every_picture_of_a_lesson_is_signed_and_nothing_else_is_changed() -> None:
    signed = sign_html(SETTINGS, HTML, NOW)
    url = signed_url(SETTINGS, KEY, "image/png", NOW)
    escaped = url.replace("&", "&amp;")
    assert signed.count(f' src="{escaped}"') == 2
    assert signed.replace(escaped, PICTURE) == HTML
    assert sign_html(SETTINGS, HTML, NOW + timedelta(seconds=1)) == signed, "preview and member see the same bytes"


def test_nodes_carry_the_same_addresses_with_the_host() -> None:
    nodes = html_to_nodes(HTML)
    signed = sign_nodes(SETTINGS, nodes, NOW)
    url = signed_url(SETTINGS, KEY, "image/png", NOW)
    assert str(signed).count(f"'src': 'https://study.example.cn{url}'") == 2
    assert html_to_nodes(HTML) == nodes, "what is kept is left alone"
    assert str(signed).replace(f"https://study.example.cn{url}", PICTURE) == str(nodes)


def test_what_is_signed_in_html_reads_as_in_nodes() -> None:
    without_host = make_settings("postgresql://")
    assert html_to_nodes(sign_html(without_host, HTML, NOW)) == sign_nodes(without_host, html_to_nodes(HTML), NOW)


def test_an_unsigned_address_passes_the_sanitiser() -> None:
    assert f'<img src="{PICTURE}">' in sanitize_html(f'<img src="{PICTURE}">')
    for media_type in ("video/mp4", "audio/mp4", "image/jpeg"):
        address = address_of(KEY, media_type)
        assert address in sanitize_html(f'<img src="{address}">')
