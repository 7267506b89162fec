"""The sample tenant: a month of a made-up team, so that a newcomer's first page is not an empty one.

It lives in a tenant of its own, which is labelled on every page that shows it; nothing of it can be mistaken for, or
summed with, somebody's real work. The same seed gives the same team on every machine.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tallyward import clock
from tallyward.domain.fire import Fire, FireIn, from_sighting
from tallyward.domain.tenant import SAMPLE_TENANT
from tallyward.ledger.database import Database, fetch_all
from tallyward.ledger.rows import store_fires

_SEED = 20_260_517
_DAYS = 30
# Made-up handles with their fires in a month: every grade is on the board.
_PEOPLE = {
    "sample-ada": 412, "sample-bo": 340, "sample-chidi": 268, "sample-dana": 201, "sample-eun": 164,
    "sample-farid": 97, "sample-gwen": 71, "sample-hugo": 54, "sample-ines": 33, "sample-jun": 12,
}  # fmt: skip
_SKILLS = (
    ("/start", "skill", 24), ("/ship", "skill", 20), ("/investigate-bug", "skill", 14), ("/review", "skill", 12),
    ("/write-prd", "skill", 4), ("general-purpose", "agent", 9), ("code-reviewer", "agent", 6),
    ("mcp__tracker__search", "mcp", 8), ("mcp__database__query", "mcp", 5),
)  # fmt: skip
_FIRES_A_PROMPT = 4  # so that the sample has sessions to show beside the fires, as real work has
_REPOS = ("sample-org/app", "sample-org/infra", "sample-org/mobile")
_RUNTIMES = ("claude-code-cli", "claude-code-desktop", "codex-cli", "codex-desktop")
# Agents in the cluster: runs, cents a run, merged pull requests. One of each colour of dollars per merged PR.
_AGENTS = {
    "5xx_fixer": (46, 118, 9),
    "test_writer": (61, 74, 2),
    "doc_gardener": (18, 205, 1),
    "dep_bumper": (25, 40, 0),
}


def _moment(rng: random.Random, now: datetime) -> datetime:
    """A moment of the last month; three quarters of a weekend's work is moved to the Friday before."""
    at = now - timedelta(seconds=rng.uniform(60, _DAYS * 86_400 - 7_200))
    if at.weekday() >= 5 and rng.random() < 0.75:  # noqa: PLR2004  # Saturday is 5
        earlier = at - timedelta(days=at.weekday() - 4)
        return earlier if earlier > now - timedelta(days=_DAYS) else at
    return at


def _fires(rng: random.Random, now: datetime) -> Iterator[Fire]:
    names = [name for name, _, _ in _SKILLS]
    kinds = {name: kind for name, kind, _ in _SKILLS}
    weights = [weight for _, _, weight in _SKILLS]
    for person, total in _PEOPLE.items():
        taste = [weight * rng.uniform(0.3, 1.7) for weight in weights]
        for number in range(total):
            name = rng.choices(names, taste)[0]
            yield _fire(rng, now, f"{person}:{number}", engineer_id=person, skill_name=name, kind=kinds[name])
        for number in range(total * 2):
            tool = rng.choice(("Bash", "Edit", "Read", "Grep", "Write"))
            yield _fire(rng, now, f"{person}:tool:{number}", engineer_id=person, skill_name=tool, kind="tool")
        for number in range(total // _FIRES_A_PROMPT):
            yield _fire(rng, now, f"{person}:prompt:{number}", engineer_id=person, skill_name="session", kind="session")
    for agent, (runs, cents, _) in _AGENTS.items():
        for number in range(runs):
            cost = max(1, round(rng.gauss(cents, cents / 4)))
            yield _fire(
                rng, now, f"{agent}:{number}", engineer_id="sample-fleet", skill_name=agent, kind="agent",
                runtime="k8s-job", cost_usd_cents=cost, input_tokens=cost * 2_000, output_tokens=cost * 90,
            )  # fmt: skip


def _fire(rng: random.Random, now: datetime, key: str, **known: Any) -> Fire:
    facts: dict[str, Any] = {
        "runtime": rng.choice(_RUNTIMES),
        "status": rng.choices(("success", "error", "abandoned"), (90, 6, 4))[0],
        "repo": rng.choice(_REPOS),
        "model": rng.choice(("claude-opus-4-7", "claude-haiku-4-5", "gpt-5.4")),
        "latency_ms": round(rng.lognormvariate(7.2, 1.1)),
        **known,
    }
    session = f"sample-{key.partition(':')[0]}-{rng.randrange(40)}"
    row = FireIn(ts=_moment(rng, now), session_id=session, **facts)
    return from_sighting(row, now, f"sample:{key}")


def _pull_requests(rng: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    number = 100
    for agent, (_, _, merged) in _AGENTS.items():
        for _ in range(merged + 2):
            number += 1
            opened = _moment(rng, now)
            merged_at = opened + timedelta(minutes=50) if number % (merged + 2) < merged else None
            yield {
                "repo": _REPOS[0], "number": number, "state": "merged" if merged_at else "open",
                "author": "sample-fleet",
                "head_branch": f"axon/{agent}/{number}", "opened_at": opened, "merged_at": merged_at,
                "closed_at": merged_at,
            }  # fmt: skip


async def fill(database: Database) -> None:
    """Writes the sample into its tenant, all of it or nothing."""
    rng = random.Random(_SEED)  # noqa: S311  # a made-up month wants repeatable numbers, not secret ones
    now = clock.now()
    async with database.transaction(SAMPLE_TENANT) as connection:
        await store_fires(connection, list(_fires(rng, now)), set())
        rows = msgspec.json.encode(list(_pull_requests(rng, now))).decode()
        await fetch_all(connection, "insert_pull_requests", {"rows": rows})


async def keep_recent(database: Database) -> None:
    """Moves the sample up to now, so that a server that was off for a month still has one."""
    await database.query(SAMPLE_TENANT, "shift_sample")
