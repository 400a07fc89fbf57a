"""The pages that the program itself serves: `/`, and what only the demonstration shows."""

from app.pages.demonstration import demonstration
from app.pages.home import router
from app.pages.missing import show_missing_pages

__all__ = ["demonstration", "router", "show_missing_pages"]
