"""Reckons a merge into the rates, in the transaction of the merge, and tells the rates as they stand.

What is decided is in `domain/rates.py`; this reads the windows by an index, appends what follows, and keeps nothing
else: the outbox is the only memory there is. So the work for a merge does not grow with the number of merges before it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain import rates
from tallyward.domain.access import Principal
from tallyward.domain.rates import Known, Merge, Revision, Series, State, Turn
from tallyward.domain.rates_now import RateNow, abandoned_now, conflicts_now, first_pass_now, p95_now
from tallyward.domain.scope import OverlapPolicy, overlap_policy
from tallyward.domain.trust import Trust, TrustFacts, trust
from tallyward.ledger.database import Connection, Database, Row, fetch_all
from tallyward.services.tenants import Tenants

_BEFORE_ALL, _AFTER_ALL = "", "~"  # places begin with a digit
_OF_PROJECT = {"merges_before": "merges_before_of", "merges_from": "merges_from_of"}
_CHUNK = 512  # merges that are read at once where a late one moved those after it


class Rates(Struct, kw_only=True):
    """The rates as they stand, and what the trust threshold and the scope policy make of them."""

    first_pass_merge_rate: RateNow
    rebase_conflict_rate: RateNow
    p95_attempts_to_merge: RateNow
    abandoned_rate: RateNow
    early_warning: bool
    trust: Trust
    overlap: OverlapPolicy
    project: str | None
    last_merge_at: str | None


class Crossing(Struct, kw_only=True):
    """A turn of a rate, as the outbox tells it."""

    seq: int
    kind: str
    payload: dict[str, Any]


class RateHistory(Struct, kw_only=True):
    """The rates after each of the last merges, oldest first, and the last turns, newest first."""

    rates: list[dict[str, Any]]
    turns: list[Crossing]


class RateBook:
    """The rates of a ledger."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants

    async def after_merge(self, connection: Connection, tenant: str, event_id: int) -> None:
        """Appends what follows from a merge: turns of the series that it moves, and the rates after it."""
        (event,) = await fetch_all(connection, "find_event", {"id": event_id})
        merge = _merge({**event, **event["payload"]})
        bands = self._tenants.config(tenant).rates
        for project in (None, merge.project):
            await _revise(connection, rates.series_of(bands, project), project, merge.place)
        now = await _read(connection, merge.project, bands)
        of_all = now if now.rebase_conflict_rate.scope == rates.GLOBAL else await _read(connection, None, bands)
        payload = {"at": now.last_merge_at, "merge_seq": merge.seq, **msgspec.to_builtins(now)}
        payload["rebase_conflict_rate_global"] = msgspec.to_builtins(of_all.rebase_conflict_rate)
        await _append(connection, rates.RATES, payload)

    async def replay(self, tenant: str, *, append: bool) -> tuple[int, int]:
        """Reckons the whole history anew: how many turns were missing, and how many were too many."""
        bands = self._tenants.config(tenant).rates
        missing = surplus = 0
        async with self._database.transaction(tenant) as connection:
            if append:  # else merges go on meanwhile; each is known with its turns or not at all
                await fetch_all(connection, "lock_outbox")
            projects = [row["project"] for row in await fetch_all(connection, "list_merged_projects")]
            for project in (None, *projects):
                found = rates.series_of(bands, project)
                added, withdrawn = await _revise(
                    connection, found, project, _BEFORE_ALL, to_the_end=True, append=append
                )
                missing, surplus = missing + added, surplus + withdrawn
        return missing, surplus

    async def read(self, principal: Principal, project: str | None = None) -> Rates:
        """The rates as they stand; with a project, its own conflict rate where it has enough merges."""
        async with self._database.transaction(principal.tenant) as connection:
            return await _read(connection, project, self._tenants.config(principal.tenant).rates)

    async def history(self, principal: Principal, merges: int = 200, turns: int = 50) -> RateHistory:
        """The rates after each of the last merges, and the last turns."""
        async with self._database.transaction(principal.tenant) as connection:
            told = await fetch_all(connection, "list_rates", {"limit": merges})
            found = await fetch_all(connection, "list_turns", {"limit": turns})
        return RateHistory(rates=[row["payload"] for row in reversed(told)], turns=[Crossing(**row) for row in found])


async def _read(connection: Connection, project: str | None, bands: rates.RateBands) -> Rates:
    newest = {"place": _AFTER_ALL, "limit": rates.WINDOW_MAX}
    merges = [_merge(row) for row in await fetch_all(connection, "merges_before", newest)][::-1]
    own: list[Merge] = []
    if project is not None:
        rows = await fetch_all(connection, "merges_before_of", {**newest, "project": project})
        own = [_merge(row) for row in rows][::-1]
    (ended,) = await fetch_all(connection, "count_ended", {"limit": rates.ENDED_WINDOW})
    names = [one.name for one in rates.series_of(bands, None)]
    names += [f"{rates.CONFLICTS}/project:{project}"]
    rows = await fetch_all(connection, "states_before", {"names": names, "place": _AFTER_ALL})
    trust_line = bands.first_pass_merge_rate.low
    return told(merges, own, {row["series"]: row for row in rows}, ended, project, trust_line)


