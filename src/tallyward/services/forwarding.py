"""Forwards points of series to the sinks of each tenant, in the order in which they were committed.

How far a sink has come is a row of the ledger. It is locked while points are on their way, so of several servers one
forwards, and it moves on only after the sink has said that it has them. A server that dies in between leaves it where
it was, and the same points are sent again; a sink keeps each once. So nothing is lost, however long a sink is away.

What a sink refuses for good must not hold up the rest. A batch that is refused is halved until the point is found that
it was refused for; that one is written down with the reason, and the others go on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, cast

from tallyward import clock, sinks
from tallyward.domain.line_protocol import Point, UnsignedInt, Value
from tallyward.domain.series import FieldKind
from tallyward.domain.sink import SinkConfig
from tallyward.errors import Busy, ConfigInvalid, SinkError, SinkRefused, SinkUnavailable
from tallyward.fault_points import reached
from tallyward.ledger.background import hang_up
from tallyward.ledger.database import Connection, Database, fetch_all
from tallyward.plugins import found
from tallyward.services.series import Series
from tallyward.services.tenants import Tenants
from tallyward.sinks._base import Placed, Sink

BATCH_POINTS = 1_000
AT_ONCE = 3  # batches of one server; each holds a connection to the ledger while it is on its way
LOOK_SECONDS = 1.0  # between two looks whether there is something to forward
RETRY_SECONDS_MAX = 300
Step = Literal["idle", "more"]

_log = logging.getLogger(__name__)


@dataclass
class _Row:
    """A point on its way, with what it is called in the ledger."""

    placed: Placed
    series: str


@dataclass
class _Sent:
    """What became of a batch: how many were taken, and which were refused and why."""

    taken: int = 0
    refused: list[tuple[_Row, str]] = field(default_factory=list[tuple[_Row, str]])


class Forwarder:
    """`start()` it with the server and `stop()` it before the database. Raises ConfigInvalid for an impossible sink."""

    def __init__(self, database: Database, tenants: Tenants, series: Series) -> None:
        self._database = database
        self._series = series
        self._sinks = [(tenant, _made(config, tenants, tenant)) for tenant, config in _configured(tenants)]
        self._known: set[tuple[str, str]] = set()
        self._on_their_way = asyncio.Semaphore(AT_ONCE)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        for tenant, sink in self._sinks:
            self._tasks.append(asyncio.create_task(self._run(tenant, sink), name=f"sink-{sink.config.name}"))

    async def stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        await hang_up(tasks)
        for _, sink in self._sinks:
            await sink.close()

    async def _run(self, tenant: str, sink: Sink) -> None:
        while True:
            step: Step = "idle"
            try:
                async with self._on_their_way:
                    step = await self.forward(tenant, sink)
            except Busy as error:
                _log.info("sink %s of %s waits: %s", sink.config.name, tenant, error.message)
            except Exception as mistake:  # noqa: BLE001  # a mistake of ours must not end forwarding for ever: logged
                _log.error("sink %s of %s failed with %s", sink.config.name, tenant, type(mistake).__name__)
            if step == "idle":
                await asyncio.sleep(LOOK_SECONDS)

    async def forward(self, tenant: str, sink: Sink) -> Step:
        """Sends one batch, if there is something to send, the sink is due, and no other server is at it."""
        name = {"sink": sink.config.name}
        if (tenant, sink.config.name) not in self._known:
            await self._database.query(tenant, "ensure_sink", name)
            self._known.add((tenant, sink.config.name))
        async with self._database.transaction(tenant) as connection:
            known = await fetch_all(connection, "take_sink", {**name, "now": clock.now()})
            if not known:
                return "idle"
            rows = await self._rows(connection, tenant, known[0]["position"])
            if not rows:
                return "idle"
            sent = _Sent()
            try:
                await _send(sink, rows, sent)
            except SinkError as error:
                await _fail(connection, sink, error, known[0]["failures"])
                return "idle"
            reached("sink.before_commit")
            await _advance(connection, sink, rows, sent)
        return "more" if len(rows) == BATCH_POINTS else "idle"

    async def _rows(self, connection: Connection, tenant: str, position: int) -> list[_Row]:
        stored = await fetch_all(connection, "points_after", {"position": position, "limit": BATCH_POINTS})
        schema = self._series.schema(tenant)
        return [
            _Row(
                Placed(
                    row["change"],
                    Point(
                        row["measurement"],
                        row["tags"],
                        {
                            name: _as(schema.kinds(row["measurement"]).get(name), value)
                            for name, value in row["fields"].items()
                        },
                        row["ns"],
                    ),
                ),
                row["series"],
            )
            for row in stored
        ]


def _as(kind: FieldKind | None, value: Any) -> Value:
    """The value as it was told. JSON does not tell 1 from 1.0; a field that nobody names any more stays as it is."""
    if kind == "float":
        return float(value)
    return UnsignedInt(value) if kind == "unsigned" else value


async def _send(sink: Sink, rows: Sequence[_Row], sent: _Sent) -> None:
    """Sends the rows, in halves where they are refused together, and notes what became of them."""
    try:
        await sink.send([row.placed for row in rows])
    except SinkRefused as error:
        if len(rows) == 1:
            sent.refused.append((rows[0], error.message))
            return
        middle = len(rows) // 2
        await _send(sink, rows[:middle], sent)
        await _send(sink, rows[middle:], sent)
        return
    sent.taken += len(rows)


async def _advance(connection: Connection, sink: Sink, rows: Sequence[_Row], sent: _Sent) -> None:
    now, name = clock.now(), sink.config.name
    for row, reason in sent.refused:
        point = {"series": row.series, "ns": row.placed.point.ns, "change": row.placed.place}
        await fetch_all(connection, "park_point", {"sink": name, "reason": reason, "now": now, **point})
        _log.warning("sink %s refused a point, which is parked", name)
    moved = {"sink": name, "position": rows[-1].placed.place, "sent": sent.taken, "now": now}
    await fetch_all(connection, "advance_sink", moved)


async def _fail(connection: Connection, sink: Sink, error: SinkError, failures: int) -> None:
    """Waits 1, 2, 4 ... seconds, or as long as the sink says."""
    wait = timedelta(seconds=min(2**failures, RETRY_SECONDS_MAX))
    if isinstance(error, SinkUnavailable) and error.after is not None:
        wait = min(max(wait, error.after), timedelta(seconds=RETRY_SECONDS_MAX))
    now = clock.now()
    told = {"sink": sink.config.name, "error": error.message, "now": now, "retry_at": now + wait}
    await fetch_all(connection, "fail_sink", told)
    if failures == 0:
        _log.warning("sink %s does not take points (%s); they wait", sink.config.name, error.code)


def _configured(tenants: Tenants) -> list[tuple[str, SinkConfig]]:
    return [(tenant, sink) for tenant in tenants.names() for sink in tenants.config(tenant).sinks]


def _made(config: SinkConfig, tenants: Tenants, tenant: str) -> Sink:
    kinds = found(sinks, Sink)
    kind = kinds.get(config.kind)
    if kind is None:
        raise ConfigInvalid(f"sinks.{config.name}.kind must be one of {', '.join(sorted(kinds))}.", field="sinks")
    problems = kind.problems(config)
    if problems:
        raise ConfigInvalid(f"{problems[0]}.", field="sinks")
    return cast("Callable[..., Sink]", kind)(config, tenants.folder(tenant))
