"""What the readers of kept work share: lines go in, rows come out, and what is told twice is one row.

Agents keep transcripts that are full of content. A reader takes from them what `_base` allows and nothing else: ids,
names, counts, moments, outcomes. The same answer stands in a transcript once per block of its content, and again in
every file that was resumed or forked from it, so a reader folds what it is told by key: `joined` is the same join that
the server makes, and its order does not matter.

A reader is fed a file in slices and may be stopped between two of them: `state` is plain data, and a reader that is
made with it goes on where the other one stopped. Nothing here opens a file or asks what time it is.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from tallyward.capture._base import COUNT_MAX, CaptureSource, text

Row = dict[str, Any]
State = dict[str, Any]

KEY_CHARS_MAX = 500  # the server's limit for a key
OPEN_CALLS_MAX = 1_000  # calls without a result yet, in one file; nobody runs more at once
UNKNOWN_TYPES_MAX = 50  # names of record types to tell of; the rest of them are counted under one name
TYPE_CHARS_MAX = 60
COUNT_DIGITS_MAX = len(str(COUNT_MAX))
EPOCH_MILLISECONDS_MIN = 10**11  # as seconds this is the year 5138, so a number above it counts milliseconds
EARLIEST = "2000"  # an earlier moment is a clock that was never set
MILLISECONDS_CHARS = len("2026-01-02T03:04:05.678Z")
UNKNOWN_ENGINEER, UNKNOWN_MODEL = "unknown", "unknown"

_CACHE_WRITES = frozenset({"cache_write_5m_tokens", "cache_write_1h_tokens"})
_STATUS_RANK = {"abandoned": 0, "success": 1, "error": 2}
_DECODER = json.JSONDecoder()


class Told(NamedTuple):
    """One row for `POST /v1/<to>`.

    `key` is what it is counted once by. `closed` says that its outcome is known. What belongs to a prompt (`of_prompt`)
    has a key without the session, since a fork repeats its prompts under a session of its own.
    """

    to: str
    key: str
    row: Row
    closed: bool = True
    of_prompt: bool = False


@dataclass(frozen=True)
class Place:
    """Where a session worked: what git says of its directory, and who works there."""

    repo: str | None = None
    branch: str | None = None
    engineer_id: str = UNKNOWN_ENGINEER


@dataclass(frozen=True)
class Facts:
    """What a reader cannot know from the file itself; the caller found it out, so that reading stays pure."""

    runtime: Callable[[str], str]
    place: Callable[[str | None], Place] = lambda _directory: Place()
    repo_of_url: Callable[[str], str | None] = lambda _url: None
    fingerprint: Callable[[object], str | None] = lambda _arguments: None
    # Sums of tokens that a thread of Codex and its ancestors have told of.
    totals_of: Callable[[str], Collection[int]] = lambda _thread: ()
    # When the file was last written: stands in for a moment that no record has.
    written_at: str = "1970-01-01T00:00:00.000000Z"


@dataclass
class Counts:
    """What became of the lines. Everything that is not told is counted here by its reason."""

    lines: int = 0
    requests: int = 0  # reports of usage, before folding
    calls: int = 0  # reports of fires, before folding
    synthetic: int = 0  # answers that no model gave
    rejected_calls: int = 0  # calls that the program refused to make, so that nothing was run
    unpaired: int = 0  # results whose call was never seen
    unkeyed: int = 0  # usage without anything to count it once by
    undated: int = 0  # records without a usable moment; the nearest known one stands in
    broken: int = 0  # lines that are not a JSON object
    not_utf8: int = 0  # lines with bytes that are no text; read all the same
    unknown_types: dict[str, int] = field(default_factory=dict[str, int])

    def unknown(self, name: object) -> None:
        """Count a record of a type that this reader does not know."""
        shown = text(name, TYPE_CHARS_MAX) or "(none)"
        if shown not in self.unknown_types and len(self.unknown_types) >= UNKNOWN_TYPES_MAX:
            shown = "(others)"
        self.unknown_types[shown] = self.unknown_types.get(shown, 0) + 1

    def add(self, other: "Counts") -> None:
        """Count what `other` counted too."""
        for name, value in vars(other).items():
            if isinstance(value, int):
                setattr(self, name, getattr(self, name) + value)
        for name, times in other.unknown_types.items():
            self.unknown_types[name] = self.unknown_types.get(name, 0) + times


class TranscriptReader(CaptureSource, ABC):
    """Reads one file. Feed it whole lines with `line`, say `end` when there are no more, and `take` the rows."""

    def __init__(self, facts: Facts, state: State | None = None) -> None:
        self.facts = facts
        self.counts = Counts()
        self.state: State = state or {}
        self._told: dict[str, Told] = {}
        # Calls without a result so far, and results that came before their call.
        self._open: dict[str, Row] = self.state.setdefault("open", {})
        self._early: dict[str, Row] = self.state.setdefault("early", {})

    def line(self, raw: bytes) -> None:
        """Read one line."""
        self.counts.lines += 1
        record = self.parsed(raw)
        if record is not None:
            self.record(record)

    @abstractmethod
    def record(self, record: Row) -> None:
        """Read one record."""

    def end(self) -> None:
        """The file ends here, for now: tell of what is open as it stands."""
        for row in self._open.values():
            self.tell_fire(row, closed=False)

    def take(self) -> list[Told]:
        """The rows so far, each once; they are forgotten here."""
        taken, self._told = list(self._told.values()), {}
        return taken

    def parsed(self, raw: bytes) -> Row | None:
        """The object on a line; None if there is none. Bytes that are no text cost their letters, not the line."""
        try:
            line = raw.decode().strip()
        except UnicodeDecodeError:
            line = raw.decode(errors="replace").strip()
            self.counts.not_utf8 += 1
        found = decoded(line)
        self.counts.broken += found is None
        return found

    def moment_of(self, value: object) -> str:
        """`value` as a moment; else the last one that this file knew, else when the file was written."""
        known = moment(value)
        if known is not None:
            self.state["ts"] = known
            return known
        self.counts.undated += 1
        return self.state.get("ts") or self.facts.written_at

    def tell_usage(self, key: str, about: Row, counts: Row) -> None:
        """Tell of the usage of a request, once with other reports of it. Nothing in `about` and `counts` is empty."""
        self.counts.requests += 1
        name = f"usage {key}"
        known = self._told.get(name)
        if known is None:
            self._told[name] = Told("usage", name, {**about, "request_key": key, **counts})
            return
        row = known.row
        grown = [name for name, count in counts.items() if count > row.get(name, 0)]
        if about["ts"] >= row["ts"] and row["model"] == about["model"] and _CACHE_WRITES.isdisjoint(grown):
            for name in grown:  # the usual case: one more line of the same answer
                row[name] = counts[name]
        else:
            self._told[name] = known._replace(row=joined(row, {**about, "request_key": key, **counts}))

    def tell_fire(self, row: Row, *, closed: bool) -> None:
        """Tell of a fire that has a key of its own."""
        self.counts.calls += 1
        self._tell(Told("trace", f"trace {row['fire_key']}", row, closed))

    def tell_prompt(self, row: Row, *, closed: bool) -> None:
        """Tell of a fire that goes by its prompt: the prompt's own work, or a command typed in it."""
        self.counts.calls += 1
        self._tell(Told("trace", f"prompt {row['prompt_id']}:{row['skill_name']}", row, closed, of_prompt=True))

    def call(self, key: str, row: Row) -> None:
        """A call was made: it is told of when its result is known, or at the end."""
        self._open[key] = row
        if len(self._open) > OPEN_CALLS_MAX:
            self.tell_fire(self._open.pop(next(iter(self._open))), closed=False)
        early = self._early.pop(key, None)
        if early is not None:
            self.result(key, early)

    def result(self, key: str, known: Row) -> None:
        """What came of a call: what is in `known` holds. Without a status it was never made."""
        row = self._open.pop(key, None)
        if row is not None and known.get("status") is None:
            self.counts.rejected_calls += 1
        elif row is not None:
            self.tell_fire(self.closed(row, compact(known)), closed=True)
        elif len(self._early) < OPEN_CALLS_MAX:
            self._early[key] = known
        else:
            self.counts.unpaired += 1

    def closed(self, row: Row, known: Row) -> Row:
        """The call with its result."""
        return {**row, **known}

    def _tell(self, told: Told) -> None:
        known = self._told.get(told.key)
        self._told[told.key] = told if known is None else merged(known, told)