def told(  # noqa: PLR0913, PLR0917  # what was read, by name
    merges: Sequence[Merge],
    own: Sequence[Merge],
    turns: dict[str, Row],
    ended: Row,
    project: str | None,
    trust_line: float,
) -> Rates:
    """The rates by what was read: the last merges of all and of the project, and the last turn of each series."""

    def state(metric: str, scope: str = rates.GLOBAL) -> State:
        return turns.get(f"{metric}/{scope}", {}).get("state", "undefined")

    first_pass = first_pass_now(merges, state(rates.FIRST_PASS))
    counted, whose = merges, rates.GLOBAL
    if len(own) == rates.CONFLICT_WINDOW:
        counted, whose = own, f"project:{project}"
    conflicts = conflicts_now(counted, whose, state(rates.CONFLICTS, whose))
    warned = state(rates.WARNING) == "above"
    return Rates(
        first_pass_merge_rate=first_pass,
        rebase_conflict_rate=conflicts,
        p95_attempts_to_merge=p95_now(merges),
        abandoned_rate=abandoned_now(ended["abandoned"], ended["ended"]),
        early_warning=warned,
        trust=_trust(merges, turns, first_pass, trust_line, warned=warned),
        overlap=overlap_policy(state(rates.CONFLICTS, whose)),
        project=project,
        last_merge_at=merges[-1].place.partition("/")[0] if merges else None,
    )


def _trust(merges: Sequence[Merge], turns: dict[str, Row], first_pass: RateNow, line: float, *, warned: bool) -> Trust:
    turn = turns.get(f"{rates.FIRST_PASS}/{rates.GLOBAL}", {"state": "undefined", "place": ""})
    return trust(
        TrustFacts(
            state=turn["state"],
            interval=(first_pass.interval[0], first_pass.interval[1]) if first_pass.interval else None,
            warned=warned,
            since_turn=sum(merge.place > turn["place"] for merge in merges),
            lower_line=line,
        )
    )


async def _revise(  # noqa: PLR0913  # what to reckon anew, from where, and how far
    connection: Connection,
    series: Sequence[Series],
    project: str | None,
    place: str,
    *,
    to_the_end: bool = False,
    append: bool = True,
) -> tuple[int, int]:
    """Reckons these series anew from the merge at `place` on, and appends what the outbox does not tell yet."""
    names = [one.name for one in series]
    asked = {"project": project, "place": place, "limit": rates.WINDOW_MAX}
    before = [_merge(row) for row in await fetch_all(connection, _of(project, "merges_before"), asked)][::-1]
    states = await _states(connection, names, place)
    runs = [Revision(one, before, states.get(one.name, "undefined")) for one in series]
    active, last = runs, False
    while active and not last:
        chunk = await fetch_all(connection, _of(project, "merges_from"), {**asked, "place": place, "limit": _CHUNK})
        last = len(chunk) < _CHUNK
        known = await _known(connection, names, place)
        for merge in map(_merge, chunk):
            for run in active:
                run.step(merge, known.get((run.reckoner.series.name, merge.place)))
            active = [run for run in active if to_the_end or not run.settled]
        place = f"{chunk[-1]['place']}+" if chunk else place  # just after it
    withdrawn = [turn for run in runs for turn in run.withdrawn]
    added = [turn for run in runs for turn in run.added]
    if append:
        await _tell(connection, series, withdrawn, added)
    return len(added), len(withdrawn)


async def _tell(
    connection: Connection, series: Sequence[Series], withdrawn: Iterable[Known], added: Iterable[Turn]
) -> None:
    by_name = {one.name: one for one in series}
    for known in withdrawn:
        one = by_name[known.series]
        said = {"metric": one.metric, "scope": one.scope, "series": one.name, "place": known.place}
        await _append(connection, rates.WITHDRAWN, {**said, "crossing": known.id})
    for turn in added:
        one = by_name[turn.series]
        await _append(connection, turn.kind, _told(one, turn))


def _told(one: Series, turn: Turn) -> dict[str, Any]:
    below = turn.state == "below"
    line = one.band.low if below else one.band.high
    return {
        "crossing": turn.id,
        "metric": one.metric,
        "scope": one.scope,
        "series": one.name,
        "direction": None if turn.kind == rates.FILLED else "down" if below else "up",
        "from": turn.before,
        "state": turn.state,
        "value": turn.value,
        "threshold": None if turn.state == "between" else line,
        "window": one.window,
        "at": turn.merge.place.partition("/")[0],
        "merge_seq": turn.merge.seq,
        "place": turn.merge.place,
    }


async def _append(connection: Connection, kind: str, payload: dict[str, Any]) -> None:
    await fetch_all(connection, "append_event", {"kind": kind, "payload": msgspec.json.encode(payload).decode()})


async def _states(connection: Connection, names: list[str], place: str) -> dict[str, State]:
    """The state of each series before `place`; one that has had no turn is not among them."""
    rows = await fetch_all(connection, "states_before", {"names": names, "place": place})
    return {row["series"]: row["state"] for row in rows}


async def _known(connection: Connection, names: list[str], place: str) -> dict[tuple[str, str], Known]:
    rows = await fetch_all(connection, "turns_from", {"names": names, "place": place})
    return {(row["series"], row["place"]): Known(**row) for row in rows}


def _of(project: str | None, query: str) -> str:
    return query if project is None else _OF_PROJECT[query]


def _merge(row: Row) -> Merge:
    return Merge(row["place"], row["seq"], row["project"], row["attempts"], row["verdict"])
