"""What can be wrong with uploaded content, told so that a person can put it right."""

from dataclasses import dataclass


class ContentError(Exception):
    """Content was refused: `code` is stable for programs, `detail` is Chinese for people.

    `line` is the 1-based line of the file where it is known, or None.
    """

    def __init__(self, code: str, detail: str, *, line: int | None = None) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.line = line


@dataclass(frozen=True)
class Rejected:
    """One line of a table that was left out: `line` is 1-based, as Excel shows it."""

    line: int
    code: str
    reason: str
