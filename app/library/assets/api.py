"""Routes of media: uploads in pieces, and files read at signed addresses."""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect

from app.access.deps import Db, DeskStaff, Editor, Now, ServiceDep
from app.access.idempotency import OnceDep
from app.errors import BadRequest, UnsupportedMediaType
from app.library.assets import completing, reading, service
from app.library.assets.addresses import address_of, check_signature, signed_url
from app.library.assets.models import Asset
from app.library.assets.schemas import MOST_BYTES, PIECE_TYPE, AssetIn, AssetOut
from app.library.uploads import KnownEditor
from app.resources import Service
from app.schemas import PathId
from content.media import TYPES

router = APIRouter(tags=["media"])

BINARY = {"schema": {"type": "string", "format": "binary"}}
PIECE_BODY = {"requestBody": {"required": True, "content": {PIECE_TYPE: BINARY}}}
PROBLEM: dict[str, object] = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemOut"}}}
FILE_ANSWERS: dict[int | str, dict[str, object]] = {
    200: {"description": "The whole file", "content": dict.fromkeys(TYPES, BINARY)},
    206: {"description": "The part that `Range` asks for", "content": dict.fromkeys(TYPES, BINARY)},
    304: {"description": "The caller has it already"},
    416: {"description": "No byte of the range is in the file", "content": PROBLEM},
}

Offset = Annotated[int, Header(alias="Upload-Offset", ge=0, le=MOST_BYTES, description="Where this piece begins")]
FileName = Annotated[str, Path(max_length=64, description="The name that the server gave the file")]
Expires = Annotated[int | None, Query(ge=0, le=2**40, description="Seconds since 1970")]
Signature = Annotated[str | None, Query(max_length=64)]
Condition = Annotated[str | None, Header(max_length=500)]
Range = Annotated[str | None, Header(alias="Range", max_length=500, description="One range of bytes")]


class UploadInterrupted(BadRequest):
    """The connection ended in the midst of a piece."""

    code = "upload_interrupted"
    detail = "连接中断，这一段没有传完。请从已上传的位置继续。"


def _shown(svc: Service, asset: Asset, now: Now) -> AssetOut:
    place = (asset.key, asset.media_type) if asset.key and asset.media_type else None
    return AssetOut(
        id=asset.id,
        organisation_id=asset.organisation_id,
        file_name=asset.file_name,
        size=asset.size,
        received=asset.received,
        state="ready" if asset.state == "ready" else "uploading",
        media_type=asset.media_type,
        sha256=asset.sha256.hex() if asset.sha256 else None,
        width=asset.width,
        height=asset.height,
        seconds=asset.seconds,
        address=address_of(*place) if place else None,
        url=signed_url(svc.settings, *place, now) if place else None,
        created_at=asset.created_at,
    )


def _progress(response: Response, asset: Asset) -> None:
    response.headers["Upload-Offset"] = str(asset.received)
    response.headers["Upload-Length"] = str(asset.size)
    response.headers["Cache-Control"] = "no-store"


@router.post("/assets", operation_id="begin_upload", status_code=201)
async def begin_upload(
    body: AssetIn, svc: ServiceDep, db: Db, staff: Editor, now: Now, once: OnceDep, response: Response
) -> AssetOut:
    """Begins to upload a picture, a recording or a video, which then comes in pieces."""
    asset = await service.begin_upload(db, svc.settings, staff, body.organisation_id, body.file_name, body.size, now)
    _progress(response, asset)
    return once.keep(_shown(svc, asset, now))


@router.patch(
    "/assets/{asset_id}/content",
    operation_id="add_piece",
    openapi_extra=PIECE_BODY,
    responses={415: {"description": f"Not `{PIECE_TYPE}`", "content": PROBLEM}},
)
async def add_piece(
    asset_id: PathId,
    request: Request,
    svc: ServiceDep,
    staff: KnownEditor,
    now: Now,
    upload_offset: Offset,
    response: Response,
) -> AssetOut:
    """Takes the next bytes of an upload, at most 16 MB at once; the last ones complete it.

    A piece is kept whole or not at all. Where it does not begin at `received` the answer is 409 `wrong_offset`, whose
    header `Upload-Offset` says where to go on. An empty piece at the end completes what was interrupted there.
    """
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != PIECE_TYPE:
        raise UnsupportedMediaType(f"请以 {PIECE_TYPE} 提交文件的一段内容。")
    declared = request.headers.get("content-length", "")
    length = int(declared) if declared.isascii() and declared.isdigit() else None
    try:
        asset = await service.add_piece(
            svc.sessions, svc.media, svc.settings, staff, asset_id, upload_offset, length, request.stream(), now
        )
    except ClientDisconnect:
        raise UploadInterrupted from None
    if asset.received == asset.size:
        asset = await completing.complete(svc.sessions, svc.media, svc.settings, staff.actor, asset_id, now)
    _progress(response, asset)
    return _shown(svc, asset, now)


@router.get("/assets/{asset_id}", operation_id="get_asset")
async def get_asset(
    asset_id: PathId, svc: ServiceDep, db: Db, staff: DeskStaff, now: Now, response: Response
) -> AssetOut:
    """A media file, or how far its upload has come; HEAD gives the latter as the header `Upload-Offset`."""
    asset = await service.get_asset(db, staff, asset_id, "editor", "reviewer")
    _progress(response, asset)
    return _shown(svc, asset, now)


router.head("/assets/{asset_id}", operation_id="head_asset", include_in_schema=False)(get_asset)


@router.get(
    "/assets/files/{name}", operation_id="get_asset_file", response_class=StreamingResponse, responses=FILE_ANSWERS
)
async def get_asset_file(
    request: Request,
    name: FileName,
    svc: ServiceDep,
    now: Now,
    db: Db,
    expires: Expires = None,
    signature: Signature = None,
    wanted: Range = None,
    if_range: Condition = None,
    if_none_match: Condition = None,
) -> Response:
    """The bytes of a media file, or the part that `Range` asks for; whoever has the signed address may read it."""
    check_signature(svc.settings, name, expires, signature, now)
    asset = await reading.find_file(db, name)
    age = max((expires or 0) - int(now.timestamp()), 0)
    answer = reading.plan(asset, age, wanted, if_range, if_none_match)
    if request.method == "HEAD" or answer.status == 304:
        return Response(status_code=answer.status, headers=answer.headers)
    pieces = await svc.media.read(asset.key or "", answer.start, answer.end)
    return StreamingResponse(pieces, status_code=answer.status, headers=answer.headers)


router.head("/assets/files/{name}", operation_id="head_asset_file", include_in_schema=False)(get_asset_file)
