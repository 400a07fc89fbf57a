"""Settings as they hold at a place in the tree: the nearest organisation that has set one says."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import ancestors
from app.directory.models import Organisation, OrganisationSetting
from app.organisations.settings.keys import TIMEZONE, Key, T, Value

RESOLVE_TIMEZONES = text("""
UPDATE organisations place SET timezone = resolved.timezone
FROM (
    SELECT below.id, coalesce(
        (
            SELECT setting.value #>> '{}'
            FROM unnest(CAST(string_to_array(btrim(below.path, '/'), '/') AS bigint[])) WITH ORDINALITY step (id, depth)
            JOIN organisation_settings setting ON setting.organisation_id = step.id AND setting.key = :key
            ORDER BY step.depth DESC LIMIT 1
        ),
        :default
    ) AS timezone
    FROM organisations below WHERE starts_with(below.path, :path)
) resolved
WHERE place.id = resolved.id AND place.timezone <> resolved.timezone
""")


@dataclass(frozen=True)
class Settings:
    """What was set in some organisations, by organisation and key."""

    rows: Mapping[tuple[int, str], Value]

    def origin(self, path: str, key: Key[Any]) -> int | None:
        """The organisation on the path that says; None where it is the default."""
        return next((place for place in reversed(ancestors(path)) if (place, key.name) in self.rows), None)

    def value(self, path: str, key: Key[Any]) -> Value:
        """What holds at the path, as it is kept."""
        origin = self.origin(path, key)
        return key.default if origin is None else self.rows[origin, key.name]

    def get(self, path: str, key: Key[T]) -> T:
        """What holds at the path."""
        return key.read(self.value(path, key))


async def load_settings(session: AsyncSession, paths: Collection[str], keys: Collection[Key[Any]]) -> Settings:
    """What bears on the organisations at these paths, in one query."""
    places = {place for path in paths for place in ancestors(path)}
    rows = await session.execute(
        select(OrganisationSetting.organisation_id, OrganisationSetting.key, OrganisationSetting.value).where(
            OrganisationSetting.organisation_id.in_(places), OrganisationSetting.key.in_([key.name for key in keys])
        )
    )
    found: dict[tuple[int, str], Value] = {}
    for place, name, value in rows:
        assert isinstance(value, Value)  # noqa: S101 - nothing else is ever written
        found[place, name] = value
    return Settings(found)


async def get_setting(session: AsyncSession, path: str, key: Key[T]) -> T:
    """What holds for the organisation at the path."""
    return (await load_settings(session, [path], [key])).get(path, key)


async def copy_settings(session: AsyncSession, source: Organisation, taker: Organisation) -> None:
    """Has a new organisation begin with what another one has set for itself; the caller has locked the tree."""
    own = select(
        literal(taker.id),
        OrganisationSetting.key,
        OrganisationSetting.value,
        OrganisationSetting.changed_at,
        OrganisationSetting.changed_by,
    ).where(OrganisationSetting.organisation_id == source.id)
    await session.execute(
        insert(OrganisationSetting).from_select(["organisation_id", "key", "value", "changed_at", "changed_by"], own)
    )
    await resolve_timezones(session, taker.path)
    await session.refresh(taker)


async def resolve_timezones(session: AsyncSession, path: str) -> None:
    """Writes the zone that holds into every organisation at and below the path; the caller has locked the tree.

    Standing reminders follow at the next look of the scheduler. Organisations in the session are stale afterwards.
    """
    await session.flush()
    await session.execute(RESOLVE_TIMEZONES, {"path": path, "key": TIMEZONE.name, "default": TIMEZONE.default})
