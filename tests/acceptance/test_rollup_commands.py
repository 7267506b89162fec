"""`tally rollup` beside a running server, as a script and as a person runs it."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from tallyward import clock
from tests.servers import Server, serving, tally

FIRE = {"engineer_id": "ada", "skill_name": "/ship", "runtime": "claude-code-cli", "status": "success"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with an embedded PostgreSQL of its own and fires of the last ten days."""
    with serving(tmp_path_factory.mktemp("rollup") / "data") as running:
        token = running.token("capture")
        ago = [clock.now() - timedelta(hours=hours) for hours in range(3, 240, 5)]
        answer = running.call("POST", "/v1/trace", [{**FIRE, "ts": ts.isoformat()} for ts in ago], token=token)
        assert answer.status == 202
        yield running


def run(server: Server, *arguments: str) -> Any:
    return tally("rollup", *arguments, "--data", str(server.data_dir), home=server.data_dir.parent)


def test_sums_are_made_checked_and_told_of_while_the_server_goes_on(server: Server) -> None:
    made = run(server, "rebuild", "--json")
    checked = run(server, "rebuild", "--verify")
    told = json.loads(run(server, "status", "--json").stdout)

    assert made.returncode == checked.returncode == 0
    assert json.loads(made.stdout)["buckets"] > 48
    assert checked.stdout.endswith(" buckets compared, 0 differ.\n")
    assert told["marked_hours"] == 0
    assert clock.now() - datetime.fromisoformat(told["sealed_until"]) < timedelta(hours=2)


def test_a_sum_that_is_wrong_is_named_and_then_put_right(server: Server) -> None:
    run(server, "rebuild")
    url = tally("db", "url", "--data", str(server.data_dir), home=server.data_dir.parent).stdout.strip()
    with psycopg.connect(url) as connection:
        (bucket,) = connection.execute(
            "UPDATE rollup_fires_by_place SET fires = 99 WHERE hours = 1 AND bucket ="
            " (SELECT max(bucket) FROM rollup_fires_by_place WHERE hours = 1) RETURNING bucket AT TIME ZONE 'UTC'"
        ).fetchone() or ("",)

    wrong = run(server, "rebuild", "--verify", "--json")
    spoken = run(server, "rebuild", "--verify", "--since", bucket.isoformat())
    righted = run(server, "rebuild")

    assert (wrong.returncode, spoken.returncode, righted.returncode) == (1, 1, 0)
    named = {"sums": "rollup_fires_by_place", "hours": 1, "bucket": f"{bucket.isoformat()}+00:00"}
    assert named in json.loads(wrong.stdout)["different"]
    assert f"rollup_fires_by_place {bucket.isoformat()}+00:00 (1 h)" in spoken.stdout
    assert "put right" in righted.stdout
    assert run(server, "rebuild", "--verify").returncode == 0


@pytest.mark.parametrize("arguments", [["status", "--tenant", "nowhere"], ["rebuild", "--since", "yesterday"]])
def test_what_is_not_there_is_said_in_one_line(server: Server, arguments: list[str]) -> None:
    done = run(server, *arguments)
    assert (done.returncode, arguments[-1] in done.stderr, len(done.stderr.splitlines())) == (2, True, 1)
