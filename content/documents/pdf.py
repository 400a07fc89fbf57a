"""What the drawing of pages gives; apart from it, so that the service does not load the library."""

from dataclasses import dataclass

from content.documents.result import Picture

MAX_PAGES = 300
# As many pages as one child draws: its memory and its time are bounded, and so is what it says.
PAGES_A_CHILD = 10
# The kinds of documents whose lesson is a picture for each page -> the task that draws them.
PAGE_TASKS = {"pdf": "pdf_pages", "pptx": "pptx_pages"}


@dataclass(frozen=True)
class PdfPages:
    """Pictures of some pages; the number of each is that of its page."""

    pictures: tuple[Picture, ...]


def page_ranges(pages: int) -> list[tuple[int, int]]:
    """Return the (first, last) pages, from 1, for each run of a task of PAGE_TASKS."""
    return [(first, min(first + PAGES_A_CHILD - 1, pages)) for first in range(1, pages + 1, PAGES_A_CHILD)]
