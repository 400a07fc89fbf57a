"""A range is the slice that it names, or it is said that there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.library.assets.errors import RangeOutside
from app.library.assets.ranges import Part, part_of

SIZE = 1000


@given(st.integers(0, 1200), st.integers(0, 1200))
def test_first_and_last_byte_are_named_inclusively(first: int, last: int) -> None:
    header = f"bytes={first}-{last}"
    if last < first:
        assert part_of(header, SIZE) is None, "not valid, so not a range at all (RFC 9110, 14.1.1)"
    elif first >= SIZE:
        with pytest.raises(RangeOutside) as refused:
            part_of(header, SIZE)
        assert refused.value.headers == {"Content-Range": f"bytes */{SIZE}"}
    else:
        assert part_of(header, SIZE) == Part(first, min(last + 1, SIZE))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", Part(0, 1000)),
        ("bytes=999-", Part(999, 1000)),
        ("bytes=-1", Part(999, 1000)),
        ("bytes=-1000", Part(0, 1000)),
        ("bytes=-5000", Part(0, 1000)),
        ("Bytes = 5 - 9", Part(5, 10)),
    ],
)
def test_open_ends_and_suffixes(header: str, expected: Part) -> None:
    assert part_of(header, SIZE) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=-0", "bytes=999999999999999999-"])
def test_no_byte_of_the_range_is_there(header: str) -> None:
    with pytest.raises(RangeOutside):
        part_of(header, SIZE)


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-6", "bytes=1-2-3"],
)
def test_what_is_not_served_is_answered_with_the_whole(header: str | None) -> None:
    assert part_of(header, SIZE) is None


@given(st.text(max_size=30))
def test_no_header_breaks_anything(header: str) -> None:
    try:
        part = part_of(header, SIZE)
    except RangeOutside:
        return
    assert part is None or 0 <= part.start < part.end <= SIZE
