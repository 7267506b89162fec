"""The laptop's books by day and engineer, which balance by how they are made.

    fired   = spooled + lost
    spooled = sent + waiting
    sent    = stored + duplicate + refused

A row is booked by the day and the engineer that it carries itself. What was answered is counted by the sender
(`client/counters.py`), what waits is counted where it lies, and what could not be kept by whoever could not keep it.
So no counter is written on a hook's way, and none can be behind the rows. Losses have no engineer: they are booked to
`unknown`. A doctor's canary is in no book.
How long the hooks took is kept beside: `hook_ms`, counts as in `hook_times.py`, where a hook has told.
"""

from typing import Any

from tallyward import clock, hook_times, ids
from tallyward.client import counters, segments
from tallyward.client.segments import Line

UNKNOWN = "unknown"
Row = dict[str, Any]


def place(line: Line) -> tuple[str, str] | None:
    """The day and the engineer that a line is booked to; None for a canary."""
    row = line.row
    if row is None:
        return clock.iso_now()[:10], UNKNOWN
    session, moment, engineer = row.get("session_id"), row.get("ts"), row.get("engineer_id")
    if ids.is_canary(session):
        return None
    day = moment[:10] if isinstance(moment, str) else clock.iso_now()[:10]
    return day, engineer if isinstance(engineer, str) and engineer else UNKNOWN


def rows(root: str) -> list[Row]:
    """One row for each day and engineer, oldest first."""
    counted = counters.load(root)
    booked: dict[tuple[str, str], Row] = {}
    for day, engineers in counted.days.items():
        for engineer, outcomes in engineers.items():
            _row(booked, day, engineer).update(outcomes)
    for day, engineers in counted.hook_ms.items():
        for engineer, counts in engineers.items():
            _row(booked, day, engineer)["hook_ms"] = counts
    for day, lost in segments.losses_by_day(root).items():
        if any(lost.values()) and day:
            _row(booked, day, UNKNOWN)["losses"].update(lost)
    for line in _waiting(root, counted):
        where = place(line)
        if where is not None and line.row is not None:
            _row(booked, *where)["waiting"] += 1
            _took(_row(booked, *where), line)
    return [_balanced(booked[key]) for key in sorted(booked)]


def _took(row: Row, line: Line) -> None:
    if line.hook_ms is not None:
        row["hook_ms"] = row["hook_ms"] or [0] * len(hook_times.BOUNDS)
        row["hook_ms"][hook_times.place(line.hook_ms)] += 1


def _row(booked: dict[tuple[str, str], Row], day: str, engineer: str) -> Row:
    empty: Row = {
        "day": day,
        "engineer_id": engineer,
        "waiting": 0,
        "losses": {},
        "hook_ms": None,
        **dict.fromkeys(counters.OUTCOMES, 0),
    }
    return booked.setdefault((day, engineer), empty)


def _waiting(root: str, counted: counters.Counters) -> list[Line]:
    """The lines that nobody has answered for yet."""
    found: list[Line] = []
    for path in [*segments.pending(root), segments.folder(root) / "fires.ndjson"]:
        try:
            lines = list(segments.lines(path))
        except FileNotFoundError:
            continue  # It was taken or delivered in this moment.
        found += lines[counted.counted_of(path.name, len(lines)) :]
    return found


def _balanced(row: Row) -> Row:
    losses: dict[str, int] = {**row["losses"], "corrupt": row["corrupt"]}
    sent = row["stored"] + row["duplicate"] + row["refused"]
    spooled, lost = sent + row["waiting"], sum(losses.values())
    return {
        "day": row["day"],
        "engineer_id": row["engineer_id"],
        "fired": spooled + lost,
        "spooled": spooled,
        "lost": lost,
        "losses": {reason: count for reason, count in losses.items() if count},
        "waiting": row["waiting"],
        "sent": sent,
        "stored": row["stored"],
        "duplicate": row["duplicate"],
        "refused": row["refused"],
        "hook_ms": row["hook_ms"],
    }
