"""A retried POST that creates is harmless: its first answer is kept for its principal for 24 hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, TypeVar

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.deps import AnyStaff, Db, Now
from app.access.models import KeptAnswer
from app.errors import Conflict, Invalid

KEPT = timedelta(hours=24)

IdempotencyKey = Annotated[str | None, Header(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
Answer = TypeVar("Answer", bound=BaseModel)


class RequestInFlight(Conflict):
    """The first request with this key has not been answered yet."""

    code = "request_in_flight"
    detail = "同一请求正在处理，请稍后查看结果，不要重复提交。"


class KeyReused(Invalid):
    """The key came with another body before."""

    code = "idempotency_key_reused"
    detail = "这个 Idempotency-Key 已用于另一份内容，请换一个新的。"


class AnsweredBefore(Exception):
    """Carries the kept answer to the error handler, which sends it again."""

    def __init__(self, status: int, answer: dict[str, object]) -> None:
        super().__init__(status)
        self.status = status
        self.answer = answer


@dataclass(frozen=True)
class Once:
    """The guard of one request: `keep` stores what is answered, in the transaction of the change."""

    session: AsyncSession
    principal: str
    key: str | None
    request_digest: bytes
    now: datetime

    def keep(self, answer: Answer, status: int = 201) -> Answer:
        """Keeps the answer under the request's key, if it has one, and hands it back."""
        if self.key is not None:
            self.session.add(
                KeptAnswer(
                    principal=self.principal,
                    key=self.key,
                    request_digest=self.request_digest,
                    status=status,
                    answer=answer.model_dump(mode="json"),
                    at=self.now,
                )
            )
        return answer


def _digest(request: Request) -> bytes:
    """What the request asks for: the operation with its parameters, and the body as it was read."""
    body: str = request.scope["body_sha256"]()
    return sha256(f"{request.method} {request.url.path}?{request.url.query}\n{body}".encode()).digest()


async def once(
    request: Request,
    db: Db,
    staff: AnyStaff,
    now: Now,
    idempotency_key: IdempotencyKey = None,
) -> Once:
    """The guard; raises `AnsweredBefore`, `RequestInFlight` or `KeyReused`."""
    digest = _digest(request)
    guard = Once(db, staff.actor, idempotency_key, digest, now)
    if idempotency_key is None:
        return guard
    free = await db.scalar(
        select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"{staff.actor}\n{idempotency_key}", 0)))
    )
    if not free:
        raise RequestInFlight
    await db.execute(delete(KeptAnswer).where(KeptAnswer.principal == staff.actor, KeptAnswer.at < now - KEPT))
    kept = await db.get(KeptAnswer, (staff.actor, idempotency_key))
    if kept is None:
        return guard
    if kept.request_digest != digest:
        raise KeyReused
    raise AnsweredBefore(kept.status, kept.answer)


OnceDep = Annotated[Once, Depends(once)]
