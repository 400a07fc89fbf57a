"""What the tests of the tree look at."""

from sqlalchemy import select, text

from app.directory.models import Organisation
from tests.world import World

MISPLACED = text("""
SELECT member.id FROM members member JOIN organisations organisation ON organisation.id = member.organisation_id
LEFT JOIN placements place ON place.member_id = member.id AND place.until_at IS NULL
WHERE member.archived_at IS NULL
    AND (place.path IS DISTINCT FROM organisation.path OR place.organisation_id IS DISTINCT FROM organisation.id)
""")
BROKEN = text("""
SELECT child.id FROM organisations child LEFT JOIN organisations parent ON parent.id = child.parent_id
WHERE child.path <> coalesce(parent.path, '/') || child.id || '/'
""")


async def paths(world: World) -> dict[int, str]:
    """The paths of the living organisations; checks that they and the members' places are those of the tree."""
    async with world.service.sessions() as session:
        assert list(await session.scalars(BROKEN)) == []
        assert list(await session.scalars(MISPLACED)) == []
        found = await session.scalars(select(Organisation).where(Organisation.archived_at.is_(None)))
        return {organisation.id: organisation.path for organisation in found}


async def places(world: World, member_id: int) -> list[tuple[str, str, str | None]]:
    """Where a member stood: path, and the days (UTC, to the hour) from and until when."""
    async with world.service.sessions() as session:
        rows = await session.execute(
            text("SELECT path, from_at, until_at FROM placements WHERE member_id = :id ORDER BY from_at"),
            {"id": member_id},
        )
        return [
            (path, f"{begins:%m-%d %H}", None if ends is None else f"{ends:%m-%d %H}") for path, begins, ends in rows
        ]
