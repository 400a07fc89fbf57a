"""The phones of the demonstration: what `wx.login` and a tap on accept do, asked of the fake platform."""

from typing import Any

import httpx

from app.errors import Unavailable
from app.platforms.models import Channel
from app.resources import Service

OK = 200


class FakeAway(Unavailable):
    """The fake platform does not answer, or none was started."""

    code = "fake_platform_away"
    detail = "仿真微信平台没有应答。请确认演示环境是用 make run 启动的、仍在运行，然后重试。"


class NoMiniProgram(Unavailable):
    """No mini-program is set up, or none is enabled."""

    code = "no_mini_program"
    detail = "还没有启用的小程序渠道。请以管理员身份在“渠道”里启用仿真微信小程序，然后重试。"


async def ask_fake(service: Service, method: str, what: str, **more: Any) -> Any:
    """The answer of the fake's control side, which no platform of real life has; raises `FakeAway`."""
    if service.settings.fake_platform is None:
        raise FakeAway
    try:
        answer = await service.http.request(method, f"{service.settings.fake_platform}/_control/{what}", **more)
    except httpx.HTTPError as error:
        raise FakeAway(retry_after=2) from error
    if answer.status_code != OK:
        raise FakeAway(retry_after=2)
    return answer.json()


def templates_of(channel: Channel) -> dict[str, dict[str, str]]:
    """The templates of a mini-program: which value each field of a template shows."""
    templates = channel.config.get("templates")
    if not isinstance(templates, dict):
        return {}
    return {str(each["template_id"]): dict(each["fields"]) for each in templates.values()}
