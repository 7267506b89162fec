"""A learned policy in the shadow: it is asked at every decision of the shepherd, and what it says is kept beside it.

Which one is there is told by events, the policy itself among them, and by nothing else. Nothing here acts: whoever asks
gets a word, and the word goes into the decision that the rule table took.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.domain.policy_rows import DecisionRow, asked_before, row_of, vector
from tallyward.domain.policy_shadow import (
    NEVER_ALONE,
    PROMOTED,
    REFUSED,
    SHADOW_OFF,
    SHADOW_ON,
    WINDOW,
    Agreement,
    Compared,
    Standing,
    agreement,
    compared,
    refusals,
)
from tallyward.domain.policy_tree import Trained, Tree, choose, read_tree
from tallyward.domain.shepherd_facts import CAUSE_OF
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.services.revising import append

CHUNK = 2_000
REQUESTS_MAX = 50  # of one pull request; the shepherd gives up long before
_FROM_THE_END = 2**63 - 1


class PolicyBoard(Struct, kw_only=True):
    """Where the learned policy stands, how it agreed in the last seven days, and what stands against promoting it."""

    standing: Standing
    trained: Trained | None
    agreement: Agreement | None
    refused_because: list[str]
    says: str = NEVER_ALONE


class ShadowPolicy:
    """The learned policies of a ledger's tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Tree] = {}

    async def consider(
        self, tenant: str, state: Mapping[str, Any], candidates: Iterable[str], decision: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """What the policy in the shadow would do, and whether any guard asks for it; None where there is no policy."""
        async with self._database.transaction(tenant) as connection:
            standing, tree = await self._standing(connection)
            if tree is None:
                return None
            row = row_of({**decision, "state": dict(state)})
            if row is None:
                return {"policy": standing.policy, "action": None, "failed": "unreadable"}
            earlier = await _requests(connection, row.subject)
        choice = choose(tree, vector(row, asked_before(earlier)))
        return {
            "policy": standing.policy,
            "action": choice.action,
            "probability": round(choice.probability, 4),
            "allowed": choice.action in set(candidates),
        }

    async def turn_on(self, tenant: str, tree: Tree, *, actor: str) -> Standing:
        """Puts a policy into the shadow, in the place of the one that is there."""
        async with self._database.transaction(tenant) as connection:
            await fetch_all(connection, "lock_outbox")
            standing, _ = await self._standing(connection)
            if standing.policy == tree.name:
                return standing
            told = {"at": clock.iso_now(), "policy": tree.name, "tree": msgspec.to_builtins(tree), "actor": actor}
            await append(connection, SHADOW_ON, told)
            return (await self._standing(connection))[0]

    async def turn_off(self, tenant: str, *, actor: str) -> Standing:
        """Takes the policy out of the shadow; nothing happens where there is none."""
        async with self._database.transaction(tenant) as connection:
            await fetch_all(connection, "lock_outbox")
            standing, _ = await self._standing(connection)
            if standing.phase != "off":
                await append(connection, SHADOW_OFF, {"at": clock.iso_now(), "policy": standing.policy, "actor": actor})
            return (await self._standing(connection))[0]

    async def promote(self, tenant: str, *, actor: str) -> PolicyBoard:
        """Marks the policy as promoted, or keeps why it was not. Neither lets it act."""
        async with self._database.transaction(tenant) as connection:
            await fetch_all(connection, "lock_outbox")
            board = await self._board(connection)
            said = {"at": clock.iso_now(), "policy": board.standing.policy, "actor": actor}
            said |= {"agreement": msgspec.to_builtins(board.agreement)}
            if board.refused_because:
                await append(connection, REFUSED, {**said, "because": board.refused_because})
                return board
            await append(connection, PROMOTED, said)
            after = await self._board(connection)
            return msgspec.structs.replace(after, refused_because=[])

    async def read(self, principal: Principal) -> PolicyBoard:
        """Where the learned policy of a tenant stands."""
        return await self.board(principal.tenant)

    async def board(self, tenant: str) -> PolicyBoard:
        """Where the learned policy of a tenant stands."""
        async with self._database.transaction(tenant) as connection:
            return await self._board(connection)

    async def rows(self, tenant: str, since: datetime) -> list[DecisionRow]:
        """The decisions of a tenant from a moment on, in the order of their time."""
        async with self._database.transaction(tenant) as connection:
            told = await _since(connection, "list_policy_rows", since)
        found = [row_of(one["payload"]) for one in told]
        return sorted((row for row in found if row is not None), key=lambda row: row.at)

    async def _board(self, connection: Connection) -> PolicyBoard:
        standing, tree = await self._standing(connection)
        now = clock.now()
        found = None
        if tree is not None and standing.policy is not None:
            rows = await _since(connection, "list_compared", now - WINDOW)
            found = agreement([_compared(row) for row in reversed(rows)], standing.policy, now)
        return PolicyBoard(
            standing=standing,
            trained=tree.trained if tree is not None else None,
            agreement=found,
            refused_because=refusals(standing, found, now),
        )

    async def _standing(self, connection: Connection) -> tuple[Standing, Tree | None]:
        rows = await fetch_all(connection, "list_policy_events", {"limit": 2})
        if not rows or rows[0]["kind"] == SHADOW_OFF:
            return Standing(phase="off"), None
        begun = next((row for row in rows if row["kind"] == SHADOW_ON), None)
        if begun is None:
            return Standing(phase="off"), None
        phase = "promoted" if rows[0]["kind"] == PROMOTED else "shadow"
        name: str = begun["payload"]["policy"]
        if name not in self._known:
            self._known[name] = read_tree(begun["payload"]["tree"])
        since = datetime.fromisoformat(begun["payload"]["at"])
        return Standing(phase=phase, policy=name, since=since), self._known[name]


def _compared(row: Row) -> Compared:
    return compared(row["payload"], datetime.fromisoformat(row["payload"]["at"]))


async def _since(connection: Connection, query: str, since: datetime) -> list[Row]:
    """The decisions from a moment on, newest first, read a part at a time from the end."""
    found: list[Row] = []
    before = _FROM_THE_END
    while True:
        rows = await fetch_all(connection, _QUERIES[query], {"before": before, "limit": CHUNK})
        found += [row for row in rows if row["created_at"] >= since]
        if len(rows) < CHUNK or rows[-1]["created_at"] < since:
            return found
        before = rows[-1]["seq"]


_QUERIES = {"list_policy_rows": "list_policy_rows", "list_compared": "list_compared"}


async def _requests(connection: Connection, subject: str) -> list[DecisionRow]:
    asked = {"subject": subject, "actions": list(CAUSE_OF), "limit": REQUESTS_MAX}
    rows = await fetch_all(connection, "list_requests_of", asked)
    found = [row_of(row["payload"]) for row in reversed(rows)]
    return [row for row in found if row is not None]
