"""The functions that every measure reads: what they sum is what the rows say, and a duration keeps its size."""

from collections.abc import Iterator
from statistics import quantiles
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database_url, row_factory=dict_row) as found:
        found.execute("SELECT set_config('tally.tenant', 'default', true)")
        yield found
        found.rollback()


def add(connection: psycopg.Connection[Any], ts: str = "2026-05-17 10:20+00", **columns: Any) -> None:
    row = {"engineer_id": "ada", "skill_name": "/ship", "runtime": "modal", "status": "success"} | columns
    statement = sql.SQL("INSERT INTO skill_invocations (ts, {}) VALUES (%s, {})").format(
        sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(sql.Placeholder() * len(row))
    )
    connection.execute(statement, (ts, *row.values()))


def test_fires_are_summed_by_engineer_kind_and_name(connection: psycopg.Connection[dict[str, Any]]) -> None:
    add(connection, latency_ms=5, input_tokens=3, cost_usd_cents=2, cost_micros=20_000)
    add(connection, ts="2026-05-17 10:59:59.999999+00", status="error", latency_ms=9, input_tokens=4)
    add(connection, ts="2026-05-17 11:00+00", engineer_id="bo", status="abandoned", seen_by=["hook", "otlp"])

    rows = connection.execute(
        "SELECT extract(hour FROM bucket AT TIME ZONE 'UTC')::integer AS hour, *,"
        " latency_hist_tidy(latency_hist) AS hist FROM fires_by_engineer('-infinity', 'infinity', 'hour') ORDER BY 1"
    ).fetchall()

    first, second = rows
    assert (first["hour"], first["engineer_id"], first["fires"], first["successful"]) == (10, "ada", 2, 1)
    assert (first["errors"], first["latency_count"], first["input_tokens"], first["cost_micros"]) == (1, 2, 7, 20_000)
    assert first["hist"] == [(5 << 40) + 1, (9 << 40) + 1]
    assert first["output_tokens"] is None
    assert (second["hour"], second["abandoned"], second["seen_by_several"], second["hist"]) == (11, 1, 1, None)


def test_a_span_has_its_begin_and_not_its_end(connection: psycopg.Connection[dict[str, Any]]) -> None:
    for ts in ("2026-05-17 10:00+00", "2026-05-17 10:30+00", "2026-05-17 11:00+00"):
        add(connection, ts=ts)
    for name in ("fires_by_engineer", "fires_by_place", "fires_by_skill"):
        rows = connection.execute(
            f"SELECT sum(fires) AS fires FROM {name}('2026-05-17 10:00+00', '2026-05-17 11:00+00')"  # noqa: S608  # names of ours
        ).fetchall()
        assert rows == [{"fires": 2}]


def test_sessions_are_told_by_name_so_that_those_of_several_hours_are_one(
    connection: psycopg.Connection[dict[str, Any]],
) -> None:
    for ts, session in (("2026-05-17 10:00+00", "s"), ("2026-05-17 12:00+00", "s"), ("2026-05-17 12:00+00", None)):
        add(connection, ts=ts, kind="session", skill_name="session", session_id=session)
    add(connection, session_id="not a row of a session")

    rows = connection.execute(
        "SELECT count(DISTINCT id) AS sessions"
        " FROM fires_by_engineer('-infinity', 'infinity'), unnest(session_ids) AS id"
    ).fetchall()

    assert rows == [{"sessions": 2}]


def test_a_request_is_told_with_the_skill_that_fired_before_it(connection: psycopg.Connection[dict[str, Any]]) -> None:
    add(connection, session_id="s", prompt_id="p")
    connection.execute(
        "INSERT INTO cost_ledger (request_key, ts, model, session_id, prompt_id, input_tokens, cost_micros, seen_by)"
        " VALUES ('a', '2026-05-17 10:21+00', 'm', 's', 'p', 5, 70, '{transcript}'),"
        " ('b', '2026-05-17 10:19+00', 'm', 's', 'p', 6, NULL, '{transcript}'),"
        " ('c', '2026-05-17 10:22+00', 'm', 's', 'p', 7, 80, '{otlp}')"
    )

    rows = connection.execute(
        "SELECT skill_name, requests, input_tokens, cost_micros, unpriced_requests, reports FROM"
        " usage_by_engineer('-infinity', 'infinity') ORDER BY 1"
    ).fetchall()

    assert [tuple(row.values()) for row in rows] == [("/ship", 1, 5, 70, 0, 2), (None, 1, 6, None, 1, 1)]


def test_a_quantile_is_within_two_point_two_percent_of_the_true_one(
    connection: psycopg.Connection[dict[str, Any]],
) -> None:
    durations = [round(1.07**number) + number % 7 for number in range(300)]
    for number, duration in enumerate(durations):
        add(connection, engineer_id=f"e{number % 9}", latency_ms=duration)

    (found,) = connection.execute(
        "SELECT latency_quantile(latency_hist_sum(latency_hist), 0.5) AS p50,"
        " latency_quantile(latency_hist_sum(latency_hist), 0.95) AS p95,"
        " latency_quantile(latency_hist_sum(latency_hist), 0.99) AS p99 FROM fires_by_engineer('-infinity', 'infinity')"
    ).fetchall()

    true = quantiles(durations, n=100, method="inclusive")
    assert found == {name: pytest.approx(true[int(name[1:]) - 1], rel=0.022) for name in ("p50", "p95", "p99")}


@pytest.mark.parametrize("duration", [0, 1, 27, 2_147_483_647])
def test_the_quantile_of_one_duration_is_that_duration(
    connection: psycopg.Connection[dict[str, Any]], duration: int
) -> None:
    (found,) = connection.execute("SELECT latency_quantile(latency_hist(%s), 0.5) AS p", (duration,)).fetchall()
    assert found["p"] == pytest.approx(duration, rel=0.022)
    assert found["p"] == duration or duration > 27


def test_no_duration_has_no_quantile(connection: psycopg.Connection[dict[str, Any]]) -> None:
    (found,) = connection.execute(
        "SELECT latency_quantile(latency_hist_sum(latency_hist(n)), 0.5) AS p FROM (VALUES (NULL::integer)) AS v (n)"
    ).fetchall()
    assert found == {"p": None}
