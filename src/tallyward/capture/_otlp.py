"""What the exporters of agent programs send over OTLP, taken apart so that only what was asked for by name is left.

Clients put content into their telemetry: Codex ships the arguments and the output of every tool by default. So nothing
is copied here. Of a resource, a log record and a span the few attributes on a list survive, as plain values of one
line; bodies, events, links and every other attribute are never looked at.

A document is OTLP/JSON as a parsed object; a protobuf body is first brought to the same shape by whoever has a decoder.
Numbers may be texts and texts may be null, as clients send them. A record that cannot be read is one rejected record.

Pure and standard library only, so that a laptop may strip its own telemetry before anything leaves it.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from tallyward.capture._base import COUNT_MAX, HANDLE_CHARS_MAX, RUNTIMES, TEXT_CHARS_MAX, CaptureSource, count, text
from tallyward.errors import BadRequest, TooLarge

Kind = Literal["logs", "traces", "metrics"]
Values = dict[str, str | int | float | bool]
Row = dict[str, Any]

LAYERS: dict[Kind, tuple[str, str, str]] = {
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
}
RESOURCE_ATTRIBUTES = frozenset({
    "service.name", "tally.engineer", "tally.runtime", "vcs.owner.name", "vcs.repository.name", "vcs.ref.head.name",
})  # fmt: skip
# What every source may read of a record beside its own list.
RECORD_ATTRIBUTES = RESOURCE_ATTRIBUTES | {"event.name", "event.timestamp"}
RECORDS_MAX = 200_000  # in one export; real ones of 64 MiB hold half of that
KEY_CHARS_MAX = 500  # the server's limit for a key
UNKNOWN_ENGINEER = "unknown"
UNKNOWN_NAME = "unknown"  # the weakest of all names: any path that knows better wins
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAILED = 2  # STATUS_CODE_ERROR
_NANOS_MAX = 2**64


@dataclass(frozen=True)
class Signal:
    """One log record or span, as far as it may be known. `span` is `<trace id>:<span id>`, for spans only."""

    name: str
    scope: str
    resource: Values
    values: Values
    at: str | None
    span: str | None = None
    failed: bool = False
    latency_ms: int | None = None

    def text(self, name: str, chars_max: int = TEXT_CHARS_MAX) -> str | None:
        """An attribute of the record if it is text, else None."""
        return text(self.values.get(name), chars_max)

    def count(self, *names: str) -> int | None:
        """The first of these attributes that is a whole number, sent as a number or as text."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, str) and value.isascii() and value.isdigit():
                value = int(value[:20])
            found = count(value)
            if found is not None:
                return found
        return None

    def yes(self, name: str) -> bool | None:
        """An attribute that is a yes or a no, sent as such or as text."""
        value = self.values.get(name)
        return {"true": True, "false": False}.get(str(value).lower())

    def common(self, name: str) -> str | None:
        """An attribute of the resource, or of the record where the exporter repeats it there."""
        return text(self.resource.get(name)) or self.text(name)


@dataclass
class Batch:
    """The records of one export that can be read, how many there were, and why the others cannot."""

    signals: list[Signal] = field(default_factory=list[Signal])
    records: int = 0
    rejected: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Told:
    """A row for `POST /v1/<to>`, and the record it was made of."""

    signal: Signal
    to: Literal["trace", "usage"]
    row: Row


class OtlpSource(CaptureSource):
    """One program's exporter: which attributes may be read, which records are its own, and the rows they make."""

    attributes: frozenset[str] = frozenset()

    def claims(self, signal: Signal) -> bool:
        """Whether the record is of this program."""
        raise TypeError(f"{type(self).__name__} does not say which records are its own: {signal.scope!r}.")

    def rows(self, signals: Sequence[Signal], now: str) -> Iterator[Told]:
        """The rows of its records, which come in the order of the export. `now` stands in for a time nobody said."""
        raise TypeError(f"{type(self).__name__} makes no rows of {len(signals)} records at {now}.")


def read(document: object, kind: Kind, sources: Iterable[OtlpSource]) -> Batch:
    """The records of an export. One bad record is rejected alone.

    Raises BadRequest when it is no export at all, TooLarge when it holds too many records.
    """
    allowed = RECORD_ATTRIBUTES.union(*(source.attributes for source in sources))
    batch = Batch()
    resources, scopes, records = LAYERS[kind]
    for of_resource in _objects(_object(document, "The body"), resources):
        resource = _kept(_object(of_resource.get("resource") or {}, "resource"), RESOURCE_ATTRIBUTES)
        for of_scope in _objects(of_resource, scopes):
            scope = text(_object(of_scope.get("scope") or {}, "scope").get("name")) or ""
            for record in _list(of_scope, records):
                batch.records += 1
                if batch.records > RECORDS_MAX:
                    raise TooLarge(f"The export holds more than {RECORDS_MAX} records.")
                if kind != "metrics":
                    _take(batch, record, _log if kind == "logs" else _span, scope, resource, allowed)
    return batch


def rows(batch: Batch, sources: Sequence[OtlpSource], now: str) -> Iterator[Told]:
    """The rows of a batch. Each record belongs to the first source that claims it, or to none."""
    claimed: list[list[Signal]] = [[] for _ in sources]
    for signal in batch.signals:
        for source, mine in zip(sources, claimed, strict=True):
            if source.claims(signal):
                mine.append(signal)
                break
    for source, mine in zip(sources, claimed, strict=True):
        yield from source.rows(mine, now)


