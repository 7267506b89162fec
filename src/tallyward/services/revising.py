"""Reckons series of rates anew from some merge on, against what the outbox tells of them, and appends the difference.

The outbox is the only memory: where a window begins is read from it by an index, and what was turned is known by its
events. So one function serves a merge that has just come, one that was told late, and a replay of everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tallyward.domain import rates
from tallyward.domain.rates import Known, Merge, Revision, Series, State, Turn, Whose
from tallyward.ledger.database import Connection, Row, fetch_all

BEFORE_ALL, AFTER_ALL = "", "~"  # places begin with a digit
_QUERIES = {  # of all merges, of one project's, of one agent's
    "merges_before": ("merges_before", "merges_before_of", "merges_before_of_agent"),
    "merges_from": ("merges_from", "merges_from_of", "merges_from_of_agent"),
}
_CHUNK = 512  # merges that are read at once where a late one moved those after it


@dataclass(frozen=True)
class Revised:
    """Which turns were missing and which were too many; `place` is the first merge at which anything differed."""

    added: tuple[Turn, ...] = ()
    withdrawn: tuple[Known, ...] = ()
    place: str = AFTER_ALL


async def revise(  # noqa: PLR0913  # what to reckon anew, from where, and how far
    connection: Connection,
    series: Sequence[Series],
    whose: Whose,
    place: str,
    *,
    to_the_end: bool = False,
    append: bool = True,
) -> Revised:
    """Reckons these series anew from the merge at `place` on, and appends what the outbox does not tell yet."""
    names = [one.name for one in series]
    asked = {"project": whose.project, "agent": whose.agent, "place": place, "limit": rates.WINDOW_MAX}
    before = await merges_before(connection, whose, place, rates.WINDOW_MAX)
    states = await _states(connection, names, place)
    runs = [Revision(one, before, states.get(one.name, "undefined")) for one in series]
    active, last = runs, False
    while active and not last:
        chunk = await fetch_all(connection, _query("merges_from", whose), {**asked, "place": place, "limit": _CHUNK})
        last = len(chunk) < _CHUNK
        known = await _known(connection, names, place)
        for merge in map(merge_of, chunk):
            for run in active:
                run.step(merge, known.get((run.reckoner.series.name, merge.place)))
            active = [run for run in active if to_the_end or not run.settled]
        place = f"{chunk[-1]['place']}+" if chunk else place  # just after it
    found = _sum(runs)
    if append:
        await _tell(connection, series, found)
    return found


def _sum(runs: Sequence[Revision]) -> Revised:
    added = [turn for run in runs for turn in run.added]
    withdrawn = [turn for run in runs for turn in run.withdrawn]
    places = [turn.merge.place for turn in added] + [turn.place for turn in withdrawn]
    return Revised(tuple(added), tuple(withdrawn), min(places, default=AFTER_ALL))


async def merges_before(connection: Connection, whose: Whose, place: str, limit: int) -> list[Merge]:
    """The last merges before a place, oldest first."""
    asked = {"project": whose.project, "agent": whose.agent, "place": place, "limit": limit}
    return [merge_of(row) for row in await fetch_all(connection, _query("merges_before", whose), asked)][::-1]


async def _tell(connection: Connection, series: Sequence[Series], found: Revised) -> None:
    by_name = {one.name: one for one in series}
    for known in found.withdrawn:
        one = by_name[known.series]
        said = {"metric": one.metric, "scope": one.scope, "series": one.name, "place": known.place}
        await append(connection, rates.WITHDRAWN, {**said, "crossing": known.id})
    for turn in found.added:
        one = by_name[turn.series]
        await append(connection, turn.kind, _told(one, turn))


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


async def append(connection: Connection, kind: str, payload: dict[str, Any]) -> None:
    """Appends one event that is about no work item."""
    await fetch_all(connection, "append_event", {"kind": kind, "payload": msgspec.json.encode(payload).decode()})


async def turns_before(connection: Connection, names: Iterable[str], place: str) -> dict[str, Row]:
    """The last turn of each series before `place`; one that has had none is not among them."""
    rows = await fetch_all(connection, "states_before", {"names": list(names), "place": place})
    return {row["series"]: row for row in rows}


async def _states(connection: Connection, names: list[str], place: str) -> dict[str, State]:
    return {name: row["state"] for name, row in (await turns_before(connection, names, place)).items()}


async def _known(connection: Connection, names: list[str], place: str) -> dict[tuple[str, str], Known]:
    rows = await fetch_all(connection, "turns_from", {"names": names, "place": place})
    return {(row["series"], row["place"]): Known(**row) for row in rows}


def _query(name: str, whose: Whose) -> str:
    of_all, of_project, of_agent = _QUERIES[name]
    if whose.project is not None:
        return of_project
    return of_all if whose.agent is None else of_agent


def merge_of(row: Row) -> Merge:
    return Merge(row["place"], row["seq"], row["project"], row["attempts"], row["verdict"], row["agent"])
