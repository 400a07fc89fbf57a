"""Things to reach for: each call makes a new one in an organisation, so that no try meets another.

The modules make them, one a room of the API; what is in `people` and `library` serves the others.
"""

from datetime import date, timedelta

from app.db.engine import transaction
from app.directory.models import Organisation
from tests.app.library.desk import MONDAY
from tests.world import Person, World


class Targets:
    """Where targets are made, and their author: a member of staff who is none of the actors."""

    def __init__(self, world: World, author: Person) -> None:
        self.world, self.service, self.author = world, world.service, author
        self.count = 0
        self.current: dict[int, int] = {}

    @classmethod
    async def build(cls, world: World) -> "Targets":
        """A place for them in a world, to which a sibling of 10 is added whose path begins like that of 10."""
        now = world.service.clock()
        async with transaction(world.service.sessions) as session:
            session.add(
                Organisation(
                    id=1000, parent_id=1, path="/1/1000/", kind="general_branch", name="南片党总支", created_at=now
                )
            )
        return cls(world, await world.staff(("editor", 1), ("editor", 2)))

    def number(self) -> int:
        """Never the same twice: for names, logins and weeks."""
        self.count += 1
        return self.count

    def week(self) -> date:
        """The Monday of a week that no issue has yet."""
        return MONDAY + timedelta(weeks=self.number())
