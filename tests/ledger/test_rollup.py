"""The sums that are kept are what the rows say: after late rows, deleted rows, and whatever came in meanwhile."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import dict_row

from tallyward.ledger import rollup, rollup_check
from tallyward.ledger.database import Database
from tallyward.services.repricing import reprice
from tests.ledger.summed import HOUR, TARGET, Rows, add_fire, add_request, agrees, raw_spans, sum_up
from tests.waiting import eventually

DAY = timedelta(days=1)
IN_PROMPT = {"session_id": "s", "prompt_id": "p"}


def connect(url: str, tenant: str = "default") -> Rows:
    connection = psycopg.connect(url, row_factory=dict_row, autocommit=True)
    connection.execute("SELECT set_config('tally.tenant', %s, false)", (tenant,))
    connection.execute("SET ROLE tally_app")
    connection.execute(
        "INSERT INTO tenants (id, label, arg_key) VALUES (%s, 'l', 'k') ON CONFLICT DO NOTHING", (tenant,)
    )
    return connection


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    """A session that adds and asks, in plain SQL, each statement for itself."""
    with connect(database_url) as found:
        yield found


@pytest.fixture
def month(rows: Rows) -> Rows:
    """Forty days of fires and requests of three people."""
    for day in range(40):
        for number in range(3):
            ts = TARGET - day * DAY - (number * 5 + 1) * HOUR
            mine = {"engineer_id": f"e{number}", "session_id": f"s{day // 2}", "prompt_id": f"p{day}"}
            add_fire(rows, ts, latency_ms=day * 37 + number, repo="o/r" if number else None, cost_micros=day, **mine)
            add_fire(rows, ts, kind="session", skill_name="session", **mine)
            add_request(rows, f"{day}:{number}", ts + HOUR / 2, **mine)
    return rows


async def test_sealed_hours_are_read_from_sums_and_the_rest_from_rows(month: Rows, ledger: Database) -> None:
    assert await sum_up(ledger) > 0

    assert agrees(month)
    assert raw_spans(month) == [(datetime(1990, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))]
    sizes = month.execute("SELECT DISTINCT hours FROM rollup_fires_by_engineer ORDER BY 1").fetchall()
    assert [row["hours"] for row in sizes] == [1, 24, 96, 384, 1536]


@pytest.mark.parametrize("minutes", [0, 17, 24 * 60, 6 * 24 * 60 + 31])
async def test_any_span_is_exact_to_the_second(month: Rows, ledger: Database, minutes: int) -> None:
    await sum_up(ledger)
    for days in (1, 7, 30):
        since = TARGET + HOUR / 2 - timedelta(days=days, minutes=minutes)
        assert agrees(month, since + timedelta(microseconds=1))
        assert agrees(month, since, TARGET - timedelta(minutes=minutes))


async def test_a_late_row_is_told_at_once_and_summed_by_and_by(month: Rows, ledger: Database) -> None:
    await sum_up(ledger)
    late = TARGET - 20 * DAY - HOUR / 3
    add_fire(month, late, engineer_id="late")

    assert agrees(month)
    hour = late.replace(minute=0, second=0)
    assert raw_spans(month)[1:] == [(hour, hour + HOUR)]
    assert await sum_up(ledger) == 1
    assert agrees(month)
    assert raw_spans(month)[1:] == []


async def test_a_row_of_an_open_hour_leaves_no_mark(month: Rows, ledger: Database) -> None:
    await sum_up(ledger)
    add_fire(month, TARGET + HOUR / 4)
    add_fire(month, TARGET + 400 * DAY)

    assert month.execute("SELECT count(*) AS marks FROM rollup_marks").fetchall() == [{"marks": 0}]
    assert agrees(month)
    await sum_up(ledger, TARGET + HOUR)
    assert agrees(month)


async def test_changed_and_moved_and_deleted_rows_are_told_right(
    month: Rows, ledger: Database, database_url: str
) -> None:
    await sum_up(ledger)
    with connect(database_url) as owner:
        owner.execute("RESET ROLE")
        owner.execute("UPDATE skill_invocations SET status = 'error', latency_ms = 5 WHERE engineer_id = 'e1'")
        assert agrees(month)
        owner.execute("UPDATE skill_invocations SET ts = ts - interval '49 hours' WHERE engineer_id = 'e2'")
        assert agrees(month)
        await sum_up(ledger)
        assert agrees(month)
        owner.execute("DELETE FROM skill_invocations WHERE engineer_id = 'e0'")
        owner.execute("DELETE FROM cost_ledger WHERE engineer_id = 'e1'")
    assert agrees(month)
    await sum_up(ledger)
    assert agrees(month)


async def test_a_transcript_that_comes_late_takes_back_what_an_exporter_told_in_other_hours(
    rows: Rows, ledger: Database
) -> None:
    add_request(rows, "told", TARGET - 30 * HOUR, "otlp", **IN_PROMPT)
    add_request(rows, "of the prompt", TARGET - 40 * HOUR, "otlp", session_id="other", prompt_id="p")
    await sum_up(ledger)
    add_request(rows, "read", TARGET - 2 * HOUR, "transcript", **IN_PROMPT)

    assert agrees(rows)
    await sum_up(ledger)
    assert agrees(rows)


async def test_a_skill_that_is_told_late_gets_the_requests_of_its_prompt(rows: Rows, ledger: Database) -> None:
    add_request(rows, "a", TARGET - 3 * HOUR, **IN_PROMPT)
    await sum_up(ledger)
    add_fire(rows, TARGET - 30 * HOUR, **IN_PROMPT)

    assert agrees(rows)
    await sum_up(ledger)
    assert agrees(rows)
    told = rows.execute("SELECT skill_name FROM usage_by_engineer('-infinity', 'infinity')").fetchall()
    assert told == [{"skill_name": "/ship"}]


async def test_other_prices_reach_the_sums(month: Rows, ledger: Database) -> None:
    await sum_up(ledger)

    await reprice(ledger, "default", lambda _model, _usage, _at: (1_000, "other"))

    assert agrees(month)
    await sum_up(ledger)
    assert agrees(month)
    (told,) = month.execute(
        "SELECT sum(cost_micros) AS cost FROM usage_by_engineer('-infinity', 'infinity')"
    ).fetchall()
    assert told["cost"] == 120 * 1_000


async def test_only_one_session_at_a_time_keeps_the_sums(ledger: Database) -> None:
    async with rollup.summing(ledger) as first, rollup.summing(ledger) as second:
        assert first is not None
        assert second is None
    async with rollup.summing(ledger) as third:
        assert third is not None


async def test_a_roller_that_is_killed_half_way_leaves_what_was(
    month: Rows, ledger: Database, database_url: str
) -> None:
    code = (
        "import asyncio, sys; from tallyward.ledger.database import Database; from tallyward.redact import Secret;"
        " from tests.ledger.summed import sum_up\n"
        "async def main():\n"
        "    ledger = Database(Secret(sys.argv[1])); await ledger.open(); await sum_up(ledger)\n"
        "asyncio.run(main())"
    )
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", code, database_url],
        env={**os.environ, "TALLY_FAULT_POINTS": "ledger.in_rollup=kill@3"},
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert agrees(month)

    def is_free() -> bool:
        held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE"
        return not month.execute(held + " datname = current_database())").fetchall()

    eventually(is_free)
    await sum_up(ledger)
    assert agrees(month)
    assert raw_spans(month)[1:] == []


async def test_what_is_summed_anew_is_the_same_to_the_byte(month: Rows, ledger: Database) -> None:
    await sum_up(ledger)
    async with rollup.summing(ledger) as connection:
        assert connection is not None
        found = await rollup_check.rebuild(connection, "default", None, keep=False)
    assert found.different == []
    assert found.buckets > 500


async def test_a_sum_that_was_tampered_with_is_named_and_put_right(month: Rows, ledger: Database) -> None:
    await sum_up(ledger)
    hour = TARGET - 3 * DAY - HOUR
    tamper = "UPDATE rollup_fires_by_skill SET fires = fires + 1 WHERE bucket = %s AND hours = 1 AND kind = 'skill'"
    assert month.execute(tamper, (hour,)).rowcount == 1
    month.execute("DELETE FROM rollup_usage WHERE hours = 24 AND bucket = %s", (TARGET - 3 * DAY - 12 * HOUR,))

    async with rollup.summing(ledger) as connection:
        assert connection is not None
        for _ in range(2):
            found = await rollup_check.rebuild(connection, "default", None, keep=False)
            assert [(table, hours) for table, hours, _ in found.different] == [
                ("rollup_fires_by_skill", 1),
                ("rollup_fires_by_skill", 24),  # is no more the sum of its hours
                ("rollup_usage", 24),
                ("rollup_usage", 96),
            ]
        await rollup_check.rebuild(connection, "default", TARGET - 5 * DAY, keep=True)
        assert (await rollup_check.rebuild(connection, "default", None, keep=False)).different == []
    assert agrees(month)


async def test_tenants_are_summed_apart(month: Rows, ledger: Database, database_url: str) -> None:
    with connect(database_url, "other") as other:
        add_fire(other, TARGET - 5 * HOUR, engineer_id="theirs")
        await sum_up(ledger)
        async with rollup.summing(ledger) as connection:
            assert connection is not None
            assert await rollup.tenants(connection) == ["default", "other"]
        assert agrees(other)
        await sum_up(ledger, tenant="other")
        assert agrees(other)
        add_fire(other, TARGET - 6 * HOUR)
        assert month.execute("SELECT 1 FROM rollup_marks").fetchall() == []
        assert agrees(other)
    assert agrees(month)


def test_an_unknown_grain_is_refused(rows: Rows) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="week"):
        rows.execute("SELECT * FROM fires_by_skill('-infinity', 'infinity', 'week')")


def test_a_reversed_span_is_empty(rows: Rows) -> None:
    add_fire(rows, TARGET)
    assert rows.execute("SELECT * FROM fires_by_skill('infinity', '-infinity')").fetchall() == []
