"""Sealing an hour while somebody writes into it: whoever comes first, no row is lost."""

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tallyward.ledger import rollup
from tallyward.ledger.database import Database
from tests.ledger.summed import HOUR, TARGET, Rows, add_fire, add_request, agrees, sum_up
from tests.ledger.test_rollup import connect
from tests.waiting import eventually

IN_PROMPT = {"session_id": "s", "prompt_id": "p"}


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    with connect(database_url) as found:
        add_fire(found, TARGET - 50 * HOUR)
        yield found


@pytest.fixture
def writer(database_url: str) -> Iterator[Rows]:
    """Somebody else who writes, one transaction after another."""
    with connect(database_url) as found:
        yield found


async def test_a_write_under_way_holds_off_the_sealing_for_a_moment_and_then_the_sealing_gives_way(
    rows: Rows, writer: Rows, ledger: Database
) -> None:
    async with rollup.summing(ledger) as connection:
        assert connection is not None
        with writer.transaction():
            add_fire(writer, TARGET - 3 * HOUR)
            assert await rollup.seal(connection, "default", TARGET) is None
            add_fire(rows, TARGET - 4 * HOUR)  # nobody waits behind it
        reach = await rollup.seal(connection, "default", TARGET)
        assert reach is not None
        assert reach.sealed_until == TARGET
    await sum_up(ledger)
    assert agrees(rows)


async def test_a_write_that_waited_for_the_sealing_leaves_a_mark(rows: Rows, writer: Rows, ledger: Database) -> None:
    writing = threading.Thread(target=add_fire, args=[writer, TARGET - 3 * HOUR])
    async with ledger.transaction("default") as sealing:
        await sealing.execute("SELECT pg_advisory_xact_lock(rollup_lock_number())")
        writing.start()
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        eventually(lambda: rows.execute(waiting).fetchall())
        await sealing.execute("UPDATE rollup_state SET sealed_until = %s WHERE tenant = 'default'", (TARGET,))
    writing.join(10)
    assert rows.execute("SELECT hour FROM rollup_marks").fetchall() == [{"hour": TARGET - 3 * HOUR}]


async def test_a_row_that_comes_between_sealing_and_summing_is_summed_the_next_time(
    rows: Rows, writer: Rows, ledger: Database
) -> None:
    async with rollup.summing(ledger) as connection:
        assert connection is not None
        reach = await rollup.seal(connection, "default", TARGET)
        assert reach is not None
        add_fire(writer, TARGET - 50 * HOUR)
        with writer.transaction():
            add_fire(writer, TARGET - 50 * HOUR)
            assert await rollup.sum_marked(connection, "default", reach.last_mark) > 0
            assert agrees(rows)
        assert agrees(rows)
    await sum_up(ledger)
    assert agrees(rows)
    assert rows.execute("SELECT 1 FROM rollup_marks").fetchall() == []


async def test_two_reports_that_do_not_see_each_other_are_still_counted_once(
    rows: Rows, writer: Rows, ledger: Database
) -> None:
    await sum_up(ledger)
    with writer.transaction():
        add_request(writer, "read", TARGET + HOUR / 2, "transcript", **IN_PROMPT)
        add_request(rows, "told", TARGET - 5 * HOUR, "otlp", **IN_PROMPT)
        async with rollup.summing(ledger) as connection:
            assert connection is not None
            assert await rollup.seal(connection, "default", TARGET) is None  # it waits for the transcript
    assert agrees(rows)
    await sum_up(ledger)
    assert agrees(rows)


async def test_a_writer_with_an_old_view_marks_whatever_it_touches(rows: Rows, writer: Rows, ledger: Database) -> None:
    writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with writer.transaction():
        writer.execute("SELECT 1")  # its view of the ledger is of now
        await sum_up(ledger)
        add_fire(writer, TARGET - 3 * HOUR)
    assert rows.execute("SELECT hour FROM rollup_marks").fetchall() == [{"hour": TARGET - 3 * HOUR}]
    assert agrees(rows)
    await sum_up(ledger)
    assert agrees(rows)


async def test_what_was_written_by_plain_sql_and_taken_back_leaves_nothing(
    rows: Rows, writer: Rows, ledger: Database
) -> None:
    await sum_up(ledger)
    with writer.transaction(force_rollback=True):
        add_fire(writer, TARGET - 3 * HOUR)
    assert rows.execute("SELECT 1 FROM rollup_marks").fetchall() == []
    assert agrees(rows)
