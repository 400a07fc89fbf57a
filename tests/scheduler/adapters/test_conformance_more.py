"""The other adapters of ours pass the suite, too; each platform is described in `more_platforms`."""

from pathlib import Path

import httpx
import pytest

from scheduler.adapters.conformance import Case, cases
from tests.scheduler.adapters.more_platforms import (
    ALIYUN,
    DINGTALK_PLATFORM,
    FEISHU_PLATFORM,
    HOUSE,
    MAIL_PORTS,
    RECEIVER,
)


@pytest.fixture
def trusted_mail(mail_base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The mail server, whose certificate this machine trusts and whose port the channel knows."""
    shown = httpx.get(f"{mail_base}/_control/smtp").json()
    MAIL_PORTS[mail_base] = shown["tls"]
    file = tmp_path / "trusted.pem"
    file.write_text(shown["certificate"])
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return mail_base


@pytest.mark.parametrize("case", cases(RECEIVER), ids=str)
async def test_the_webhook_conforms(case: Case, webhook_base: str) -> None:
    await case.check(webhook_base)


@pytest.mark.parametrize("case", cases(HOUSE), ids=str)
async def test_mail_conforms(case: Case, trusted_mail: str) -> None:
    await case.check(trusted_mail)


@pytest.mark.parametrize("case", cases(ALIYUN), ids=str)
async def test_short_messages_conform(case: Case, aliyun_base: str) -> None:
    await case.check(aliyun_base)


@pytest.mark.parametrize("case", cases(DINGTALK_PLATFORM), ids=str)
async def test_dingtalk_conforms(case: Case, dingtalk_base: str) -> None:
    await case.check(dingtalk_base)


@pytest.mark.parametrize("case", cases(FEISHU_PLATFORM), ids=str)
async def test_feishu_conforms(case: Case, feishu_base: str) -> None:
    await case.check(feishu_base)
