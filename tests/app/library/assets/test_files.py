"""Files are read whole or in part, by whoever has an address that is signed and has not ended."""

from datetime import timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.library.assets.addresses import WINDOW_SECONDS, expiry_at
from app.resources import Service
from tests.app.library.assets.uploader import Uploader, files
from tests.conftest import MovableClock
from tests.content.samples import mp4, picture

FILM = mp4(3 * 1024 * 1024)  # more than one piece of the store


@pytest.fixture
async def url(uploader: Uploader) -> str:
    """The signed address of a film."""
    return str((await uploader.upload(FILM))["url"])


async def test_a_file_is_read_without_a_token_as_what_it_is_and_nothing_else(uploader: Uploader, url: str) -> None:
    answer = await uploader.read(url)
    assert (answer.status_code, answer.content == FILM) == (200, True)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["content-disposition"].startswith('inline; filename="media-')
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-length"] == str(len(FILM))


async def test_it_may_be_kept_as_long_as_its_address_is_good(uploader: Uploader, url: str, clock: MovableClock) -> None:
    left = expiry_at(clock.now) - int(clock.now.timestamp())
    clock.move(minutes=5)
    answer = await uploader.read(url)
    assert answer.headers["cache-control"] == f"private, max-age={left - 300}, immutable"
    assert left > WINDOW_SECONDS


@given(start=st.integers(0, len(FILM) - 1), length=st.integers(1, len(FILM)))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_range_is_the_slice_of_the_file(uploader: Uploader, url: str, start: int, length: int) -> None:
    answer = await uploader.read(url, Range=f"bytes={start}-{start + length - 1}")
    expected = FILM[start : start + length]
    assert (answer.status_code, answer.content == expected) == (206, True)
    assert answer.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{len(FILM)}"
    assert answer.headers["content-length"] == str(len(expected))


async def test_the_end_of_a_file_is_read_first_as_players_do(uploader: Uploader, url: str) -> None:
    answer = await uploader.read(url, Range="bytes=-500")
    assert (answer.status_code, answer.content) == (206, FILM[-500:])
    outside = await uploader.read(url, Range=f"bytes={len(FILM)}-")
    assert (outside.status_code, outside.json()["code"]) == (416, "range_outside")
    assert outside.headers["content-range"] == f"bytes */{len(FILM)}"
    several = await uploader.read(url, Range="bytes=0-1,5-6")
    assert (several.status_code, len(several.content)) == (200, len(FILM))


async def test_a_part_is_added_only_to_the_same_file(uploader: Uploader, url: str) -> None:
    tag = (await uploader.read(url, Range="bytes=0-0")).headers["etag"]
    same = await uploader.read(url, Range="bytes=1-2", If_Range=tag)
    other = await uploader.read(url, Range="bytes=1-2", If_Range='"another"')
    weak = await uploader.read(url, Range="bytes=1-2", If_Range=f"W/{tag}")
    assert [answer.status_code for answer in (same, other, weak)] == [206, 200, 200]


async def test_who_has_it_already_is_told_so(uploader: Uploader, url: str) -> None:
    tag = (await uploader.read(url)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}'):
        answer = await uploader.read(url, If_None_Match=known)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await uploader.read(url, If_None_Match='"x"')).status_code == 200


async def test_head_says_how_large_it_is_and_reads_nothing(
    uploader: Uploader, url: str, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("app.storage.local.LocalStore.read")
    answer = await client.head(f"http://test{url}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(FILM))
    assert answer.headers["accept-ranges"] == "bytes"
    part = await client.head(f"http://test{url}", headers={"Range": "bytes=5-9"})
    assert (part.status_code, part.headers["content-range"]) == (206, f"bytes 5-9/{len(FILM)}")


async def test_an_address_ends(uploader: Uploader, url: str, clock: MovableClock) -> None:
    clock.now += timedelta(seconds=expiry_at(clock.now) - clock.now.timestamp() - 1)
    assert (await uploader.read(url)).status_code == 200
    clock.move(seconds=1)
    answer = await uploader.read(url)
    assert (answer.status_code, answer.json()["code"]) == (403, "address_expired")


async def test_an_address_that_we_did_not_sign_opens_nothing(uploader: Uploader, url: str) -> None:
    other = str((await uploader.upload(picture(), "a.png"))["url"])
    path, query = url.split("?")
    forged = [path, f"{path}?expires=99999999999&signature={'A' * 43}", f"{path}?{other.split('?')[1]}"]
    forged += [url.replace("expires=", "expires=1"), url[:-1], f"{path}?{query.split('&')[0]}"]
    for each in forged:
        answer = await uploader.read(each)
        assert (answer.status_code, answer.json()["code"]) == (403, "address_invalid"), each


async def test_another_ending_is_another_address(uploader: Uploader, url: str) -> None:
    answer = await uploader.read(url.replace(".mp4", ".png"))
    assert answer.status_code == 403


async def test_of_a_polyglot_only_the_picture_is_kept(uploader: Uploader) -> None:
    data = picture("GIF") + b"<script>alert(1)</script>"
    seen = await uploader.upload(data, "a.html.gif")
    answer = await uploader.read(seen["url"])
    assert (answer.headers["content-type"], b"script" in answer.content) == ("image/png", False)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_an_object_that_is_lost_is_a_problem_and_no_empty_film(
    uploader: Uploader, url: str, service: Service
) -> None:
    for file in files(service):
        file.unlink()
    answer = await uploader.read(url)
    assert (answer.status_code, answer.json()["code"]) == (404, "file_missing")
