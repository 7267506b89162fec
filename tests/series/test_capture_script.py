"""An organisation's capture script, which knows InfluxDB only, writes to a real server of ours, and what it wrote comes
through the sinks to a real InfluxDB, a real VictoriaMetrics and a file, with equal values.
"""

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.databases import Databases
from tests.series.time_series import (
    DATABASE,
    Influx,
    Victoria,
    free_port,
    influxd,
    library_path,
    program,
    victoria_metrics,
)
from tests.servers import Server, serving
from tests.waiting import eventually

pytestmark = pytest.mark.series

HERE = Path(__file__).parent
NS = 1_700_000_000_000_000_000
STORED = "SELECT measurement, tags, ns, fields FROM series_points ORDER BY measurement, pr"
SINKS = """
[[sinks]]
name = "influx"
kind = "influx1"
url = "http://127.0.0.1:{influx}"
bucket = "{database}"
[[sinks]]
name = "victoria"
kind = "influx2"
url = "http://127.0.0.1:{victoria}"
token_file = "victoria.token"
[[sinks]]
name = "file"
kind = "jsonl"
path = "points.jsonl"
"""


def capture(server: Server) -> None:
    path = f"{HERE}:{Path(program('jq')).parent}:{os.environ['PATH']}"
    variables = {"PATH": path, "INFLUX_HOST": server.address, "INFLUX_TOKEN": server.token("capture")}
    done = subprocess.run(
        [program("bash"), str(HERE / "capture.sh"), "acme/shop"],
        env={**variables, **library_path()}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def settings(folder: Path, **ports: int) -> str:
    """The folder of tenants, with sinks that listen there."""
    tenant = folder / "tenants" / "default"
    tenant.mkdir(parents=True)
    (tenant / "tenant.toml").write_text(
        SINKS.format(**{"influx": 1, "victoria": 1, **ports}, database=DATABASE), "utf-8"
    )
    (tenant / "victoria.token").write_text("of no use here\n", "utf-8")
    return str(folder / "tenants")


def told(server: Server, name: str) -> dict[str, Any]:
    board = server.call("GET", "/v1/sinks", token=server.token("read")).json
    return next((sink for sink in board["sinks"] if sink["name"] == name), {})


def all_sent(server: Server, name: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        sink = told(server, name)
        return sink if sink and not sink["waiting"] else None

    found = eventually(done, 60)
    assert found is not None
    return found


def require_equal(stored: list[tuple[Any, ...]], influx: Influx, victoria: Victoria, file: Path) -> None:
    points = [dict(zip(("measurement", "tags", "ns", "fields"), row, strict=True)) for row in stored]

    def key(point: dict[str, Any]) -> tuple[str, str]:
        return point["measurement"], point["tags"]["pr"]

    assert sorted(influx.points(), key=key) == sorted(points, key=key)
    numbers = {
        (f"{point['measurement']}_{name}", tuple(sorted(point["tags"].items())), point["ns"] // 10**6): float(value)
        for point in points
        for name, value in point["fields"].items()
        if not isinstance(value, str)
    }
    found = eventually(lambda: numbers.items() <= victoria.values().items() and victoria.values(), 30)
    assert {labels for _, labels, _ in found} == {tuple(sorted(point["tags"].items())) for point in points}
    written = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    places = [row.pop("place") for row in written]
    assert places == sorted(set(places))
    assert sorted(written, key=key) == sorted(points, key=key)


def test_what_the_script_tells_is_stored_and_reaches_every_sink_with_equal_values(
    cluster: Databases, migrated: str, tmp_path: Path
):
    name = cluster.create(template=migrated)
    with influxd(tmp_path / "influx") as influx, victoria_metrics(tmp_path / "victoria") as victoria:
        tenants = settings(tmp_path, influx=influx.port, victoria=int(victoria.address.rpartition(":")[2]))
        with serving(tmp_path / "data", "--tenants", tenants, database=cluster.url(name)) as server:
            capture(server)
            stored = server.rows(STORED)
            sent = [all_sent(server, sink)["sent"] for sink in ("influx", "victoria", "file")]
            require_equal(stored, influx, victoria, tmp_path / "tenants" / "default" / "points.jsonl")
    cluster.drop(name)

    assert sent == [8, 8, 8]
    assert [(measurement, tags["pr"]) for measurement, tags, _, _ in stored] == [
        *(("action_taken", pr) for pr in "789"), *(("outcome", pr) for pr in "789"),
        ("pr_observation", "7"), ("pr_observation", "8"),
    ]  # fmt: skip
    clean, dirty = (fields for measurement, _, _, fields in stored if measurement == "pr_observation")
    assert (clean["merge_state"], clean["mergeable"], clean["auto_merge_enabled"]) == ("CLEAN", True, True)
    assert (clean["checks_total"], clean["checks_passing"], clean["reviews_approved"]) == (2, 1, 1)
    assert (dirty["merge_state"], dirty["is_draft"], dirty["checks_failing"]) == ("DIRTY", True, 1)
    assert [fields for measurement, _, _, fields in stored if measurement == "outcome"] == [
        {"result": "success", "detail": "merged by auto-merge", "resolution_hours": 0.5},
        {"result": "success", "detail": "merged after 2 requests", "resolution_hours": 4.25},
        {"result": "escalated", "detail": "nobody could merge it", "resolution_hours": 72.0},
    ]


def test_a_sink_that_is_away_and_a_server_that_is_killed_lose_nothing(
    cluster: Databases, migrated: str, tmp_path: Path
):
    name, port = cluster.create(template=migrated), free_port()
    arguments = ("--tenants", settings(tmp_path, influx=port))
    armed = {"TALLY_FAULT_POINTS": "sink.before_commit=kill"}
    lines = [f"outcome,repo=a,pr={number} resolution_hours=1.5 {NS}" for number in range(1, 2_501)]
    with serving(tmp_path / "data", *arguments, database=cluster.url(name)) as server:
        token = server.token("capture")
        assert server.call("POST", "/api/v2/write", "\n".join(lines).encode(), token=token).status == 204
        away = eventually(lambda: told(server, "influx").get("last_error") and told(server, "influx"), 30)
        server.kill()

        with influxd(tmp_path / "influx", port) as influx:
            server.start(armed)
            assert server.process.wait(60) == -signal.SIGKILL, "after the sink had them, before we knew it"
            server.start({})
            sink = all_sent(server, "influx")
            arrived = influx.ask("SELECT count(resolution_hours), sum(resolution_hours) FROM outcome")[0]["values"][0]
    cluster.drop(name)

    assert (away["waiting"], away["sent"]) == (2_500, 0)
    assert "does not answer" in away["last_error"]
    assert (sink["waiting"], sink["parked"], sink["last_error"]) == (0, 0, None)
    assert arrived[1:] == [2_500, 3_750]


def test_a_point_that_a_sink_will_never_take_is_parked_and_the_others_go_on(
    cluster: Databases, migrated: str, tmp_path: Path
):
    name = cluster.create(template=migrated)
    with influxd(tmp_path / "influx") as influx:
        assert influx.write(f"outcome,pr=0,repo=a resolution_hours=t {NS}".encode())[0] == 204
        tenants = settings(tmp_path, influx=influx.port)
        with serving(tmp_path / "data", "--tenants", tenants, database=cluster.url(name)) as server:
            start = "outcome,repo=a,pr={}"
            lines = [
                f'{start.format(1)} result="success" {NS}', f"{start.format(2)} resolution_hours=1.5 {NS}",
                f'{start.format(3)} result="success" {NS}',
            ]  # fmt: skip
            token = server.token("capture")
            assert server.call("POST", "/api/v2/write", "\n".join(lines).encode(), token=token).status == 204
            sink = all_sent(server, "influx")
            (parked,) = server.call("GET", "/v1/sinks", token=server.token("read")).json["parked"]
            prs = {point["tags"]["pr"] for point in influx.points()}
    cluster.drop(name)

    assert (sink["sent"], sink["parked"], sink["last_error"]) == (2, 1, None)
    assert (parked["sink"], parked["series"], parked["ns"]) == ("influx", "outcome,pr=2,repo=a", NS)
    assert "field type conflict" in parked["reason"]
    assert prs == {"0", "1", "3"}
