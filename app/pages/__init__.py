"""The pages that the program itself serves: `/`, and what only the demonstration shows."""

from app.pages.demonstration import demonstration
from app.pages.home import router

__all__ = ["demonstration", "router"]
