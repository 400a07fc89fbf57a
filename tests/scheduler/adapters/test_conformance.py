"""Our own adapters pass the suite that other packages import; each platform is described in `platforms`."""

import pytest

from scheduler.adapters.conformance import Case, cases
from tests.scheduler.adapters.platforms import CONSOLE_PLATFORM, MINIPROGRAM


@pytest.mark.parametrize("case", cases(MINIPROGRAM), ids=str)
async def test_the_mini_program_conforms(case: Case, wechat_base: str) -> None:
    await case.check(wechat_base)


@pytest.mark.parametrize("case", cases(CONSOLE_PLATFORM), ids=str)
async def test_the_console_conforms(case: Case) -> None:
    await case.check("http://nowhere.invalid")
