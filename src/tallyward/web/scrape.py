"""`GET /metrics`: how this process does, in the words of Prometheus. Numbers that are kept anyway, read when it asks.

No series names a person, a machine, a skill or a repository, so there are as many of them after a year as on the first
day. What the process counts is of all tenants together; of laptops and fires only the tenant of the token is told.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response

from tallyward import __version__
from tallyward.domain.access import Principal
from tallyward.domain.fire import Fetch, Fire
from tallyward.domain.usage import Usage
from tallyward.errors import Busy
from tallyward.services import vital_signs
from tallyward.services.inbox import OUTCOMES
from tallyward.services.vital_signs import VitalSigns
from tallyward.web.bodies import header
from tallyward.web.calls import Call
from tallyward.web.seen import BOUNDS

if TYPE_CHECKING:  # it takes a while to load, and most servers are never scraped
    from prometheus_client import Metric
    from prometheus_client.registry import Collector

TABLES: dict[type, str] = {Fire: "skill_invocations", Fetch: "context_fetches", Usage: "cost_ledger"}
_TWO_BOOKS = "in the laptops' books of today and yesterday (UTC)"


async def scrape(request: Request, principal: Principal) -> Response:
    """Every figure of this process, and the signs of life of the token's tenant where the database answers."""
    from prometheus_client.exposition import choose_encoder

    state = request.app.state
    try:
        signs = await vital_signs.read(state.database, principal.tenant)
    except Busy:
        signs = None  # a server without its database is just what somebody wants to see
    encode, content_type = choose_encoder(header(request, b"accept"))
    return Response(encode(_Registry(state, signs)), headers={"content-type": content_type})


class _Registry:
    """What an encoder asks for the families of figures."""

    def __init__(self, state: State, signs: VitalSigns | None) -> None:
        self._state = state
        self._signs = signs

    def collect(self) -> Iterator["Metric"]:
        yield from _gauge("tally_build_info", "Which release runs.", [({"version": __version__}, 1)])
        yield from _traffic(self._state)
        yield from _rows(self._state)
        yield from _room(self._state)
        yield from _deliveries(self._state, self._signs)
        yield from _capture(self._signs)
        for collector in _process():
            yield from collector.collect()


@cache
def _process() -> tuple["Collector", ...]:
    """Memory, processor time and open files of this process, and its Python: the names that every exporter gives."""
    from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

    apart = CollectorRegistry()
    return ProcessCollector(registry=apart), PlatformCollector(registry=apart)


Samples = Iterable[tuple[dict[str, str], float]]


def _gauge(name: str, says: str, samples: Samples) -> Iterator["Metric"]:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, says)
    for labels, value in samples:
        family.add_sample(name, labels, value)
    yield family


def _counter(name: str, says: str, samples: Samples) -> Iterator["Metric"]:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, says)
    for labels, value in samples:
        family.add_sample(name, labels, value)
    yield family


def _traffic(state: State) -> Iterator["Metric"]:
    from prometheus_client.core import HistogramMetricFamily

    asked = [
        ({"method": method, "route": route, "status": str(status)}, count)
        for (method, route), seen in state.seen.items()
        for status, count in sorted(seen.statuses.items())
    ]
    says = "Requests of the API and the pages; static files are not counted."
    yield from _counter("tally_http_requests_total", says, asked)
    seconds = HistogramMetricFamily(
        "tally_http_request_duration_seconds", "Until the answer was there to be sent.", labels=["method", "route"]
    )
    for key, seen in state.seen.items():
        if any(seen.buckets):
            seconds.add_metric(key, _buckets(seen.buckets), seen.seconds)
    yield seconds


def _buckets(counts: Iterable[int]) -> list[tuple[str, float]]:
    """Each bound with the number of requests that took no longer."""
    total = 0
    found: list[tuple[str, float]] = []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), counts, strict=True):
        total += count
        found.append((bound, total))
    return found


