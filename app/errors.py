"""The errors that a caller may see: each carries a stable code, an HTTP status and a Chinese detail to act on.

Features subclass these beside their services; `app.web` renders them once as `application/problem+json` (RFC 9457).
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class ProductError(Exception):
    """An error that is answered to the caller as a problem document."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "请求有误"
    code: ClassVar[str] = "bad_request"
    detail: ClassVar[str] = "请求有误，请检查后重试。"

    def __init__(
        self,
        detail: str | None = None,
        *,
        code: str | None = None,
        errors: Sequence[Mapping[str, object]] = (),
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.detail)
        self.shown_detail = detail or self.detail
        self.shown_code = code or self.code
        self.errors = [dict(error) for error in errors]
        self.retry_after = retry_after
        self.headers = dict(headers or {})


class BadRequest(ProductError):
    """400: the request cannot be understood."""


class Unauthenticated(ProductError):
    """401: nobody, or an ended session."""

    status = 401
    title = "未登录"
    code = "unauthenticated"
    detail = "请先登录。登录可能已过期，请重新登录。"


class Forbidden(ProductError):
    """403: this role may never do this."""

    status = 403
    title = "没有权限"
    code = "forbidden"
    detail = "您的职务没有这项权限。如需办理，请联系上级党组织管理员。"


class NotFound(ProductError):
    """404: it does not exist, or is out of the caller's reach: the two are not told apart."""

    status = 404
    title = "未找到"
    code = "not_found"
    detail = "没有找到，或者不在您的管理范围内。"


class Conflict(ProductError):
    """409: the state of things forbids it now."""

    status = 409
    title = "当前状态不允许"
    code = "conflict"
    detail = "当前状态不允许这样操作，请刷新后重试。"


class PreconditionFailed(ProductError):
    """412: it is no longer what `If-Match` names."""

    status = 412
    title = "内容已被修改"
    code = "precondition_failed"
    detail = "内容已被他人修改，请刷新后重试。"


class TooLarge(ProductError):
    """413: the body is larger than the limit."""

    status = 413
    title = "内容过大"
    code = "too_large"
    detail = "上传的内容超过大小限制，请压缩或拆分后重试。"


class UnsupportedMediaType(ProductError):
    """415: the body is in a form that this operation does not read."""

    status = 415
    title = "内容格式不支持"
    code = "unsupported_media_type"
    detail = "不支持这种内容格式，请按接口说明的格式提交。"


class Invalid(ProductError):
    """422: understood, but a value cannot be accepted."""

    status = 422
    title = "内容不符合要求"
    code = "invalid_input"
    detail = "填写的内容不符合要求，请按提示修改。"


class TooManyTries(ProductError):
    """429: wait before the next try."""

    status = 429
    title = "尝试次数过多"
    code = "too_many_tries"
    detail = "尝试次数过多，请稍后再试。"


class Unavailable(ProductError):
    """503: something that the service stands on is away; the same request may work in a moment."""

    status = 503
    title = "服务暂时不可用"
    code = "unavailable"
    detail = "服务暂时不可用，您的数据没有丢失，请稍后重试。"
