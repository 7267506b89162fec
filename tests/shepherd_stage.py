"""A ledger, a forge in memory and a shepherd between them."""

# ruff: noqa: ARG002  # what is played takes what the real one takes

from collections.abc import Iterable
from typing import Any

from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.shepherd_facts import Action
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.domain.trust import Level
from tallyward.ledger.database import Connection, Database
from tallyward.services.series import Series
from tallyward.services.shepherd import Shepherd
from tallyward.services.tenants import Tenants
from tallyward.testing.frozen_clock import FrozenClock
from tests.forge_in_memory import ForgeInMemory


class StandsAs:
    """A trust level and a hold that a test sets."""

    def __init__(self) -> None:
        self.level: Level = "normal"
        self.held: str | None = None
        self.asked: list[str | None] = []

    async def of(
        self, connection: Connection, tenant: str, told: PullRequestSignals, agent: str | None
    ) -> tuple[Level, str | None]:
        self.asked.append(agent)
        return self.level, self.held


class Stage:
    """A ledger, a forge and a shepherd between them; time passes when a test says so."""

    def __init__(self, database: Database, forge: ForgeInMemory, time: FrozenClock) -> None:
        self.database, self.forge, self.time = database, forge, time
        self.tenants = Tenants(database, None)
        self.series = Series(database, self.tenants)
        self.standing = StandsAs()
        self.shepherd = self.another()

    def another(self, **means: Any) -> Shepherd:
        """The shepherd of another server on this ledger."""
        return Shepherd(self.database, self.tenants, self.forge, self.standing, self.series, **means)

    async def look(self, minutes: float = 5, **asked: Any) -> Action | None:
        """Everything is looked at once; what came of it for the first pull request. Then time passes."""
        found = await self.shepherd.once(DEFAULT_TENANT, **asked)
        self.time.advance(minutes * 60)
        return found.looked[0].action if found.looked else None

    async def events(self, *kinds: str) -> list[dict[str, Any]]:
        rows = await self.database.query(
            DEFAULT_TENANT, "follow_events", {"after": 0, "kinds": list(kinds) or None, "limit": 1_000}
        )
        return [row["payload"] for row in rows]

    async def decided(self) -> list[str]:
        return [event["action"] for event in await self.events("pull_request.decision")]

    async def points(self, measurement: str) -> list[dict[str, Any]]:
        async with self.database.transaction(DEFAULT_TENANT) as connection:
            cursor = await connection.execute(
                "SELECT tags, fields FROM series_points WHERE measurement = %s ORDER BY ns", [measurement]
            )
            return await cursor.fetchall()


class Watching:
    """A policy in the shadow."""

    def __init__(self, *, breaks: bool = False) -> None:
        self.breaks = breaks
        self.seen: list[Any] = []

    async def consider(self, tenant: str, state: Any, candidates: Iterable[Action], decision: Any) -> dict[str, Any]:
        self.seen.append((state["number"], list(candidates), decision["reason"]))
        if self.breaks:
            raise RuntimeError("private words")
        return {"policy": "imitation/3", "action": "escalate", "probability": 0.25}
