"""Which seconds of a recording a member has watched: pure.

A second is a bit, so that a union is a union whatever came in which order, and its size is bounded by the length.
"""

from collections.abc import Iterable


def seconds_of(watched: bytes) -> int:
    """How many seconds of the recording were watched."""
    return int.from_bytes(watched, "little").bit_count()


def watch(watched: bytes, intervals: Iterable[tuple[int, int]], length: int, most: int) -> bytes:
    """The union with `intervals` of whole seconds, [from, to), within `length`.

    Of new ones at most `most`, in the order of the recording.
    """
    before = int.from_bytes(watched, "little")
    after = before
    for start, end in intervals:
        end = min(end, length)
        if start < end:
            after |= ((1 << (end - start)) - 1) << start
    new = after & ~before
    if new.bit_count() > most:
        after = before | _first(new, most)
    return after.to_bytes((after.bit_length() + 7) // 8, "little")


def _first(bits: int, most: int) -> int:
    """The `most` lowest of the bits that are set."""
    kept = 0
    for _ in range(most):
        lowest = bits & -bits
        kept |= lowest
        bits ^= lowest
    return kept


def intervals_of(watched: bytes) -> list[tuple[int, int]]:
    """What was watched, as intervals [from, to) in their order."""
    bits = f"{int.from_bytes(watched, 'little'):b}"[::-1]
    found: list[tuple[int, int]] = []
    place = bits.find("1")
    while place >= 0:
        end = bits.find("0", place)
        end = len(bits) if end < 0 else end
        found.append((place, end))
        place = bits.find("1", end)
    return found
