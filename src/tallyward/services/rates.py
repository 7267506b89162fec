"""Reckons a merge into the rates, in the transaction of the merge, and tells the rates as they stand.

What is decided is in `domain/rates.py`; this reads the windows by an index, appends what follows, and keeps nothing
else: the outbox is the only memory there is. So the work for a merge does not grow with the number of merges before it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain import rates
from tallyward.domain.access import Principal
from tallyward.domain.rates import Merge, State, Whose
from tallyward.domain.rates_now import (
    RateNow,
    abandoned_now,
    conflicts_now,
    first_pass_now,
    in_words,
    p95_now,
)
from tallyward.domain.scope import OverlapPolicy, overlap_policy
from tallyward.domain.trust import Trust, TrustFacts, trust
from tallyward.domain.trust_override import Override, overridden
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.services.overrides import standing_overrides
from tallyward.services.revising import (
    AFTER_ALL,
    BEFORE_ALL,
    Revised,
    append,
    merge_of,
    merges_before,
    revise,
    turns_before,
)
from tallyward.services.tenants import Tenants

AGENTS_MAX = 500


class Rates(Struct, kw_only=True):
    """The rates as they stand, and what the trust threshold and the scope policy make of them."""

    first_pass_merge_rate: RateNow
    rebase_conflict_rate: RateNow
    p95_attempts_to_merge: RateNow
    abandoned_rate: RateNow
    abandoned_of_opened_rate: RateNow
    early_warning: bool
    trust: Trust
    overlap: OverlapPolicy
    project: str | None
    last_merge_at: str | None
    says: dict[str, str]


class Crossing(Struct, kw_only=True):
    """A turn of a rate, as the outbox tells it."""

    seq: int
    kind: str
    payload: dict[str, Any]


class AfterMerge(Struct, kw_only=True):
    """The global rates after one merge."""

    merge_seq: int
    first_pass_merge_rate: RateNow
    rebase_conflict_rate: RateNow


class RateHistory(Struct, kw_only=True):
    """The rates after each of the last merges, oldest first, and the last turns that hold, newest first."""

    rates: list[AfterMerge]
    turns: list[Crossing]


class RateBook:
    """The rates of a ledger."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def after_merge(self, connection: Connection, tenant: str, event_id: int) -> None:
        """Appends what follows from a merge: turns of the series that it moves, and the rates after it."""
        (event,) = await fetch_all(connection, "find_event", {"id": event_id})
        payload = event["payload"]
        merge = merge_of({"agent": None, **event, **payload})
        bands = self._tenants.config(tenant).rates
        moved = [rates.OF_ALL, Whose(project=merge.project)] + [Whose(agent=merge.agent)] * (merge.agent is not None)
        for whose in moved:
            await revise(connection, rates.series_of(bands, whose), whose, merge.place)
        now = await read_rates(connection, merge.project, bands)
        of_all = now if now.rebase_conflict_rate.scope == rates.GLOBAL else await read_rates(connection, None, bands)
        told = {name: fact for name, fact in msgspec.to_builtins(now).items() if name != "says"}
        told["rebase_conflict_rate_global"] = msgspec.to_builtins(of_all.rebase_conflict_rate)
        await append(connection, rates.RATES, {"at": now.last_merge_at, "merge_seq": merge.seq, **told})

    async def replay(self, tenant: str, *, append: bool) -> tuple[int, int]:
        """Reckons the whole history anew: how many turns were missing, and how many were too many.

        Everything is reckoned while merges go on. Only what differs is then looked at again, from where it differs and
        while no merge can come in between, so that nobody waits for the length of the history.
        """
        missing = surplus = 0
        async with self._database.transaction(tenant) as connection:
            projects = [row["project"] for row in await fetch_all(connection, "list_merged_projects")]
            agents = await merged_agents(connection)
        for whose in (
            rates.OF_ALL,
            *(Whose(project=name) for name in projects),
            *(Whose(agent=name) for name in agents),
        ):
            found = await self._again(tenant, whose, BEFORE_ALL, locked=False, append=False)
            if found.added or found.withdrawn:
                found = await self._again(tenant, whose, found.place, locked=True, append=append)
            missing, surplus = missing + len(found.added), surplus + len(found.withdrawn)
        return missing, surplus

    async def _again(self, tenant: str, whose: Whose, place: str, *, locked: bool, append: bool) -> Revised:
        series = rates.series_of(self._tenants.config(tenant).rates, whose)
        async with self._database.transaction(tenant) as connection:
            if locked:
                await fetch_all(connection, "lock_outbox")
            return await revise(connection, series, whose, place, to_the_end=True, append=append)

    async def read(self, principal: Principal, project: str | None = None) -> Rates:
        """The rates as they stand; with a project, its own conflict rate where it has enough merges."""
        async with self._database.transaction(principal.tenant) as connection:
            return await read_rates(connection, project, self._tenants.config(principal.tenant).rates)

    async def history(self, principal: Principal, merges: int = 200, turns: int = 50) -> RateHistory:
        """The global rates after each of the last merges, by the merges themselves, and the last turns."""
        async with self._database.transaction(principal.tenant) as connection:
            known = await merges_before(connection, rates.OF_ALL, AFTER_ALL, merges + rates.WINDOW_MAX - 1)
            rows = await fetch_all(connection, "list_turns", {"limit": 2 * turns})
        undone = {row["payload"]["crossing"] for row in rows if row["kind"] == rates.WITHDRAWN}
        held = [row for row in rows if row["payload"]["crossing"] not in undone]
        held.sort(key=lambda row: row["payload"]["place"], reverse=True)
        after = [_after(known[: place + 1]) for place in range(max(0, len(known) - merges), len(known))]
        return RateHistory(rates=after, turns=[Crossing(**row) for row in held[:turns]])


