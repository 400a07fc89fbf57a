"""What the issue asks of the push engine, on this machine: prints a verdict each, and ends with 1 when a bound breaks.

    python -m bench.push [kills postgres nats pgbouncer ticks planning] [--recipients 200000] [--kill-every 5]

All scenarios where none is named. `kills` has all the recipients, the other deliveries a tenth of them.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path

from bench.push.deliveries import KINDS, Site, site
from bench.push.planning import LEEWAY, plan
from bench.push.ticks import tick
from bench.push.verdict import MOST_A_KILL, Verdict

Scenario = Callable[[Path, argparse.Namespace], Awaitable[list[str]]]


def show(verdict: Verdict, most_a_kill: int | None = MOST_A_KILL) -> list[str]:
    """Prints it; gives the bounds that are broken."""
    print(verdict)
    return verdict.broken(most_a_kill=most_a_kill)


async def kills(folder: Path, given: argparse.Namespace) -> list[str]:
    """One process after the other is killed with -9 while both kinds are sent."""
    broken = []
    async with site(folder, given.recipients, rate=given.rate, limit=given.limit) as here:
        for kind in KINDS:
            broken += show(await here.campaign(kind, partial(here.kill_in_turn, given.kill_every)))
    return broken


async def troubled(
    folder: Path,
    given: argparse.Namespace,
    trouble: Callable[[Site], Coroutine[object, object, None]] | None,
    **kind_of_site: bool,
) -> list[str]:
    """One thing goes wrong while both kinds are sent to a tenth of the recipients."""
    broken = []
    recipients = max(1, given.recipients // 10)
    async with site(folder, recipients, rate=given.rate, limit=given.limit, **kind_of_site) as here:
        for kind in KINDS:
            verdict = await here.campaign(kind, partial(trouble, here) if trouble is not None else None)
            broken += show(verdict, most_a_kill=None)
    return broken


async def postgres(folder: Path, given: argparse.Namespace) -> list[str]:
    """PostgreSQL is killed in the middle."""
    return await troubled(folder, given, lambda here: here.kill_postgres(given.kill_every))


async def nats(folder: Path, given: argparse.Namespace) -> list[str]:
    """References go over NATS, which is killed, and then killed and wiped."""
    return await troubled(folder, given, lambda here: here.kill_nats(given.kill_every), bus=True)


async def pgbouncer(folder: Path, given: argparse.Namespace) -> list[str]:
    """Everything goes through pgbouncer in transaction mode."""
    return await troubled(folder, given, None, pooled=True)


async def ticks(folder: Path, given: argparse.Namespace) -> list[str]:
    """Ten thousand due times, and one scheduler after the other is killed."""
    ticked = await tick(folder, given.due_times, given.kill_every)
    print(ticked)
    return ticked.broken()


async def planning(folder: Path, given: argparse.Namespace) -> list[str]:
    """The memory of planning does not grow with the number of recipients."""
    found = []
    for recipients in (given.planned // 10, given.planned):
        (folder / str(recipients)).mkdir()
        found.append(await plan(folder / str(recipients), recipients))
        print(found[-1], flush=True)
    smaller, larger = found
    grown = larger.peak - smaller.peak
    return [f"{grown / 1e6:.1f} MB more for ten times the recipients"] if grown > LEEWAY else []


SCENARIOS: dict[str, Scenario] = {
    "kills": kills,
    "postgres": postgres,
    "nats": nats,
    "pgbouncer": pgbouncer,
    "ticks": ticks,
    "planning": planning,
}


async def run(given: argparse.Namespace) -> int:
    """Runs the chosen scenarios; 1 where a bound is broken."""
    broken: list[str] = []
    for name in given.scenarios or SCENARIOS:
        print(f"--- {name}", flush=True)
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
            broken += [f"{name}: {each}" for each in await SCENARIOS[name](Path(temporary), given)]
    for each in broken:
        print(f"BROKEN {each}")
    return 1 if broken else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", choices=[*SCENARIOS, []])
    parser.add_argument("--recipients", type=int, default=200_000)
    parser.add_argument("--kill-every", type=float, default=5.0)
    parser.add_argument("--due-times", type=int, default=10_000)
    parser.add_argument("--planned", type=int, default=1_000_000, help="recipients of the larger campaign")
    parser.add_argument("--rate", type=float, default=150.0, help="what the channel is set to, a second")
    parser.add_argument("--limit", type=int, default=225, help="above which the gateway answers 429, a second")
    raise SystemExit(asyncio.run(run(parser.parse_args())))