def _take(batch: Batch, record: object, build: Any, scope: str, resource: Values, allowed: AbstractSet[str]) -> None:  # noqa: PLR0913, PLR0917  # a record and where it stands
    try:
        batch.signals.append(build(_object(record, "A record"), scope, resource, allowed))
    except BadRequest as error:
        batch.rejected.append(f"record {batch.records - 1}: {error.message}")


def _log(record: Mapping[str, Any], scope: str, resource: Values, allowed: AbstractSet[str]) -> Signal:
    values = _kept(record, allowed)
    at = _moment(record, "timeUnixNano") or _moment(record, "observedTimeUnixNano") or _said_moment(values)
    return Signal(str(values.get("event.name", "")), scope, resource, values, at)


def _span(record: Mapping[str, Any], scope: str, resource: Values, allowed: AbstractSet[str]) -> Signal:
    ids = [text(record.get(name), HANDLE_CHARS_MAX) for name in ("traceId", "spanId")]
    begin, end = _nanos(record, "startTimeUnixNano"), _nanos(record, "endTimeUnixNano")
    latency_ms = count((end - begin) / 1e6) if begin and end and end >= begin else None
    status = _object(record.get("status") or {}, "status").get("code")
    return Signal(
        text(record.get("name")) or "", scope, resource, _kept(record, allowed), _moment(record, "startTimeUnixNano"),
        span=":".join(map(str, ids)) if all(ids) else None, failed=status in (_FAILED, "STATUS_CODE_ERROR"),
        latency_ms=latency_ms,
    )  # fmt: skip


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{name} is not an object.")
    return cast("Mapping[str, Any]", value)


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadRequest(f"{name} is not a list.")
    return cast("list[Any]", value)


def _objects(holder: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    return (_object(value, f"An entry of {name}") for value in _list(holder, name))


def _kept(holder: Mapping[str, Any], allowed: AbstractSet[str]) -> Values:
    """The attributes on the list, where they are plain values."""
    kept: Values = {}
    for pair in _list(holder, "attributes"):
        if not isinstance(pair, dict):
            raise BadRequest("An attribute is not an object.")
        name, value = (cast("Mapping[str, Any]", pair).get(part) for part in ("key", "value"))
        if isinstance(name, str) and name in allowed and isinstance(value, dict):
            plain = _plain(cast("Mapping[str, Any]", value))
            if plain is not None:
                kept[name] = plain
    return kept


def _plain(value: Mapping[str, Any]) -> str | int | float | bool | None:
    if "stringValue" in value:
        return text(value["stringValue"])
    if "boolValue" in value:
        return value["boolValue"] if isinstance(value["boolValue"], bool) else None
    number = value.get("intValue", value.get("doubleValue"))
    if isinstance(number, str):  # 64 bits are sent as text, by the letter of the protocol
        return text(number)
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        return None
    return number


def _nanos(record: Mapping[str, Any], name: str) -> int | None:
    value = record.get(name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < len(str(_NANOS_MAX)) + 1:
        value = int(value)
    if value in (None, "", 0):
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _NANOS_MAX:
        raise BadRequest(f"{name} is no number of nanoseconds.")
    return value


def _moment(record: Mapping[str, Any], name: str) -> str | None:
    nanos = _nanos(record, name)
    return _iso(_EPOCH + timedelta(microseconds=nanos // 1000)) if nanos else None


def _said_moment(values: Values) -> str | None:
    try:
        said = datetime.fromisoformat(str(values.get("event.timestamp", "")))
    except ValueError:
        return None
    return _iso(said) if said.tzinfo is not None and said > _EPOCH else None


def _iso(moment: datetime) -> str:
    """As `clock.iso` writes it, which what is pure may not import."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def key(*parts: object) -> str:
    """What makes two sightings one, of parts that every retry of an export repeats."""
    joined = ":".join(str(part) for part in parts)
    return joined if len(joined) <= KEY_CHARS_MAX else f"sha256:{hashlib.sha256(joined.encode()).hexdigest()}"


def chosen_runtime(signal: Signal) -> str | None:
    """The runtime that whoever started the program wrote into `OTEL_RESOURCE_ATTRIBUTES`, as for a pod."""
    chosen = signal.common("tally.runtime")
    return chosen if chosen in RUNTIMES else None


def _origin(signal: Signal, runtime: str) -> Row:
    """Who worked where. The person is never taken from an address of mail or an account."""
    owner, repository = signal.common("vcs.owner.name"), signal.common("vcs.repository.name")
    return {
        "engineer_id": text(signal.common("tally.engineer"), HANDLE_CHARS_MAX) or UNKNOWN_ENGINEER,
        "runtime": chosen_runtime(signal) or runtime,
        "repo": text(f"{owner}/{repository}") if owner and repository else None,
        "branch": signal.common("vcs.ref.head.name"),
        "source": "otlp",
    }


def fire(signal: Signal, now: str, runtime: str, **fields: object) -> Told:
    """A sighting for `POST /v1/trace`. The fields are those of a fire; what is None is not known."""
    return Told(signal, "trace", {"ts": signal.at or now, **_origin(signal, runtime), **fields})


def usage(signal: Signal, now: str, runtime: str, **fields: object) -> Told:
    """A report for `POST /v1/usage`. Counts that are not known are 0."""
    known = {name: value for name, value in fields.items() if value is not None}
    return Told(signal, "usage", {"ts": signal.at or now, **_origin(signal, runtime), **known})


def fresh(whole: int | None, *parts: int | None) -> int:
    """Input that came from no cache, where the exporter counts the cached part as input too."""
    return min(COUNT_MAX, max(0, (whole or 0) - sum(part or 0 for part in parts)))
