"""Every promise of a sink, held by a real InfluxDB and a real VictoriaMetrics."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tallyward.domain.line_protocol import Point
from tallyward.domain.sink import SinkConfig
from tallyward.errors import SinkMisconfigured, SinkRefused, SinkUnavailable
from tallyward.sinks._base import Placed, Sink
from tallyward.sinks.influx1 import InfluxV1
from tallyward.sinks.influx2 import InfluxV2
from tallyward.testing.sink_conformance import Kept, SinkConformance, observed
from tests.series.time_series import DATABASE, Influx, Victoria, free_port, influxd, victoria_metrics
from tests.waiting import eventually

pytestmark = pytest.mark.series
MS = 10**6


@pytest.fixture(scope="module")
def influx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influx]:
    with influxd(tmp_path_factory.mktemp("influx")) as running:
        yield running


def influx_sink(address: str, folder: Path, bucket: str = DATABASE) -> InfluxV1:
    return InfluxV1(SinkConfig(name="influx", kind="influx1", url=address, bucket=bucket), folder)


class TestInfluxV1(SinkConformance):
    @pytest.fixture
    def sink(self, influx: Influx, tmp_path: Path) -> InfluxV1:
        influx.forget()
        return influx_sink(influx.address, tmp_path)

    @pytest.fixture
    def kept(self, influx: Influx) -> Kept:
        return lambda: {
            (point["measurement"], point["tags"]["pr"], point["ns"], name): float(value)
            for point in influx.points()
            for name, value in point["fields"].items()
            if not isinstance(value, str)
        }


class TestVictoriaMetrics(SinkConformance):
    @pytest.fixture
    def victoria(self, tmp_path: Path) -> Iterator[Victoria]:
        with victoria_metrics(tmp_path / "victoria") as running:
            yield running

    @pytest.fixture
    def sink(self, victoria: Victoria, tmp_path: Path) -> InfluxV2:
        config = SinkConfig(name="vm", kind="influx2", url=victoria.address, org="agentic", bucket="training")
        return InfluxV2(config, tmp_path)

    @pytest.fixture
    def kept(self, victoria: Victoria) -> Kept:
        """A store that keeps no texts: their fields are 0 there."""

        def found() -> dict[tuple[str, str, int, str], float]:
            return {
                ("pr_observation", dict(labels)["pr"], ms * MS, name.removeprefix("pr_observation_")): value
                for (name, labels, ms), value in victoria.values().items()
                if not name.endswith("_said")
            }

        before = {}

        def settled() -> dict[tuple[str, str, int, str], float]:
            """What was written is there after some seconds, and then stays."""
            nonlocal before

            def same_twice() -> bool:
                nonlocal before
                last, before = before, found()
                return bool(before) and last == before

            return before if eventually(same_twice, 20) else {}

        return settled

    async def test_nothing_to_send_is_nothing_sent(self, sink: Sink, kept: Kept, victoria: Victoria) -> None:  # noqa: ARG002
        await sink.send([])
        await sink.close()

        assert victoria.values() == {}, "which `kept` would wait for in vain"


async def test_what_the_answers_of_influxd_mean(influx: Influx, tmp_path: Path):
    influx.forget()
    sink, elsewhere = influx_sink(influx.address, tmp_path), influx_sink(influx.address, tmp_path, "nowhere")
    await sink.send([observed(1)])
    clash = Placed(2, Point("pr_observation", {"pr": "1"}, {"checks_total": 1.5}, observed(2).point.ns))
    with pytest.raises(SinkRefused, match=r"400: .*field type conflict"):
        await sink.send([clash])
    with pytest.raises(SinkMisconfigured, match=r"404: .*database not found"):
        await elsewhere.send([observed(3)])
    gone = influx_sink(f"http://127.0.0.1:{free_port()}", tmp_path)
    with pytest.raises(SinkUnavailable, match="does not answer"):
        await gone.send([observed(4)])
    for each in (sink, elsewhere, gone):
        await each.close()
