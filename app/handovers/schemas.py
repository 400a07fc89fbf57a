"""Shapes of handovers."""

from app.organisations.posts.schemas import HeldPostOut
from app.schemas import Out


class MatterOut(Out):
    """A kind of thing that is open: how many there are, and the titles of a few; people are not named."""

    kind: str
    label: str
    count: int
    titles: list[str]


class OpenMatters(Out):
    """What is open under a post."""

    items: list[MatterOut]


class HandoverOut(Out):
    """The successor's post, and what they find."""

    post: HeldPostOut
    open_matters: list[MatterOut]
