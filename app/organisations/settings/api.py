"""Routes of the settings of the tree."""

from typing import Annotated

from fastapi import APIRouter, Depends

from app.access.deps import Db, Now, holding
from app.access.duties import KEEPERS_OF_POSTS
from app.access.principals import CurrentStaff
from app.directory.models import ROLES
from app.organisations.settings import service
from app.organisations.settings.schemas import KeyName, SettingIn, SettingOut, SettingsOut
from app.schemas import PathId

router = APIRouter(tags=["organisations"])

AnyPost = Annotated[CurrentStaff, Depends(holding(*ROLES))]
Setter = Annotated[CurrentStaff, Depends(holding(*KEEPERS_OF_POSTS))]


@router.get("/organisations/{organisation_id}/settings", operation_id="list_settings")
async def list_settings(organisation_id: PathId, db: Db, staff: AnyPost) -> SettingsOut:
    """What holds in an organisation, where it comes from, and what to know before something is switched on."""
    return SettingsOut(items=await service.list_settings(db, staff, organisation_id))


@router.put("/organisations/{organisation_id}/settings/{key}", operation_id="put_setting")
async def put_setting(
    organisation_id: PathId, key: KeyName, body: SettingIn, db: Db, staff: Setter, now: Now
) -> SettingOut:
    """Sets something for an organisation and all below; `warning` is what to know about what was switched on."""
    return await service.put_setting(db, staff, organisation_id, key, body.value, now)


@router.delete("/organisations/{organisation_id}/settings/{key}", operation_id="drop_setting")
async def drop_setting(organisation_id: PathId, key: KeyName, db: Db, staff: Setter, now: Now) -> SettingOut:
    """Has an organisation follow its superiors again."""
    return await service.drop_setting(db, staff, organisation_id, key, now)