def decoded(line: str) -> Row | None:
    """The object that a text without space around it is, if it is one."""
    value: object = None
    with suppress(ValueError, RecursionError):
        value, end = _DECODER.raw_decode(line)  # quicker than `loads`, which looks for space on both sides
        value = value if end == len(line) else None
    return cast("Row", value) if isinstance(value, dict) else None


def moment(value: object) -> str | None:
    """A moment in RFC 3339 and UTC, from text or a number since 1970; None for none, for zero and for nonsense."""
    try:
        if isinstance(value, str) and not value.isdigit():
            found = datetime.fromisoformat(value)
            if len(value) == MILLISECONDS_CHARS and value[-1] == "Z" and value[10] == "T":
                return f"{value[:-1]}000Z" if value > EARLIEST else None  # as agents write it, and quick
            if found.tzinfo is None:
                return None  # whose noon it was, nobody knows
            found = found.astimezone(UTC)
        else:
            seconds = float(cast("Any", value))
            if isinstance(value, bool) or seconds <= 0:
                return None
            found = datetime.fromtimestamp(seconds / (1000 if seconds >= EPOCH_MILLISECONDS_MIN else 1), UTC)
        written = found.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return written if written > EARLIEST else None


def number(value: object) -> int:
    """`value` as a count: a whole number of at least 0, also where it was written as text; else 0."""
    if type(value) is int:  # the usual case; a bool is none
        return value if 0 <= value <= COUNT_MAX else 0
    if isinstance(value, str):
        value = float(value) if value.isascii() and value.isdigit() and len(value) <= COUNT_DIGITS_MAX else 0.0
    return int(value) if isinstance(value, float) and 0 <= value <= COUNT_MAX else 0


