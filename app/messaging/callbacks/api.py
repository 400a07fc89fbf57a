"""Routes that the platforms call: open to anyone, and every call is signed."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse
from prometheus_client import Counter

from app.access.deps import ServiceDep
from app.errors import ProductError, TooLarge
from app.messaging.callbacks import service
from app.messaging.callbacks.schemas import Account, CallQuery, CheckQuery

router = APIRouter(tags=["callbacks"], default_response_class=PlainTextResponse)

CALLS = Counter("zhijian_callbacks_total", "Calls of platforms", ["platform", "outcome"])

MAX_BODY = 64 * 1024
"""Bytes; the longest event of the platforms has some thousands."""

SECONDS = 4.5
"""After 5 s a platform has given up and calls again: what is not done by then is undone."""

DONE = "success"

BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "At most 64 KB, as the platform sends it",
        "content": {
            "text/xml": {"schema": {"type": "object", "xml": {"name": "xml"}}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


async def _body(request: Request) -> bytes:
    """The body as it arrives; raises `TooLarge` before more than `MAX_BODY` is held."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY:
            raise TooLarge("平台的消息不会超过 64 KB，这一条没有接收。")
    return bytes(body)


async def _in_time(platform: str, work: Awaitable[str]) -> str:
    """What the work gives, within the time that the platform waits."""
    try:
        async with asyncio.timeout(SECONDS):
            return await work
    except ProductError:
        CALLS.labels(platform, "refused").inc()
        raise


async def _checked(platform: str, work: Awaitable[str]) -> str:
    echo = await _in_time(platform, work)
    CALLS.labels(platform, "checked").inc()
    return echo


async def _taken(platform: str, work: Awaitable[str]) -> str:
    CALLS.labels(platform, await _in_time(platform, work)).inc()
    return DONE


@router.get("/callbacks/wechat/{appid}", operation_id="check_wechat_callback")
async def check_wechat_callback(svc: ServiceDep, appid: Account, call: Annotated[CheckQuery, Query()]) -> str:
    """Answers `echostr`: so WeChat checks the address when an operator enters it."""
    return await _checked("wechat", service.check_wechat(svc, appid, call))


@router.post("/callbacks/wechat/{appid}", operation_id="take_wechat_callback", openapi_extra=BODY)
async def take_wechat_callback(
    request: Request, svc: ServiceDep, appid: Account, call: Annotated[CallQuery, Query()]
) -> str:
    """Takes in a message of WeChat, plain or encrypted, and answers `success`."""

    async def take() -> str:
        return await service.take_wechat(svc, appid, call, await _body(request))

    return await _taken("wechat", take())


@router.get("/callbacks/wecom/{corpid}", operation_id="check_wecom_callback")
async def check_wecom_callback(svc: ServiceDep, corpid: Account, call: Annotated[CheckQuery, Query()]) -> str:
    """Answers what is in `echostr`: so WeCom checks the address when an operator enters it."""
    return await _checked("wecom", service.check_wecom(svc, corpid, call))


@router.post("/callbacks/wecom/{corpid}", operation_id="take_wecom_callback", openapi_extra=BODY)
async def take_wecom_callback(
    request: Request, svc: ServiceDep, corpid: Account, call: Annotated[CallQuery, Query()]
) -> str:
    """Takes in an encrypted message of WeCom and answers `success`."""

    async def take() -> str:
        return await service.take_wecom(svc, corpid, call, await _body(request))

    return await _taken("wecom", take())
