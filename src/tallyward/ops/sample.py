"""The sample tenant: a month of a made-up team, so that a newcomer's first page is not an empty one.

It lives in a tenant of its own, which is labelled on every page that shows it; nothing of it can be mistaken for, or
summed with, somebody's real work. The same seed gives the same team on every machine.
"""

import asyncio
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from tallyward import clock
from tallyward.domain.capture_report import BookedIn, CaptureReportIn, booked
from tallyward.domain.fire import Fire, FireIn, from_sighting
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.domain.usage import Usage, UsageIn, from_report
from tallyward.ledger.database import Database, fetch_all
from tallyward.ledger.rows import store
from tallyward.ops import sample_pulls
from tallyward.ops.sample_shepherd import decisions_of
from tallyward.ops.sample_work import REPOS, SATURDAY, Work, moment, month_of, status, told_by_client
from tallyward.prices import price

_SEED = 20_260_517
# Made-up handles with their fires in a month: every grade is on the board.
_PEOPLE = {
    "sample-ada": 412, "sample-bo": 340, "sample-chidi": 268, "sample-dana": 201, "sample-eun": 164,
    "sample-farid": 97, "sample-gwen": 71, "sample-hugo": 54, "sample-ines": 33, "sample-jun": 12,
}  # fmt: skip
# Agents in the cluster: runs, cents a run, merged pull requests. One of each colour of dollars per merged PR.
_AGENTS = {
    "5xx_fixer": (46, 118, 9),
    "test_writer": (61, 74, 2),
    "doc_gardener": (18, 205, 1),
    "dep_bumper": (25, 40, 0),
}


def _runs(rng: random.Random, now: datetime) -> Iterator[Work]:
    """The runs of the agents in the cluster, each a session of its own with one request that cost what the run did."""
    for agent, (runs, cents, _) in _AGENTS.items():
        for number in range(runs):
            at = moment(rng, now)
            usage = _request(rng, at, agent, f"sample-{agent}-{number}", max(1, round(rng.gauss(cents, cents / 4))))
            found = price.price(usage.model, usage, usage.ts)
            yield usage
            yield _run(rng, at, agent, usage, found[0] if found else None)


def _request(rng: random.Random, at: datetime, agent: str, session: str, cents: int) -> Usage:
    row = UsageIn(
        request_key=f"{session}:1", ts=at + timedelta(seconds=40), model="claude-opus-4-7", runtime="k8s-job",
        engineer_id="sample-fleet", session_id=session, prompt_id="p1", repo=REPOS[0], skill_name=agent,
        input_tokens=cents * 1_200, output_tokens=cents * 160,
    )  # fmt: skip
    return told_by_client(from_report(row), rng)


def _run(rng: random.Random, at: datetime, agent: str, usage: Usage, micros: int | None) -> Fire:
    row = FireIn(
        ts=at, engineer_id="sample-fleet", skill_name=agent, kind="agent", runtime="k8s-job", status=status(rng),
        repo=REPOS[0], model=usage.model, session_id=usage.session_id, prompt_id="p1", cost_micros=micros,
        latency_ms=round(rng.lognormvariate(11.6, 0.6)), input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
    )  # fmt: skip
    return from_sighting(row, at, f"{usage.request_key}:run")


def _hook_times(fires: int) -> list[int]:
    """Most hooks take some 20 ms, few of a busy machine 100."""
    return [0, fires // 10, fires // 2, fires // 4, fires // 10, fires // 40, 0, 0, 0]


def _books(rng: random.Random, now: datetime) -> Iterator[CaptureReportIn]:
    """What the laptops say of themselves: one has lost a little, one has not delivered for two days."""
    for place, (person, total) in enumerate(_PEOPLE.items()):
        quiet = 2 if place == len(_PEOPLE) - 2 else 0
        days = [
            BookedIn(
                day=(now - timedelta(days=age)).date(), engineer_id=person, refused=0,
                stored=(stored := round(total / 8 * rng.uniform(0.4, 1.6))), hook_ms=_hook_times(stored),
                duplicate=rng.randint(0, 6),
                waiting=rng.randint(4, 20) if quiet and age == quiet else 0,
                losses={"overflow": rng.randint(1, 3)} if place == 1 and age % 9 == 0 else {},
            )
            for age in range(quiet, 30)
            if (now - timedelta(days=age)).weekday() < SATURDAY
        ]  # fmt: skip
        yield CaptureReportIn(machine=f"{place:032x}", days=days)


async def fill(database: Database) -> None:
    """Writes the sample into its tenant, all of it or nothing."""
    await asyncio.to_thread(price.load)
    rng = random.Random(_SEED)  # noqa: S311  # a made-up month wants repeatable numbers, not secret ones
    now = clock.now()
    async with database.transaction(SAMPLE_TENANT) as connection:
        work = [row for person, total in _PEOPLE.items() for row in month_of(rng, now, person, total)]
        await store(connection, [*work, *_runs(rng, now)], price.price)
        merged = {agent: count for agent, (_, _, count) in _AGENTS.items()}
        pulls = list(sample_pulls.pull_requests(now, merged, list(_PEOPLE), _SEED))
        await sample_pulls.keep(database, connection, pulls)
        events = [{"kind": kind, "payload": payload} for kind, payload in decisions_of(REPOS[0], now)]
        await fetch_all(connection, "append_events", {"events": msgspec.json.encode(events).decode()})
        for report in _books(rng, now):
            told = msgspec.json.encode(booked(report, None)).decode()
            await fetch_all(
                connection, "put_capture_reports", {"machine": report.machine, "version": None, "rows": told}
            )


async def keep_recent(database: Database) -> None:
    """Moves the sample up to now, so that a server that was off for a month still has one."""
    await database.query(SAMPLE_TENANT, "shift_sample")
