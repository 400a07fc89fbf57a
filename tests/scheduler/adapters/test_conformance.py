"""Our own adapters pass the suite that other packages import; each platform is described in `platforms`."""

import pytest

from scheduler.adapters.conformance import Case, cases
from tests.scheduler.adapters.platforms import CONSOLE_PLATFORM, MINIPROGRAM, SERVICE_ACCOUNT, WECOM_PLATFORM


@pytest.mark.parametrize("case", cases(MINIPROGRAM), ids=str)
async def test_the_mini_program_conforms(case: Case, wechat_base: str) -> None:
    await case.check(wechat_base)


@pytest.mark.parametrize("case", cases(SERVICE_ACCOUNT), ids=str)
async def test_the_service_account_conforms(case: Case, wechat_base: str) -> None:
    await case.check(wechat_base)


@pytest.mark.parametrize("case", cases(WECOM_PLATFORM), ids=str)
async def test_wecom_conforms(case: Case, wecom_base: str) -> None:
    await case.check(wecom_base)


@pytest.mark.parametrize("case", cases(CONSOLE_PLATFORM), ids=str)
async def test_the_console_conforms(case: Case) -> None:
    await case.check("http://nowhere.invalid")