def objects(value: object) -> list[Row]:
    """The objects in `value`, if it is a list; anything else in it is passed over."""
    entries = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Row", entry) for entry in entries if isinstance(entry, dict)]


def compact(row: Row) -> Row:
    """The row without what is null or nothing: the server takes both for what is not there."""
    return {name: value for name, value in row.items() if value}


def merged(known: Told, told: Told) -> Told:
    """What is known with what is told now. Whoever knows the outcome is right about the moment, too."""
    if known.closed != told.closed:
        return known if known.closed else told
    return known._replace(row=joined(known.row, told.row))


def joined(one: Row, other: Row) -> Row:
    """What two reports of one thing say together. The order matters only for the session: the first word holds."""
    row = {**other, **one}
    for name in one.keys() & other.keys():
        ours, theirs = one[name], other[name]
        if ours == theirs or name == "session_id" or name in _CACHE_WRITES:
            continue
        if name == "ts":
            row[name] = min(ours, theirs)
        elif name == "status":
            row[name] = max(ours, theirs, key=_STATUS_RANK.__getitem__)
        else:
            row[name] = max(ours, theirs)
    if "request_key" in one:
        for name in _CACHE_WRITES:
            row.pop(name, None)
        row |= _cache_writes(one, other)
    return row


def _cache_writes(one: Row, other: Row) -> Row:
    """What was written to the cache: the sum and the hour's part take the greatest, five minutes are the rest."""
    hour = max(row.get("cache_write_1h_tokens", 0) for row in (one, other))
    whole = max(row.get("cache_write_5m_tokens", 0) + row.get("cache_write_1h_tokens", 0) for row in (one, other))
    return compact({"cache_write_5m_tokens": whole - hour, "cache_write_1h_tokens": hour})
