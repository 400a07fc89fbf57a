"""Held against each other: what the gateway accepted, and what the rows say became of each delivery."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import httpx
from sqlalchemy import select

from app.db.engine import transaction
from app.messaging.models import Batch, DeliveryState
from bench.push.plant import Plant
from scheduler.claims import RESENT_WHEN_UNKNOWN

# Repeats of one kill at most, where resending is chosen: the calls that a sender has in flight.
MOST_A_KILL = 25
ENDED = {DeliveryState.FAILED: "failed", DeliveryState.UNKNOWN: "unknown", DeliveryState.EXPIRED: "expired"}


@dataclass(frozen=True)
class Kill:
    """A process that was killed, and the deliveries that were marked as being sent at that moment."""

    name: str
    marked: frozenset[str] = frozenset()


@dataclass
class Verdict:
    """What a campaign came to."""

    kind: str
    recipients: int
    seconds: float
    kills: Sequence[Kill]
    states: Mapping[str, int]
    answers: Mapping[str, int]
    lost: list[str] = field(default_factory=list)
    by_kill: list[int] = field(default_factory=list)
    by_gateway: int = 0
    unexplained: int = 0
    unended: int = 0

    def broken(self, *, most_a_kill: int | None = MOST_A_KILL) -> list[str]:
        """The bounds that do not hold; without `most_a_kill` repeats of a kill are not bounded."""
        found = [f"{len(self.lost)} lost, such as {self.lost[:3]}"] if self.lost else []
        if self.unended:
            found.append(f"{self.unended} recipients were not planned, or have come to no end")
        if self.unexplained:
            found.append(f"{self.unexplained} repeats that no kill and no answer of the gateway explains")
        if self.kind not in RESENT_WHEN_UNKNOWN and (self.by_gateway or any(self.by_kill)):
            found.append(f"{self.by_gateway + sum(self.by_kill)} repeats of a kind that is never sent again")
        if most_a_kill is not None and max(self.by_kill, default=0) > most_a_kill:
            found.append(f"{max(self.by_kill)} repeats of one kill")
        if self.answers.get("throttled"):
            found.append(f"{self.answers['throttled']} answers 429")
        return found

    def __str__(self) -> str:
        most = max(self.by_kill, default=0)
        return (
            f"{self.kind}: {self.recipients} recipients in {self.seconds:.0f} s "
            f"({self.recipients / self.seconds:.0f}/s), {len(self.kills)} kills\n"
            f"    lost {len(self.lost)}; repeats by kills {sum(self.by_kill)} (at most {most} a kill), by the gateway "
            f"{self.by_gateway}, unexplained {self.unexplained}\n"
            f"    rows {dict(sorted(self.states.items()))}\n    gateway {dict(sorted(self.answers.items()))}"
        )


async def marked(plant: Plant, owner: str = "") -> frozenset[str]:
    """The deliveries that are marked as being sent, of the owner whose name holds this text, or of all."""
    async with transaction(plant.sessions) as session:
        rows = await session.execute(
            select(Batch.campaign_id, Batch.members, Batch.states).where(
                Batch.done_at.is_(None), Batch.claimed_by.contains(owner)
            )
        )
        return frozenset(
            f"{campaign}:{member}"
            for campaign, members, states in rows
            for member, state in zip(members, states, strict=True)
            if state == DeliveryState.SENDING
        )


async def judge(
    plant: Plant, gateway: str, campaign_id: int, kind: str, recipients: int, seconds: float, kills: Sequence[Kill]
) -> Verdict:
    """The verdict on a campaign that is done, and was for so many recipients."""
    async with httpx.AsyncClient() as http:
        ledger = (await http.get(f"{gateway}/ledger", timeout=60)).json()
    async with transaction(plant.sessions) as session:
        rows = await session.execute(select(Batch.members, Batch.states).where(Batch.campaign_id == campaign_id))
        states = {
            f"{campaign_id}:{member}": state
            for members, bytes_ in rows
            for member, state in zip(members, bytes_, strict=True)
        }
    names = Counter(ENDED.get(state, "sent" if state == DeliveryState.SENT else "open") for state in states.values())
    verdict = Verdict(kind, recipients, seconds, kills, names, ledger["answers"])
    verdict.unended = recipients - len(states) + names["open"]
    accepted: Mapping[str, int] = ledger["accepted"]
    verdict.lost = [key for key, state in states.items() if key not in accepted and state not in ENDED]
    attribute(verdict, {key: accepted[key] - 1 for key in states if accepted.get(key, 0) > 1}, set(ledger["doubtful"]))
    return verdict


def attribute(verdict: Verdict, repeats: Mapping[str, int], doubtful: set[str]) -> None:
    """Whose fault each repeat is: the gateway's, that of the first kill at which it was marked, or nobody's."""
    verdict.by_kill = [0] * len(verdict.kills)
    for key, times in repeats.items():
        first = next((at for at, kill in enumerate(verdict.kills) if key in kill.marked), None)
        if key in doubtful:
            verdict.by_gateway += times
        elif first is not None:
            verdict.by_kill[first] += times
        else:
            verdict.unexplained += times
