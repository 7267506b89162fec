"""Delivering the spool: every row ends stored, rejected or still here, and each of the three is counted.

A row leaves the laptop's disk only after the server has said 202, which it says after its commit. What was sent twice
because an answer got lost is one row there (rows carry keys). A batch that the server cannot read at all is halved
until the row at fault stands alone; so one bad row never holds up the others, nor takes them along.

One delivery at a time: the sender and `tally flush` share `spool/delivery.lock`.
"""

import fcntl
import json
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from tallyward import clock
from tallyward.client import backoff, counters, day_counts, home, segments, spool
from tallyward.client.link import Answer, Link
from tallyward.client.segments import Line
from tallyward.errors import DeliveryPostponed, TallyError

BATCH_ROWS_MAX = 1_000  # half a megabyte: one commit there, one short request here
SEGMENTS_PER_ROUND_MAX = 100  # a spool that fills while it is emptied waits for the next round
# What a server of an older version refuses by its name: it shall have the row without.
NEWER_FIELDS = ("request_bytes", "response_bytes")
_UNREADABLE = (400, 413, 415, 422)  # it is the body's fault, not the moment's, if our server says so


@dataclass
class Round:
    """What one delivery came to. `reason` says why something is left, if something is."""

    stored: int = 0
    rejected: int = 0
    corrupt: int = 0
    left: int = 0
    reason: str | None = None
    retry_after: float | None = None  # what the server asked for


def deliver(root: str, environ: Mapping[str, str], lock_seconds: float = 0.0) -> Round:
    """Deliver all that waits. Raises nothing for a server that does not take it: the round says so."""
    done = Round()
    with _alone(root, lock_seconds) as alone:
        if not alone:
            done.reason = "another delivery is under way"
        elif segments.anything_waits(root):
            _deliver_counted(root, environ, done)
    done.left = segments.waiting(root).rows
    return done


