"""Assets that a lesson is made of: the recording or video that it is, and pictures that are put into it by hand."""

import asyncio
from dataclasses import replace
from math import ceil

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, within
from app.directory.models import Organisation
from app.errors import Conflict, Invalid, NotFound
from app.library.assets.addresses import address_of, key_of, shown_in
from app.library.assets.models import Asset
from app.library.assets.service import get_asset
from app.library.desk_models import LessonCorrection
from app.library.models import Lesson, LessonVersion
from app.library.schemas import MediaOut
from app.library.written import FIELDS, Written, with_fields
from content.documents.result import fill_placeholder, open_placeholders
from content.media import TYPES
from content.sanitize import html_to_nodes


class MediaUnfinished(Conflict):
    """Not all of the file has arrived."""

    code = "media_unfinished"
    detail = "这个文件还没有传完，请等上传完成后再使用它。"


class NotRecording(Invalid):
    """The asset is a picture."""

    code = "not_a_recording"
    detail = "这个文件是图片，不是音频或视频。图片请放进正文，或作为图片资料上传。"


class UnknownLength(Invalid):
    """Nobody could say when the recording has been heard."""

    code = "unknown_length"
    detail = "读不出这段录音的时长，无法计算学习进度（有些 MP3 文件没有写明）。请转换为 M4A 或 WAV 后重新上传。"


class NotPicture(Invalid):
    """The asset is a recording or a video."""

    code = "not_a_picture"
    detail = "这个文件不是图片，请选择 JPG、PNG、WebP 或 GIF 图片。"


class UnknownPicture(Invalid):
    """The text shows what is no picture in the editor's reach."""

    code = "picture_unknown"
    detail = "正文里引用的图片不存在、不是图片，或者不在您的管理范围内。请重新上传图片，再使用上传后得到的地址。"


class NoPlaceholder(NotFound):
    """The text has no such place, or no longer."""

    code = "placeholder_not_found"
    detail = "正文中没有这个待补图片的位置，可能已经补过。请刷新查看还缺哪些图片。"


async def _ready(session: AsyncSession, editor: CurrentStaff, asset_id: int) -> tuple[Asset, str]:
    """An asset in the editor's reach that has arrived, and its media type; raises `NotFound` or `MediaUnfinished`."""
    asset = await get_asset(session, editor, asset_id, "editor")
    if asset.media_type is None:
        raise MediaUnfinished
    return asset, asset.media_type


async def find_recording(session: AsyncSession, editor: CurrentStaff, asset_id: int) -> tuple[int, int]:
    """The id of a recording or video, and its length in whole seconds, rounded up; raises what this module defines."""
    asset, media_type = await _ready(session, editor, asset_id)
    if TYPES[media_type].kind == "picture":
        raise NotRecording
    if asset.seconds is None:
        raise UnknownLength
    return asset.id, ceil(asset.seconds)


async def find_picture(session: AsyncSession, editor: CurrentStaff, asset_id: int) -> str:
    """The address of a picture; raises what this module defines."""
    asset, media_type = await _ready(session, editor, asset_id)
    if TYPES[media_type].kind != "picture":
        raise NotPicture
    return address_of(str(asset.key), media_type)


async def check_shown(session: AsyncSession, editor: CurrentStaff, written: Written, before: str = "") -> None:
    """Raises `UnknownPicture` where a text shows a file that was not in its HTML `before` and is out of reach.

    Whoever once saw the address of a picture could otherwise have it signed for ever.
    """
    own = {address_of(file.key, file.facts.type.name) for file in written.files}
    new = shown_in(written.html) - own - shown_in(before)
    if not new:
        return
    found = await session.execute(
        select(Asset.key, Asset.media_type)
        .join(Organisation, Organisation.id == Asset.organisation_id)
        .where(Asset.key.in_(map(key_of, new)), within(Organisation.path, editor.paths("editor")))
    )
    pictures = {address_of(key, media) for key, media in found if key and media and TYPES[media].kind == "picture"}
    if new - pictures:
        raise UnknownPicture


async def with_picture(base: Lesson, number: int, address: str) -> Written:
    """A draft with a picture in the place that waits for it; raises `NoPlaceholder`."""
    if number not in open_placeholders(base.html):
        raise NoPlaceholder
    html = await asyncio.to_thread(fill_placeholder, base.html, number, address)
    fields = {name: getattr(base, name) for name in FIELDS if name != "markdown"}
    return replace(with_fields(base, fields), html=html, nodes=html_to_nodes(html))


async def media_of(session: AsyncSession, content: Lesson | LessonVersion | LessonCorrection) -> MediaOut | None:
    """The recording or video that a lesson is, at an address that is still to be signed."""
    if content.media_id is None:
        return None
    asset = await session.get_one(Asset, content.media_id)
    media_type = str(asset.media_type)
    return MediaOut(
        kind="audio" if TYPES[media_type].kind == "audio" else "video",
        media_type=media_type,
        address=address_of(str(asset.key), media_type),
        seconds=content.media_seconds or 0,
        width=asset.width,
        height=asset.height,
    )
