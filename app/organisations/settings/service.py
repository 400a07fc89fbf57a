"""Settings of the tree, read and written."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.duties import KEEPERS_OF_POSTS, are_duties_separate, check_keeps_posts
from app.access.principals import CurrentStaff, ancestors
from app.directory.models import ROLES, Organisation, OrganisationSetting
from app.errors import Conflict, Forbidden, Invalid
from app.organisations.locks import lock_tree
from app.organisations.posts.duties import check_separable
from app.organisations.service import find_organisation
from app.organisations.settings.keys import ALL, KEYS, SEPARATE_DUTIES, TIMEZONE, Key, Value
from app.organisations.settings.resolved import Settings, load_settings, resolve_timezones
from app.organisations.settings.schemas import Origin, SettingOut


class BadSetting(Invalid):
    """A value of another kind than the setting takes."""

    code = "bad_setting"


class SeparateAbove(Conflict):
    """What a superior has decided for all below it is not taken back below."""

    code = "separate_above"
    detail = "上级党组织已启用三员分立，下级不能单独关闭。如需关闭，请与上级的安全管理员联系。"


async def list_settings(session: AsyncSession, staff: CurrentStaff, organisation_id: int) -> list[SettingOut]:
    """All settings as they hold in an organisation in reach of any post; raises `NotFound`."""
    organisation = await find_organisation(session, organisation_id, staff.paths(*ROLES))
    return await _shown(session, organisation, ALL)


async def put_setting(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, name: str, value: Value, now: datetime
) -> SettingOut:
    """Sets something for an organisation and all below that have not set it themselves.

    Raises `BadSetting`, `NotFound`, `Forbidden`, `SeparateAbove`, and where duties become separate what
    `check_separable` does.
    """
    key = KEYS[name]
    try:
        key.read(value)
    except ValueError:
        raise BadSetting(f"「{key.label}」应填{key.fits}，请修改。") from None
    await lock_tree(session)
    organisation = await _find_changeable(session, staff, organisation_id, key)
    separate = await are_duties_separate(session, organisation_id)
    if key is SEPARATE_DUTIES and value is False:
        return await _no_longer_separate(session, staff, organisation, now)
    values = {"value": value, "changed_at": now, "changed_by": staff.account_id}
    await session.execute(
        insert(OrganisationSetting)
        .values(organisation_id=organisation_id, key=name, **values)
        .on_conflict_do_update(index_elements=["organisation_id", "key"], set_=values)
    )
    audit.record(
        session, staff.actor, "setting.changed", "organisation", organisation_id,
        now=now, organisation_id=organisation_id, key=name, value=value,
    )  # fmt: skip
    return await _applied(session, organisation, key, separate, now)


async def drop_setting(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, name: str, now: datetime
) -> SettingOut:
    """Has an organisation follow its superiors again; where it does already nothing changes.

    Raises `NotFound`, `Forbidden`, and where duties become separate what `check_separable` does.
    """
    key = KEYS[name]
    await lock_tree(session)
    organisation = await _find_changeable(session, staff, organisation_id, key)
    separate = await are_duties_separate(session, organisation_id)
    dropped = await session.scalar(
        delete(OrganisationSetting)
        .where(OrganisationSetting.organisation_id == organisation_id, OrganisationSetting.key == name)
        .returning(OrganisationSetting.key)
    )
    if dropped is not None:
        audit.record(
            session, staff.actor, "setting.dropped", "organisation", organisation_id,
            now=now, organisation_id=organisation_id, key=name,
        )  # fmt: skip
    return await _applied(session, organisation, key, separate, now)


async def _no_longer_separate(
    session: AsyncSession, staff: CurrentStaff, organisation: Organisation, now: datetime
) -> SettingOut:
    """Only a yes is ever kept: a no that stands in wait would have an organisation opt out of its superior's yes."""
    above = [place for place in ancestors(organisation.path) if place != organisation.id]
    said = select(OrganisationSetting.organisation_id).where(
        OrganisationSetting.key == SEPARATE_DUTIES.name, OrganisationSetting.organisation_id.in_(above)
    )
    if await session.scalar(said.limit(1)) is not None:
        raise SeparateAbove
    return await drop_setting(session, staff, organisation.id, SEPARATE_DUTIES.name, now)


async def _find_changeable(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, key: Key[Any]
) -> Organisation:
    """Settings are the administrator's, but for separate duties: who loses by them does not switch them off."""
    organisation = await find_organisation(session, organisation_id, staff.paths(*KEEPERS_OF_POSTS))
    if key is SEPARATE_DUTIES:
        await check_keeps_posts(session, staff, organisation)
    elif not any(organisation.path.startswith(path) for path in staff.paths("administrator")):
        raise Forbidden
    return organisation


async def _applied(
    session: AsyncSession, organisation: Organisation, key: Key[Any], was_separate: bool, now: datetime
) -> SettingOut:
    if key is TIMEZONE:
        await resolve_timezones(session, organisation.path)
        await session.refresh(organisation)
    if key is SEPARATE_DUTIES and not was_separate and await are_duties_separate(session, organisation.id):
        await check_separable(session, organisation, now)
    (shown,) = await _shown(session, organisation, (key,))
    return shown


async def _shown(session: AsyncSession, organisation: Organisation, keys: tuple[Key[Any], ...]) -> list[SettingOut]:
    settings = await load_settings(session, [organisation.path], keys)
    origins = {settings.origin(organisation.path, key) for key in keys} - {None}
    rows = await session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(origins)))
    names: dict[int, str] = dict(rows.all())
    return [_item(organisation, settings, key, names) for key in keys]


def _item(organisation: Organisation, settings: Settings, key: Key[Any], names: dict[int, str]) -> SettingOut:
    origin = settings.origin(organisation.path, key)
    return SettingOut(
        key=key.name,
        label=key.label,
        value=settings.value(organisation.path, key),
        default=key.default,
        warning=key.warning,
        effective=key.note is None,
        note=key.note,
        origin=None if origin is None else Origin(organisation_id=origin, organisation=names[origin]),
        overridden_here=origin == organisation.id,
    )
