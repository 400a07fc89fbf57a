"""Batches as senders leave them, with the notes that they keep of deliveries."""

from collections.abc import Mapping, Sequence

from app.db.engine import transaction
from app.messaging.models import Batch, DeliveryException
from app.resources import Service
from tests.scheduler.scene import Scene

# Of each member whom a note is kept of: the reason and the platform's code.
Notes = Mapping[int, tuple[str, str | None]]


async def sent_batch(
    scene: Scene,
    campaign_id: int,
    channel_id: int,
    states: Mapping[int, int],
    notes: Notes | None = None,
    *,
    number: int = 1,
    open_still: bool = False,
) -> int:
    """A batch of these members in these states; done, unless something of it is `open_still`."""
    batch_id = await scene.batch(campaign_id, channel_id, sorted(states), number)
    now = scene.service.clock()
    async with transaction(scene.service.sessions) as session:
        row = await session.get_one(Batch, batch_id)
        row.states = bytes(states[member] for member in sorted(states))
        row.done_at = None if open_still else now
        for member, (reason, code) in (notes or {}).items():
            session.add(
                DeliveryException(
                    batch_id=batch_id, member_id=member, tries=1, reason=reason, code=code, next_try_at=None, at=now
                )
            )
    return batch_id


async def states_of(service: Service, batch_ids: Sequence[int]) -> list[list[int]]:
    """The states of some batches."""
    async with transaction(service.sessions) as session:
        return [list((await session.get_one(Batch, batch_id)).states) for batch_id in batch_ids]
