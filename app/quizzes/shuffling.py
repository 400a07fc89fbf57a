"""The order in which a member sees things: decided by a seed, the same on every device; pure."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Protocol, TypeVar

from content.questions.check import LETTERS

Item = TypeVar("Item", int, str)


class Options(Protocol):
    """What is shuffled of a question."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def options(self) -> Sequence[str]: ...


def arranged(seed: int, scope: str, items: Iterable[Item]) -> list[Item]:
    """`items` in the order that seed and scope decide: each order is as likely as any other.

    By digests, because `random` promises the same shuffle in no other version of Python, and an attempt outlives one.
    """
    return sorted(items, key=lambda item: blake2b(f"{seed}/{scope}/{item}".encode(), digest_size=16).digest())


def order_of(question: Options, seed: int, *, shuffle: bool) -> str:
    """The letters of the bank in the order in which their options are shown; nothing for a fill-in.

    An ordering is always shuffled: the bank may keep it in its right order. 正确 always stands before 错误.
    """
    letters = LETTERS[: len(question.options)]
    if question.kind == "true_false" or not (shuffle or question.kind == "ordering"):
        return letters
    return "".join(arranged(seed, str(question.id), letters))


def options_in(question: Options, order: str) -> list[str]:
    """The options as they are shown."""
    return [question.options[LETTERS.index(letter)] for letter in order]


def to_bank(question: Options, order: str, given: Sequence[str]) -> list[str]:
    """Letters that were shown -> those of the bank, in alphabetical order unless the order is the answer."""
    if question.kind == "fill_in":
        return list(given)
    letters = [order[LETTERS.index(letter)] for letter in given]
    return letters if question.kind == "ordering" else sorted(letters)


def to_shown(question: Options, order: str, kept: Sequence[str]) -> list[str]:
    """The reverse of `to_bank`."""
    if question.kind == "fill_in":
        return list(kept)
    letters = [LETTERS[order.index(letter)] for letter in kept]
    return letters if question.kind == "ordering" else sorted(letters)
