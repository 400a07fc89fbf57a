"""What is told of the lines of an import that it does not take: refused, asked about, left out."""

import json
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.db.vault import Vault
from app.organisations.imports.errors import QuestionsOpen, RejectedLines
from app.organisations.imports.models import ImportLine
from app.organisations.imports.reading import seal_place
from app.organisations.imports.schemas import RejectedLineOut, SkippedLineOut

SHOWN_REJECTED = 200
SHOWN_SKIPPED = 20


async def check_ready(session: AsyncSession, vault: Vault, import_id: int) -> None:
    """Raises `RejectedLines` or `QuestionsOpen` with the lines that keep a checked import from being applied."""
    for status, refusal in (("rejected", RejectedLines), ("question", QuestionsOpen)):
        lines = await _first(session, import_id, status)
        if lines:
            raise refusal(errors=[_finding(vault, line) for line in lines])


def _finding(vault: Vault, line: ImportLine) -> dict[str, object]:
    return {
        "import_id": line.import_id,
        "line_id": line.id,
        "line": line.line,
        "sheet": line.sheet,
        "code": line.code,
        "detail": reason_of(vault, line),
    }


async def _first(session: AsyncSession, import_id: int, status: str, limit: int = SHOWN_REJECTED) -> list[ImportLine]:
    statement = select(ImportLine).where(ImportLine.import_id == import_id, ImportLine.status == status)
    return list(await session.scalars(statement.order_by(ImportLine.id).limit(limit)))


async def list_rejected(session: AsyncSession, vault: Vault, import_id: int) -> list[RejectedLineOut]:
    """The first lines that the import cannot take."""
    return [
        RejectedLineOut(line=line.line, sheet=line.sheet, code=line.code or "", reason=reason_of(vault, line))
        for line in await _first(session, import_id, "rejected")
    ]


async def list_skipped(session: AsyncSession, vault: Vault, import_id: int) -> list[SkippedLineOut]:
    """The first lines that were left out as no persons."""
    return [
        SkippedLineOut(line=line.line, sheet=line.sheet, text=reason_of(vault, line))
        for line in await _first(session, import_id, "skipped", SHOWN_SKIPPED)
    ]


def texts_of(vault: Vault, line: ImportLine) -> dict[str, Any]:
    """What stood in a line: `raw` field -> text, `phone` if it was read, `reason` if it was refused or left out."""
    texts: dict[str, Any] = json.loads(vault.decrypt(line.sealed, seal_place(line.id)))
    return texts


def reason_of(vault: Vault, line: ImportLine) -> str:
    """Why a line is refused or asked about, for people."""
    return line.reason or texts_of(vault, line).get("reason", "")
