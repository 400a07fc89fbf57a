"""An editor's browser that uploads files in pieces."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from app.db.engine import transaction
from app.library.assets.models import Asset, MediaObject
from app.resources import Service
from tests.world import Person

PIECE = "application/offset+octet-stream"


@dataclass
class Uploader:
    """Begins uploads, and goes on with them."""

    client: httpx.AsyncClient
    editor: Person

    async def begin(self, size: int, name: str = "讲话.mp4", organisation_id: int = 10) -> httpx.Response:
        """The answer to a new upload."""
        body = {"organisation_id": organisation_id, "file_name": name, "size": size}
        return await self.client.post("/assets", headers=self.editor.auth, json=body)

    async def begun(self, size: int, name: str = "讲话.mp4") -> int:
        """The id of a new upload."""
        answer = await self.begin(size, name)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    async def piece(
        self, asset_id: int, offset: int, data: bytes | AsyncIterator[bytes], **headers: str
    ) -> httpx.Response:
        """The answer to a piece."""
        sent = {**self.editor.auth, "Content-Type": PIECE, "Upload-Offset": str(offset), **headers}
        return await self.client.patch(f"/assets/{asset_id}/content", headers=sent, content=data)

    async def offset(self, asset_id: int) -> int:
        """How far the upload has come, as HEAD says."""
        answer = await self.client.head(f"/assets/{asset_id}", headers=self.editor.auth)
        assert answer.status_code == 200, answer.text
        return int(answer.headers["upload-offset"])

    async def upload(self, data: bytes, name: str = "讲话.mp4") -> dict[str, Any]:
        """A whole file in one piece."""
        answer = await self.piece(await self.begun(len(data), name), 0, data)
        assert answer.status_code == 200, answer.text
        seen: dict[str, Any] = answer.json()
        assert seen["state"] == "ready"
        return seen

    async def read(self, url: str, **headers: str) -> httpx.Response:
        """The answer at the address of a file, as a browser without any token gets it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.get(f"http://test{url}", headers=sent)


def files(service: Service) -> list[Path]:
    """What is in the folder of media."""
    return sorted(each for each in service.settings.media_folder.rglob("*") if each.is_file())


async def rows(service: Service) -> tuple[int, int]:
    """How many assets there are, and how many objects that are none."""
    async with transaction(service.sessions) as session:
        assets = await session.scalar(select(func.count()).select_from(Asset))
        objects = await session.scalar(select(func.count()).select_from(MediaObject))
    return assets or 0, objects or 0
