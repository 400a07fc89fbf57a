"""What is asked for in each row of the matrix: a new target in an organisation, and the request for it.

Here is what all rooms of the API ask for; what one asks for is in its module.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from argon2 import PasswordHasher

from tests.security.targets import Targets
from tests.world import Person

PASSWORD = "a long enough password"
# As weak as Argon2 allows: here it only has to be a hash of the password.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@dataclass(frozen=True)
class Ask:
    """What is sent; `shown` is the id that a list must show to those who may see the target, and to nobody else."""

    path: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    json: object = None
    file: bytes | None = None
    # A body of another kind, with the headers that it needs.
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    shown: int | None = None


Make = Callable[[Targets, int, Person], Awaitable[Ask]]


async def nothing(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The operation has no target."""
    return Ask()


async def organisation(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The organisation itself, in the path."""
    return Ask({"organisation_id": organisation_id}, shown=organisation_id)


def by_id(name: str, make: Callable[[Targets, int], Awaitable[int]], json: object = None) -> Make:
    """A target whose id is in the path as `name`, and in lists as it is."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        target = await make(targets, organisation_id)
        return Ask({name: target}, json=json, shown=target)

    return ask


def described(**more: object) -> Make:
    """A new thing whose organisation is in the body."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        return Ask(json={"organisation_id": organisation_id, **more})

    return ask


async def organisation_wanted(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The organisation itself, in the query."""
    return Ask(query={"organisation_id": organisation_id})
