"""Attempts whose time is up end without their members, so that figures need not wait for them."""

from datetime import datetime

import structlog

from app.db.engine import Sessions, transaction
from app.quizzes.closing import PAGE, close_overdue

log = structlog.get_logger()


async def close_all_overdue(sessions: Sessions, now: datetime) -> int:
    """Ends every attempt whose time is up at `now`, a page in one transaction; gives how many."""
    closed = 0
    while True:
        async with transaction(sessions) as session:
            page = await close_overdue(session, now)
        closed += page
        if page < PAGE:
            break
    if closed:
        log.info("attempts_timed_out", attempts=closed)
    return closed
