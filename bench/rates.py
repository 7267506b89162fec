"""What a merge costs, rates and crossings included, after a thousand and after a million merges: it must not grow.

Reference in the same run, on the same ledger and taken in turns with it: a step that is no merge, which is the row, the
event and the commit without the rates.
"""

import argparse
import asyncio
import statistics
import time

from history import MOVER, ledger_with
from machinery import machine, median

from tallyward.domain.work_item import TransitionIn
from tallyward.services.rates import RateBook
from tallyward.services.tenants import Tenants
from tallyward.services.work import Work

SIZES = (1_000, 100_000, 1_000_000)


async def timed(work: Work, number: int, phase: str) -> float:
    told = TransitionIn(phase=phase, attempts=1 + (number % 5 == 0))
    begun = time.perf_counter()
    await work.move(MOVER, f"p{number % 10}", f"{phase}-{number}", told)
    return (time.perf_counter() - begun) * 1000


async def measure(merges: int, rounds: int) -> float:
    async with ledger_with(merges) as database:
        book = RateBook(database, Tenants(database, None))
        work = Work(database, book.after_merge)
        for number in range(20):  # plans and caches
            await timed(work, -1 - number, "merged")
        pairs = [(await timed(work, n, "build"), await timed(work, n, "merged")) for n in range(rounds)]
    steps, found = [step for step, _ in pairs], [merge for _, merge in pairs]
    p95 = statistics.quantiles(found, n=20)[-1]
    told = f"a merge {median(found):.2f} ms (p95 {p95:.2f}), a step without rates {median(steps):.2f} ms"
    print(f"  {merges:>9,} merges: {told}")
    return median(found)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    chosen = arguments.parse_args()
    print(f"rates: {machine()}")
    found = [asyncio.run(measure(size, chosen.rounds)) for size in chosen.sizes]
    print(f"  ratio of the largest history to the smallest: {found[-1] / found[0]:.2f} (flat: 1)")


if __name__ == "__main__":
    main()
