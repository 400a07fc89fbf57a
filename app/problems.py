"""Every error leaves as `application/problem+json` (RFC 9457), rendered here and nowhere else."""

import re
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from app.access.idempotency import AnsweredBefore
from app.db.engine import is_away, is_held
from app.errors import Conflict, ProductError, Unavailable
from app.field_names import label_of
from app.schemas import Out

log = structlog.get_logger()

RETRY_SECONDS = 2

# What a person is told for each kind of finding of the validator; anything else is "格式不正确".
FINDINGS = {
    "missing": "缺少必填项",
    "extra_forbidden": "不认识的字段",
    "unknown_parameter": "不认识的参数",
    "string_too_short": "内容太短，至少 {min_length} 个字",
    "string_too_long": "内容太长，最多 {max_length} 个字",
    "too_short": "数量太少，至少 {min_length} 项",
    "too_long": "数量太多，最多 {max_length} 项",
    "string_pattern_mismatch": "格式不正确",
    "greater_than": "数值太小，要大于 {gt}",
    "less_than": "数值太大，要小于 {lt}",
    "greater_than_equal": "数值太小，最小是 {ge}",
    "less_than_equal": "数值太大，最大是 {le}",
    "float_type": "要填数字",
    "int_type": "要填整数",
    "int_parsing": "要填整数",
    "bool_parsing": "要填 true 或 false",
    "string_type": "要填文字",
    "one_code": "请填写绑定码，或用微信确认手机号，两者选一",
    "bad_link": "不是有效的链接，请粘贴以 https:// 开头的完整链接",
    "no_such_timezone": "没有这个时区，请填写如 Asia/Shanghai 的名称",
    "nul_character": "含有不允许的空字符",
    "control_character": "含有不允许的控制字符",
    "blank": "不能为空白",
    "too_deep": "嵌套层次太深",
    "out_of_range": "超出允许的范围",
    "date_parsing": "日期要写成 2026-11-24 的样子",
    "date_from_datetime_parsing": "日期要写成 2026-11-24 的样子",
    "no_such_week": "这一年没有这一周",
    "json_invalid": "不是有效的 JSON",
    "literal_error": "不在可选值之内",
    "enum": "不在可选值之内",
    "ticket_without_time": "离线阅读凭据和阅读时间要一起提交",
    "timezone_aware": "时间要带时区",
}
# What the validator puts into a place beside fields and items: the branch of a union, or that the key is meant.
_MARK = re.compile(r".*\[.*\]|bool|constrained-(int|str)", re.DOTALL)
HTTP_TITLES = {
    400: ("bad_request", "请求有误", "请求无法识别，请检查格式后重试。"),
    404: ("not_found", "未找到", "没有这个地址，请检查后重试。"),
    405: ("method_not_allowed", "方法不允许", "这个地址不支持这种操作。"),
    413: ("too_large", "内容过大", "上传的内容超过大小限制，请压缩或拆分后重试。"),
}


class ProblemOut(Out):
    """RFC 9457 with a stable `code`, a Chinese `detail` to act on, and each finding."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, object]] | None = None


class Problem(JSONResponse):
    """A problem document."""

    media_type = "application/problem+json"


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: list[dict[str, object]] | None = None,
    headers: dict[str, str] | None = None,
) -> Problem:
    """The document: `code` is stable, `detail` tells the person what to do, `errors` names each finding."""
    body: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}
    if errors:
        body["errors"] = errors
    return Problem(body, status_code=status, headers=headers)


def of_product_error(error: ProductError) -> Problem:
    """A `ProductError` as it is shown."""
    headers = dict(error.headers)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return problem(
        error.status, error.shown_code, error.title, error.shown_detail, errors=error.errors, headers=headers
    )


async def _product_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProductError)  # noqa: S101 - registered for this class only
    return of_product_error(error)


def _finding(found: Mapping[str, Any]) -> dict[str, object]:
    """One finding of the validator, with the bound that it names."""
    # The place of broken JSON is an offset, which says nothing to anybody.
    place = () if found["type"] == "json_invalid" else found["loc"][1:]
    place = tuple(part for part in place if not _MARK.fullmatch(str(part)))
    code = found["type"]
    # So it calls a text too, where the bound comes after another rule.
    if code in ("too_short", "too_long") and isinstance(found["input"], str):
        code = f"string_{code}"
    return {
        "field": ".".join(str(part) for part in place) or str(found["loc"][0]),
        "label": label_of(place) or "提交的内容",
        "code": code,
        "detail": FINDINGS.get(code, "格式不正确").format_map(found.get("ctx") or {}),
    }


async def _validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    findings = [_finding(found) for found in error.errors()[:50]]
    first = findings[0]
    detail = f"「{first['label']}」{first['detail']}，请修改后重试。"
    return problem(422, "invalid_input", "内容不符合要求", detail, errors=jsonable_encoder(findings))


def _allowed(request: Request) -> dict[str, str]:
    """All methods of the resource (RFC 9110, 10.2.1), of which the router names those of one route only."""
    paths: dict[str, dict[str, object]] = request.app.openapi()["paths"]
    templates = [template for template in paths if compile_path(template)[0].match(request.url.path)]
    if not templates:
        return {}
    # `/issues/current` is not the issue with the id "current".
    nearest = min(templates, key=lambda template: template.count("{"))
    return {"Allow": ", ".join(method.upper() for method in sorted(paths[nearest]))}


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    code, title, detail = HTTP_TITLES.get(error.status_code, HTTP_TITLES[400])
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers |= _allowed(request)
    return problem(error.status_code, code, title, detail, headers=headers)


async def _answered(_: Request, error: Exception) -> Response:
    assert isinstance(error, AnsweredBefore)  # noqa: S101 - registered for this class only
    return JSONResponse(error.answer, status_code=error.status, headers={"Idempotency-Replayed": "true"})


class BeingChanged(Conflict):
    """A large change of the roster or the tree is going on; nothing was done."""

    code = "roster_being_changed"
    detail = "正在导入名册或调整党组织，本次操作没有保存。请稍等片刻再试。"


def of_unexpected(error: Exception, path: str) -> Problem:
    """The answer to an error that nobody caught: 409 where others are at it for long, 503 while the database is away.

    Else 500 and a log entry.
    """
    if is_held(error):
        return of_product_error(BeingChanged(retry_after=RETRY_SECONDS))
    if is_away(error):
        log.warning("database_away", path=path, error=type(error).__name__)
        return of_product_error(Unavailable(retry_after=RETRY_SECONDS))
    log.error("unexpected_error", path=path, exc_info=error)
    detail = "系统出现意外错误，已记录。请稍后重试；如仍不行，请把页面上的请求编号告诉管理员。"
    return problem(500, "internal_error", "系统内部错误", detail)


def install(app: FastAPI) -> None:
    """Registers the handlers; `app.middleware.Surround` answers what none of them takes."""
    app.add_exception_handler(ProductError, _product_error)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(AnsweredBefore, _answered)
