"""A suite that every adapter passes against a fake of its platform; importable by any package.

PLATFORM = Platform(kind=COUNTY_GATEWAY, send="/notices", ...)

@pytest.mark.parametrize("case", cases(PLATFORM), ids=str)
async def test_it_conforms(case: Case, base: str) -> None:
    await case.check(base)
"""

from scheduler.adapters.conformance.cases import Case, cases
from scheduler.adapters.conformance.desk import Desk, Violation
from scheduler.adapters.conformance.platform import (
    NOT_SENT,
    UNREADABLE,
    Fault,
    Platform,
    TokenRules,
    refusals,
    undeclared,
)

__all__ = [
    "NOT_SENT",
    "UNREADABLE",
    "Case",
    "Desk",
    "Fault",
    "Platform",
    "TokenRules",
    "Violation",
    "cases",
    "refusals",
    "undeclared",
]