def _rows(state: State) -> Iterator["Metric"]:
    refused = {**state.ingest.refused, **state.accounts.refused}
    outcomes = {"stored": state.writer.added, "duplicate": state.writer.known, "refused": refused}
    samples = [
        ({"table": table, "outcome": outcome}, counts[kind])
        for kind, table in TABLES.items()
        for outcome, counts in outcomes.items()
    ]
    yield from _counter("tally_rows_total", "Rows that came in, by what became of them.", samples)
    exports = [
        ({"signal": name.partition(".")[0], "outcome": name.partition(".")[2]}, count)
        for name, count in sorted(state.exports.counts.items())
    ]
    yield from _counter("tally_otlp_records_total", "Records of OTLP exports; outcome records is all of them.", exports)


def _room(state: State) -> Iterator["Metric"]:
    """How much is left of what there is a limited number of."""
    pool = state.database.pool_figures()
    figures = (
        ("tally_queue_rows", "Rows that wait to be written.", state.writer.waiting_rows),
        (
            "tally_queue_rows_max",
            "Rows that may wait before senders are refused.",
            state.writer.queue_rows_max,
        ),
        ("tally_ledger_failing", "1 while the database or the disk fails the writer.", bool(state.writer.last_error)),
        ("tally_live_viewers", "Open pages that follow the ledger.", state.feed.followers),
        ("tally_pool_connections", "Connections of readers to the database.", pool["pool_size"]),
        ("tally_pool_connections_max", "Connections of readers that there may be.", pool["pool_max"]),
        ("tally_pool_available", "Connections of readers that nobody uses.", pool["pool_available"]),
        ("tally_pool_waiting", "Readers that wait for a connection.", pool.get("requests_waiting", 0)),
    )
    for name, says, value in figures:
        yield from _gauge(name, says, [({}, value)])


def _deliveries(state: State, signs: VitalSigns | None) -> Iterator["Metric"]:
    """What forges delivered to this process, and how the inbox of the tenant stands."""
    counts = [({"outcome": outcome}, state.inbox.counts[outcome]) for outcome in OUTCOMES]
    yield from _counter("tally_deliveries_total", "Webhook deliveries by how they were answered.", counts)
    if signs is None:
        return
    standing = [({"state": name}, count) for name, count in signs.deliveries.items()]
    yield from _gauge("tally_deliveries", "Deliveries that are not settled, by how they stand.", standing)
    if signs.oldest_delivery is not None:
        since = signs.oldest_delivery.timestamp()
        yield from _gauge(
            "tally_oldest_delivery_timestamp_seconds", "When the longest waiting one came.", [({}, since)]
        )


def _capture(signs: VitalSigns | None) -> Iterator["Metric"]:
    yield from _gauge("tally_ledger_up", "1 when the database answered this scrape.", [({}, signs is not None)])
    if signs is None:
        return
    if signs.latest_fire is not None:
        latest = signs.latest_fire.timestamp()
        yield from _gauge("tally_latest_fire_timestamp_seconds", "When an agent last fired.", [({}, latest)])
    if signs.sums_until is not None:
        until = signs.sums_until.timestamp()
        yield from _gauge("tally_sums_until_timestamp_seconds", "What is newer is read row by row.", [({}, until)])
    yield from _gauge("tally_sums_out_of_date", "Hours whose sums are out of date.", [({}, signs.hours_to_sum)])
    yield from _gauge("tally_laptops", f"Machines {_TWO_BOOKS}.", [({}, signs.machines)])
    yield from _gauge("tally_laptop_rows_waiting", f"Rows not yet sent {_TWO_BOOKS}.", [({}, signs.waiting)])
    lost = [({"cause": cause}, count) for cause, count in signs.losses.items()]
    yield from _gauge("tally_laptop_rows_lost", f"Rows lost {_TWO_BOOKS}.", lost)


CALLS = (
    Call(
        "GET", "/metrics", "read", "Figures of this process for Prometheus; not for a token of one engineer.", scrape,
        gives=str, media="text/plain", of_everybody=True,
    ),
)  # fmt: skip
