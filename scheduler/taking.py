"""Which batch a sender takes next: the urgent ones first, then the oldest, or the one that the bus refers to."""

from collections.abc import Collection
from datetime import timedelta

from app.clock import Clock
from app.db.engine import Sessions
from scheduler.bus import Bus, BusAway
from scheduler.claims import Claim, claim_batch

# How long a sender waits at the bus before it looks whether it is to stop.
TAKE_SECONDS = 1.0


async def next_claim(
    sessions: Sessions,
    bus: Bus | None,
    owner: str,
    adapters: Collection[str],
    clock: Clock,
    lease: timedelta,
    *,
    busy: Collection[int] = (),
    urgent: Collection[int] | None = None,
) -> Claim | None:
    """Claims the next batch; None where there is none now. While the bus is away the rows are asked themselves.

    The rows are always asked first for what is `urgent`, unless that is None; the channels named there are left alone.
    Those of the `busy` channels are left alone otherwise. The bus does not know channels: where there are such, the
    rows are asked. The reference to what is claimed from the rows is forgotten by whoever takes it.
    A reference to what is done, claimed or not due is forgotten: the reconciler brings it again when it is time.
    """
    if urgent is not None:
        claim = await claim_batch(sessions, owner, adapters, clock(), lease, busy=urgent, urgent=True)
        if claim is not None:
            return claim
    while bus is not None and not busy:
        try:
            taken = await bus.take(TAKE_SECONDS)
        except BusAway:
            break
        if taken is None:
            return None
        claim = await claim_batch(sessions, owner, adapters, clock(), lease, reference=taken.reference)
        if claim is not None:
            claim.done = taken.done
            return claim
        await taken.done()
    return await claim_batch(sessions, owner, adapters, clock(), lease, busy=busy)