def _after(merges: Sequence[Merge]) -> AfterMerge:
    return AfterMerge(
        merge_seq=merges[-1].seq,
        first_pass_merge_rate=first_pass_now(merges, "between"),
        rebase_conflict_rate=conflicts_now(merges, rates.GLOBAL, "between"),
    )


async def merged_agents(connection: Connection) -> list[str]:
    """The agents whose work was merged."""
    return [row["agent"] for row in await fetch_all(connection, "list_merged_agents", {"limit": AGENTS_MAX})]


async def read_rates(connection: Connection, project: str | None, bands: rates.RateBands) -> Rates:
    """The rates as they stand, on a connection that has said its tenant."""
    merges = await merges_before(connection, rates.OF_ALL, AFTER_ALL, rates.WINDOW_MAX)
    own: list[Merge] = []
    if project is not None:
        own = await merges_before(connection, Whose(project=project), AFTER_ALL, rates.WINDOW_MAX)
    (ended,) = await fetch_all(connection, "count_ended", {"limit": rates.ENDED_WINDOW})
    (opened,) = await fetch_all(connection, "count_opened", {"limit": rates.ENDED_WINDOW})
    names = [one.name for one in rates.series_of(bands)]
    names += [f"{rates.CONFLICTS}/project:{project}"]
    turns = await turns_before(connection, names, AFTER_ALL)
    override = (await standing_overrides(connection)).get(None)
    trust_line = bands.first_pass_merge_rate.low
    return told(merges, own, turns, {**ended, "opened": opened}, project, trust_line, override)


def told(  # noqa: PLR0913, PLR0917  # what was read, by name
    merges: Sequence[Merge],
    own: Sequence[Merge],
    turns: dict[str, Row],
    counts: Row,
    project: str | None,
    trust_line: float,
    override: Override | None = None,
) -> Rates:
    """The rates by what was read: the last merges of all and of the project, and the last turn of each series."""
    full = len(own) == rates.CONFLICT_WINDOW
    counted, whose = (own, Whose(project=project)) if full else (merges, rates.OF_ALL)
    conflicts = _state(turns, rates.CONFLICTS, whose)
    found = {
        rates.FIRST_PASS: first_pass_now(merges, _state(turns, rates.FIRST_PASS, rates.OF_ALL)),
        rates.CONFLICTS: conflicts_now(counted, whose.scope, conflicts),
        rates.P95: p95_now(merges),
        rates.ABANDONED: abandoned_now(counts["abandoned"], counts["ended"]),
        rates.ABANDONED_OPENED: abandoned_now(counts["opened"]["abandoned"], counts["opened"]["opened"]),
    }
    facts = trust_facts(merges, turns, rates.OF_ALL, trust_line)
    return Rates(
        **found,
        early_warning=facts.warned,
        trust=overridden(trust(facts), override, now=clock.now()),
        overlap=overlap_policy(conflicts),
        project=project,
        last_merge_at=merges[-1].place.partition("/")[0] if merges else None,
        says={name: in_words(name, rate) for name, rate in found.items()},
    )


def _state(turns: dict[str, Row], metric: str, whose: Whose) -> State:
    return turns.get(f"{metric}/{whose.scope}", {}).get("state", "undefined")


def trust_facts(merges: Sequence[Merge], turns: dict[str, Row], whose: Whose, line: float) -> TrustFacts:
    """What is known of the first-pass rate of all, or of one agent, from the last merges and the last turns."""
    turn = turns.get(f"{rates.FIRST_PASS}/{whose.scope}", {"state": "undefined", "place": ""})
    interval = first_pass_now(merges, turn["state"]).interval
    return TrustFacts(
        state=turn["state"],
        interval=(interval[0], interval[1]) if interval else None,
        warned=_state(turns, rates.WARNING, whose) == "above",
        since_turn=sum(merge.place > turn["place"] for merge in merges),
        lower_line=line,
    )
