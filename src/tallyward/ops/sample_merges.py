"""The sample's pieces of work: a month of merges in which one thing goes wrong and is put right again.

A bad week (a prompt was changed, say) lets the first-pass rate fall under its lower line and come back over the upper
one, and one project conflicts more often than the others. So every state that a rate can be in is on the page once.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tallyward import clock
from tallyward.domain import work_item
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.domain.work_item import REBASE_CONFLICT, Phase, TransitionIn
from tallyward.ledger.database import Database, fetch_all
from tallyward.services.rates import RateBook
from tallyward.services.tenants import Tenants
from tallyward.services.work import find_item, keep_step

_SEED = 20_260_518
_DAYS = 30
_STORIES = 240
_BAD_WEEK = (0.40, 0.56)  # of the month
_GOOD, _BAD = 0.93, 0.45  # of the stories need one attempt
_CONFLICTS = {"sample-web": 0.02, "sample-infra": 0.01, "sample-mobile": 0.06}
_BAD_CONFLICTS = 0.2
_AGENTS = ("test_writer", "5xx_fixer", "dep_bumper", None)  # None: a person did it
_LUCKLESS = "dep_bumper"
_ABANDONED = 0.07
_UNDER_WAY = 6
_FILES = ("src/app.py", "src/pay/charge.py", "src/pay/refund.py", "web/cart.ts", "web/menu.ts", "infra/queue.tf")


@dataclass(frozen=True)
class _Step:
    at: datetime
    project: str
    story: str
    told: TransitionIn


def _steps(rng: random.Random, now: datetime) -> Iterator[_Step]:
    begin = now - timedelta(days=_DAYS)
    for number in range(_STORIES):
        share = number / _STORIES
        opened = begin + timedelta(days=_DAYS * share * 0.97, minutes=rng.uniform(0, 90))
        project = rng.choice(tuple(_CONFLICTS))
        yield from _story(rng, project, f"S-{number + 1}", opened, share, under_way=number >= _STORIES - _UNDER_WAY)


def _story(  # noqa: PLR0913  # what is made up of one story
    rng: random.Random, project: str, story: str, at: datetime, share: float, *, under_way: bool
) -> Iterator[_Step]:
    agent = rng.choice(_AGENTS)
    bad = _BAD_WEEK[0] <= share < _BAD_WEEK[1]
    good = _BAD if bad else _GOOD - 0.25 * (agent == _LUCKLESS)
    attempts = 1 if rng.random() < good else rng.choice((2, 2, 3, 4))
    scope: list[str] = rng.sample(_FILES, k=rng.randint(1, 3))

    def step(phase: Phase, hours: float, verdict: str | None = None, count: int | None = None) -> _Step:
        moment = at + timedelta(hours=hours)
        told = TransitionIn(phase=phase, verdict=verdict, attempts=count, file_scope=scope, at=moment, agent=agent)
        return _Step(moment, project, story, told)

    yield step("build", 0)
    if under_way:
        return
    took = rng.uniform(0.5, 4) * attempts
    if rng.random() < _ABANDONED:
        yield step("abandoned", took, "given up")
        return
    conflicted = rng.random() < (_BAD_CONFLICTS if bad else _CONFLICTS[project])
    yield step("merge", took, REBASE_CONFLICT if conflicted else "approved", attempts)
    yield step("merged", took + 0.2)


async def fill(database: Database) -> None:
    """Writes the month where there is none yet, and reckons the rates and their turns from it."""
    rng = random.Random(_SEED)  # noqa: S311  # a made-up month wants repeatable numbers, not secret ones
    now = clock.now()
    async with database.transaction(SAMPLE_TENANT) as connection:
        await fetch_all(connection, "lock_outbox")
        (counted,) = await fetch_all(connection, "count_outbox")
        steps = sorted(_steps(rng, now), key=lambda one: one.at) if not counted["steps"] else []
        for one in steps:
            names = {"project": one.project, "story_id": one.story}
            taken = work_item.step(await find_item(connection, names), one.told, now)
            await keep_step(connection, names, taken, {"actor": "sample"})
    await RateBook(database, Tenants(database, None)).replay(SAMPLE_TENANT, append=True)
