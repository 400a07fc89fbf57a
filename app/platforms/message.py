"""A notice before any platform: what its adapters are given, and what a preview shows."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """What is to be said, before any platform: `values` are what a platform's template may show.

    `link` is an outside address (a meeting's), `page` a page of the mini-program; either may be empty.
    """

    kind: str
    title: str
    body: str
    link: str
    page: str
    values: Mapping[str, str]