@contextmanager
def _alone(root: str, lock_seconds: float) -> Generator[bool]:
    """Whether nobody else delivers, for as long as the block runs."""
    folder = segments.folder(root)
    if not folder.exists():
        yield True
        return
    fd = os.open(folder / "delivery.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield spool.lock(fd, clock.elapsed_seconds() + lock_seconds)
    finally:
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def _deliver_counted(root: str, environ: Mapping[str, str], done: Round) -> None:
    counted = counters.load(root)
    try:
        link = _link(root, environ)
        for _ in range(SEGMENTS_PER_ROUND_MAX):
            waiting = segments.pending(root)
            segment = waiting[0] if waiting else segments.take(root)
            if segment is None:
                break
            _deliver_segment(root, link, segment, counted, done)
        backoff.clear(root)
    except TallyError as error:
        done.reason = error.message
        counted.failed(done.reason)
        backoff.postpone(root, done.retry_after)
    finally:
        counters.save(root, counted)


def _link(root: str, environ: Mapping[str, str]) -> Link:
    """The way to the server. A machine that was connected while the server was down learns its key now."""
    config = home.read_config(root, environ)
    if not (config.server and config.token):
        raise DeliveryPostponed("this machine is not connected to a server")
    link = Link(config.server, config.token)
    if config.arg_key is None:
        learn(root, link)
    return link


def learn(root: str, link: Link) -> None:
    """Ask the server for the tenant, its key and the token's engineer, and keep them for the hooks."""
    answer = link.call("GET", "/v1/capture-config")
    if answer.status == 200:  # noqa: PLR2004  # HTTP's word for yes
        said = {key: answer.body.get(key) for key in ("tenant", "arg_key", "engineer_id")}
        known = home.read_object(f"{root}/config.json")
        with suppress(OSError):  # A read-only home: then arguments have no hash, and everything else goes on.
            home.write_object(f"{root}/config.json", {**known, **said})
    elif answer.status in (401, 403):
        raise DeliveryPostponed(answer.error)


def _deliver_segment(root: str, link: Link, segment: Path, counted: counters.Counters, done: Round) -> None:
    """Deliver one segment in order. What is answered is gone from the file even if the next batch fails."""
    whole = list(segments.lines(segment))
    rest = whole[counted.counted_of(segment.name, len(whole)) :]
    try:
        for batch in _batches(rest):
            if batch[0].row is None:
                _set_aside(root, batch, counted, done)
            else:
                _deliver_counted_batch(root, link, batch, counted, done)
            rest = rest[len(batch) :]
            counted.reaches(segment.name, len(rest))
            counters.save(root, counted)
    finally:
        if len(rest) != len(whole) or not whole:
            segments.keep_rest(segment, rest)


def _set_aside(root: str, batch: list[Line], counted: counters.Counters, done: Round) -> None:
    """Lines that nobody can read."""
    for line in batch:
        segments.set_aside(root, "corrupt.ndjson", line.raw)
    counted.corrupt += len(batch)
    done.corrupt += len(batch)
    _book(counted, batch, corrupt=len(batch))


def _deliver_counted_batch(root: str, link: Link, batch: list[Line], counted: counters.Counters, done: Round) -> None:
    taken = _deliver_batch(link, batch, done)
    for line, why in taken.refused:
        segments.set_aside(root, "rejected.ndjson", json.dumps({"why": why, "row": line.row}).encode())
    counted.delivered(taken.kept, len(taken.refused))
    _book(counted, batch, stored=taken.kept - taken.duplicate, duplicate=taken.duplicate, refused=len(taken.refused))
    done.stored += taken.kept
    done.rejected += len(taken.refused)


def _book(counted: counters.Counters, batch: list[Line], **rows: int) -> None:
    """Book a batch, all of one place."""
    where = day_counts.place(batch[0])
    if where is not None:
        counted.book(*where, **rows)
        counted.took(*where, [line.hook_ms for line in batch if line.hook_ms is not None])


def _batches(lines: list[Line]) -> Iterator[list[Line]]:
    """Lines of one kind, one day and one engineer, in order, a thousand at most."""
    for _, same in groupby(lines, key=lambda line: (line.target, day_counts.place(line))):
        group = list(same)
        for start in range(0, len(group), BATCH_ROWS_MAX):
            yield group[start : start + BATCH_ROWS_MAX]


@dataclass
class _Taken:
    """What the server made of a batch: how many rows it has, how many of those it knew, which it will never take."""

    kept: int
    duplicate: int
    refused: list[tuple[Line, str]]

    def __add__(self, other: "_Taken") -> "_Taken":
        return _Taken(self.kept + other.kept, self.duplicate + other.duplicate, [*self.refused, *other.refused])


def _deliver_batch(link: Link, batch: list[Line], done: Round) -> _Taken:
    answer = link.call("POST", f"/v1/{batch[0].target}?partial=true", [line.row for line in batch])
    if answer.status == 202:  # noqa: PLR2004  # the only word that means: kept
        kept, refused = _confirmed(answer, batch)
        taken = _Taken(kept, min(answer.duplicate, kept), [one for one in refused if not _is_too_new(*one)])
        plainer = [_plainer(line) for line, why in refused if _is_too_new(line, why)]
        return taken + _deliver_batch(link, plainer, done) if plainer else taken
    if answer.status not in _UNREADABLE or answer.code is None:
        done.retry_after = answer.retry_after
        raise DeliveryPostponed(answer.error)
    if len(batch) == 1:
        return _Taken(0, 0, [(batch[0], answer.error)])
    middle = len(batch) // 2
    return _deliver_batch(link, batch[:middle], done) + _deliver_batch(link, batch[middle:], done)


def _is_too_new(line: Line, why: str) -> bool:
    field = why.partition(":")[0]
    return field in NEWER_FIELDS and field in (line.row or {})


def _plainer(line: Line) -> Line:
    """The line as servers of every version take it."""
    return replace(line, row={name: value for name, value in (line.row or {}).items() if name not in NEWER_FIELDS})


def _confirmed(answer: Answer, batch: list[Line]) -> tuple[int, list[tuple[Line, str]]]:
    """Read a 202: which rows are kept, and which have a reason. Usage is answered with counts, all else with ids."""
    ids: object = answer.body.get("ids")
    told = len(cast("list[Any]", ids)) if isinstance(ids, list) else _counted(answer)
    if told != len(batch):
        raise DeliveryPostponed("the server's answer does not tell which rows it has kept")
    refused: list[tuple[Line, str]] = []
    for error in cast("list[dict[str, Any]]", answer.body.get("errors") or []):
        index = error.get("index")
        if isinstance(index, int) and 0 <= index < len(batch):
            refused.append((batch[index], f"{error.get('field') or 'row'}: {error.get('message')}"))
    return len(batch) - len(refused), refused


def _counted(answer: Answer) -> int:
    """How many rows an answer of counts speaks of."""
    counts = [answer.body.get(name) for name in ("stored", "duplicate", "ignored")]
    refused = cast("list[Any]", answer.body.get("errors") or [])
    return sum(count for count in counts if isinstance(count, int)) + len(refused)
