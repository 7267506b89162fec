"""A made-up month of work: sessions of prompts, each with its fires and its requests to models, one after the other.

Everything of one prompt happens inside it and every request is priced like a real one, so that whatever adds up in
somebody's own work adds up here too. A model without a price is among them, and some requests that no skill explains,
since real work has those as well.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tallyward.domain.fire import Fire, FireIn, Status, from_sighting
from tallyward.domain.usage import Usage, UsageIn, from_report
from tallyward.prices import price

DAYS = 30
SKILLS = (
    ("/start", "skill", 24), ("/ship", "skill", 20), ("/investigate-bug", "skill", 14), ("/review", "skill", 12),
    ("/write-prd", "skill", 4), ("general-purpose", "agent", 9), ("code-reviewer", "agent", 6),
    ("mcp__tracker__search", "mcp", 8), ("mcp__database__query", "mcp", 5),
)  # fmt: skip
TOOLS = ("Bash", "Edit", "Read", "Grep", "Write")
REPOS = ("sample-org/app", "sample-org/infra", "sample-org/mobile")
# Runtimes with the models they use and how often; nobody knows a price of the last one.
RUNTIMES: dict[str, dict[str, int]] = {
    "claude-code-cli": {"claude-opus-4-7": 6, "claude-haiku-4-5": 3, "in-house-7b": 1},
    "claude-code-desktop": {"claude-opus-4-7": 5, "claude-haiku-4-5": 5},
    "codex-cli": {"gpt-5.4": 1},
    "codex-desktop": {"gpt-5.4": 1},
}
SATURDAY = 5
MOVED_WEEKEND = 0.75
FIRES_A_PROMPT, PROMPTS_MAX = 4, 6
TOOLS_A_FIRE = 2
RETOLD = 0.03  # of the clients' own sums differ from ours

Work = Fire | Usage


@dataclass(frozen=True)
class Place:
    """Where and by whom a session is held; the same for all of it."""

    engineer_id: str
    session_id: str
    runtime: str
    repo: str


def moment(rng: random.Random, now: datetime) -> datetime:
    """A moment of the last month; most of a weekend's work is moved to the Friday before."""
    at = now - timedelta(seconds=rng.uniform(3_600, DAYS * 86_400 - 7_200))
    if at.weekday() >= SATURDAY and rng.random() < MOVED_WEEKEND:
        earlier = at - timedelta(days=at.weekday() - SATURDAY + 1)
        return earlier if earlier > now - timedelta(days=DAYS) else at
    return at


def status(rng: random.Random) -> Status:
    """How a fire ends: most of them well."""
    outcomes: tuple[Status, ...] = ("success", "error", "abandoned")
    return rng.choices(outcomes, (90, 6, 4))[0]


def month_of(rng: random.Random, now: datetime, person: str, fires: int) -> Iterator[Work]:
    """All the work of one person: so many fires that count, in as many prompts and sessions as they need."""
    taste = [weight * rng.uniform(0.3, 1.7) for _, _, weight in SKILLS]
    left, number = fires, 0
    while left > 0:
        number += 1
        place = Place(person, f"sample-{person}-{number}", rng.choice(tuple(RUNTIMES)), rng.choice(REPOS))
        at = moment(rng, now)
        for prompt in range(rng.randint(1, PROMPTS_MAX)):
            count = min(left, rng.randint(1, 2 * FIRES_A_PROMPT - 1))
            if count:
                work = _Prompt(rng, place, at, f"p{prompt + 1}")
                yield from work.held(rng.choices(SKILLS, taste, k=count))
                left -= count
                at = work.at + timedelta(seconds=rng.uniform(20, 600))
                if at >= now:
                    break


class _Prompt:
    """One prompt as it goes on: `at` is where it has come to."""

    def __init__(self, rng: random.Random, place: Place, at: datetime, prompt_id: str) -> None:
        self.at = at
        self._rng, self._place, self._prompt_id = rng, place, prompt_id
        models = RUNTIMES[place.runtime]
        self._model = rng.choices(tuple(models), tuple(models.values()))[0]
        self._context = rng.randint(8_000, 30_000)
        self._number = 0

    def held(self, used: list[tuple[str, str, int]]) -> Iterator[Work]:
        """The requests and fires of the prompt in their order, and then the prompt as a whole."""
        began = self.at
        yield self._asked()
        for name, kind, _ in used:
            yield self._fired(name, kind, self._rng.lognormvariate(7.6, 1.0))
            for _ in range(TOOLS_A_FIRE):
                yield self._asked()
                yield self._fired(self._rng.choice(TOOLS), "tool", self._rng.lognormvariate(6.2, 1.2))
        yield self._asked()
        took = round((self.at - began) / timedelta(milliseconds=1))
        yield self._row("session", "session", began, took)

    def _fired(self, name: str, kind: str, milliseconds: float) -> Fire:
        began, took = self.at, round(min(milliseconds, 600_000))
        self.at += timedelta(milliseconds=took + self._rng.uniform(40, 900))
        return self._row(name, kind, began, took)

    def _row(self, name: str, kind: str, at: datetime, milliseconds: int) -> Fire:
        self._number += 1
        facts: dict[str, Any] = {
            "skill_name": name,
            "kind": kind,
            "status": status(self._rng),
            "latency_ms": milliseconds,
        }
        key = f"{self._place.session_id}:{self._prompt_id}:{self._number}"
        row = FireIn(
            ts=at,
            prompt_id=self._prompt_id,
            fire_key=key,
            model=self._model,
            source="hook",
            **facts,
            **_said(self._place),
        )
        return from_sighting(row, at, key)

    def _asked(self) -> Usage:
        """One request: what was said before comes from the cache, and what is new is written to it."""
        rng = self._rng
        self._number += 1
        self.at += timedelta(seconds=rng.uniform(1.5, 14))
        fresh, written, said = rng.randint(50, 2_500), rng.randint(300, 5_000), rng.randint(80, 1_800)
        codex = self._place.runtime.startswith("codex")
        row = UsageIn(
            request_key=f"{self._place.session_id}:{self._prompt_id}:{self._number}",
            ts=self.at,
            model=self._model,
            input_tokens=fresh,
            cache_read_tokens=self._context,
            cache_write_5m_tokens=0 if codex else written,
            output_tokens=said,
            reasoning_tokens=said // 3 if codex else 0,
            prompt_id=self._prompt_id,
            source="transcript",
            **_said(self._place),
        )
        self._context += written + said
        return told_by_client(from_report(row), rng)


def _said(place: Place) -> dict[str, Any]:
    return {
        "engineer_id": place.engineer_id,
        "session_id": place.session_id,
        "runtime": place.runtime,
        "repo": place.repo,
    }


def told_by_client(usage: Usage, rng: random.Random) -> Usage:
    """The request with what the client said of its cost: nearly always what it is."""
    found = price.price(usage.model, usage, usage.ts)
    if found is not None:
        usage.reported_cost_micros = round(found[0] * (rng.uniform(0.9, 1.2) if rng.random() < RETOLD else 1))
    return usage
