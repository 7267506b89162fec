"""The group-committing writer in bad company: hostile rows, a full queue, a lost connection, an end in the middle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from string import ascii_letters
from typing import Any

import psycopg
import pytest

from tallyward.domain.fire import ONCE, Fetch, Fire
from tallyward.errors import DiskFull, Internal, LedgerUnavailable, QueueFull
from tallyward.ledger.database import Connection, Database, unavailable
from tallyward.ledger.lane import ATTEMPTS
from tallyward.ledger.writer import FAILURE_SECONDS, Writer
from tallyward.redact import Secret
from tallyward.testing.frozen_clock import FrozenClock
from tests.ledger.stored import stored

NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)
WAITING = (
    "SELECT count(*) AS waiting FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def fire(key: str, **fields: Any) -> Fire:
    facts: dict[str, Any] = {
        "ts": NOON, "engineer_id": "a", "skill_name": "/s", "runtime": "modal", "status": "success", "kind": "skill",
        "seen_by": ["api"],
    }  # fmt: skip
    return Fire(fire_key=key, **{**facts, **fields})


@asynccontextmanager
async def owner(url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """The ledger's owner on a connection of its own, which may lock and change tables."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        yield connection


@asynccontextmanager
async def nothing_can_be_written(url: str) -> AsyncIterator[None]:
    """A lock on the table of fires: whoever writes waits until the end of the block."""
    async with owner(url) as connection, connection.transaction():
        await connection.execute("LOCK TABLE skill_invocations IN SHARE MODE")
        yield


async def until_the_writer_waits(url: str) -> None:
    async with owner(url) as connection, asyncio.timeout(5):
        while (await (await connection.execute(WAITING)).fetchone()) != (1,):  # noqa: ASYNC110  # another process tells
            await asyncio.sleep(0.005)


async def end_those_who_wait(url: str, count: int) -> None:
    """Cuts off so many different connections that wait for a lock, one after another."""
    ended: set[int] = set()
    async with owner(url) as connection, asyncio.timeout(10):
        while len(ended) < count:
            cursor = await connection.execute(
                "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            ended |= {pid async for pid, _ in cursor}
            await asyncio.sleep(0.005)  # another process tells


def too_large() -> str:
    """A text that no index of PostgreSQL takes, and that cannot be compressed."""
    return "".join(Random(1).choices(ascii_letters, k=5_000))  # noqa: S311  # not a secret


@pytest.mark.parametrize(
    "bad",
    [fire("bad", status="odd"), fire("bad", kind="odd"), fire("bad", latency_ms=2**40), fire(too_large())],
    ids=["status", "kind", "number", "length"],
)
async def test_a_row_that_the_database_refuses_takes_no_neighbour_along(
    writer: Writer, ledger: Database, bad: Fire
) -> None:
    neighbours = [writer.store("default", [fire(f"good{n}")]) for n in range(5)]
    answers = await asyncio.gather(
        neighbours[0], writer.store("default", [bad]), *neighbours[1:], return_exceptions=True
    )
    assert isinstance(answers.pop(1), Internal)
    assert set(await stored(ledger)) == {f"good{n}" for n in range(5)}
    assert all(isinstance(ids, list) for ids in answers)
    assert writer.last_error is None


async def test_a_bad_row_refuses_its_own_request_whole(writer: Writer, ledger: Database) -> None:
    with pytest.raises(Internal):
        await writer.store("default", [fire("one"), fire("bad", status="odd"), fire("two")])
    assert await stored(ledger) == {}


async def test_what_the_database_says_of_a_row_is_not_logged(writer: Writer, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Internal) as refused:
        await writer.store("default", [fire("bad", status="c4n4ry")])
    assert "skill_invocations_status_check" in caplog.text
    assert "c4n4ry" not in caplog.text
    assert "c4n4ry" not in refused.value.message


async def test_an_error_that_nobody_expected_does_not_end_the_writer(
    writer: Writer, ledger: Database, database_url: str
) -> None:
    async with owner(database_url) as connection:
        await connection.execute("CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        await connection.execute(
            "CREATE TRIGGER lose BEFORE INSERT ON skill_invocations FOR EACH ROW EXECUTE FUNCTION lose()"
        )
        with pytest.raises(Internal):
            await writer.store("default", [fire("lost")])
        await connection.execute("DROP TRIGGER lose ON skill_invocations")
    await writer.store("default", [fire("kept")])
    assert set(await stored(ledger)) == {"kept"}


async def test_fifty_identical_requests_at_once_are_one_row_with_one_number(writer: Writer, ledger: Database) -> None:
    answers = await asyncio.gather(*(writer.store("default", [fire("k")]) for _ in range(50)))
    ((id_, _),) = (await stored(ledger)).values()
    assert answers == [[id_]] * 50


async def test_nobody_is_answered_before_the_commit(writer: Writer, ledger: Database, database_url: str) -> None:
    async with nothing_can_be_written(database_url):
        waiting = asyncio.ensure_future(writer.store("default", [fire("k")]))
        await until_the_writer_waits(database_url)
        assert not waiting.done()
    await waiting
    assert set(await stored(ledger)) == {"k"}


async def test_a_full_queue_refuses_at_once_and_takes_again_when_it_is_emptied(
    ledger: Database, database_url: str
) -> None:
    writer = Writer(ledger, queue_rows_max=10)
    await writer.start()
    async with nothing_can_be_written(database_url):
        first = asyncio.ensure_future(writer.store("default", [fire("first")]))
        await until_the_writer_waits(database_url)
        second = asyncio.ensure_future(writer.store("default", [fire(f"second{n}") for n in range(8)]))
        await asyncio.sleep(0)
        with pytest.raises(QueueFull, match="8 rows are waiting"):
            await writer.store("default", [fire(f"third{n}") for n in range(3)])
    await asyncio.gather(first, second)
    await writer.store("default", [fire(f"third{n}") for n in range(3)])
    assert len(await stored(ledger)) == 12
    await writer.stop()


async def test_a_connection_lost_while_idle_costs_nobody_an_error(writer: Writer, ledger: Database) -> None:
    async with ledger.transaction(None) as connection:
        await _end_others(connection)
    ids = await writer.store("default", [fire("k")])
    assert {id_ for id_, _ in (await stored(ledger)).values()} == set(ids)


async def test_a_connection_lost_in_the_middle_of_a_group_is_written_again_and_once(
    writer: Writer, ledger: Database, database_url: str
) -> None:
    async with nothing_can_be_written(database_url):
        waiting = [asyncio.ensure_future(writer.store("default", [fire(f"k{n}")])) for n in range(3)]
        await until_the_writer_waits(database_url)
        async with owner(database_url) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
    answers = await asyncio.gather(*waiting)
    assert {id_ for id_, _ in (await stored(ledger)).values()} == {ids[0] for ids in answers}


async def _end_others(connection: Connection) -> None:
    await connection.execute("RESET ROLE")
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
    )
    await connection.execute("SET ROLE tally_app")


async def test_a_row_without_a_key_is_not_kept_when_its_group_fails(
    writer: Writer, ledger: Database, database_url: str
) -> None:
    """Its sender is told to send it again, and has nothing to know it by: were it kept, it would be there twice."""
    await writer.store("default", [fire("known")])
    async with owner(database_url) as holder, holder.transaction():
        await holder.execute("SELECT set_config('tally.tenant', 'default', true)")
        await holder.execute("SELECT FROM skill_invocations WHERE fire_key = 'known' FOR UPDATE")
        group = asyncio.gather(
            writer.store("default", [fire(f"{ONCE}1")]),
            writer.store("default", [fire("known", latency_ms=1), fire("new")]),
            return_exceptions=True,
        )
        await end_those_who_wait(database_url, ATTEMPTS)
        answers = await group

    assert [type(answer) for answer in answers] == [LedgerUnavailable, LedgerUnavailable]
    assert sorted(await stored(ledger)) == ["known", "new"]  # what has a key may be there already: it can be sent again


async def test_stopping_writes_all_that_was_taken_and_takes_no_more(ledger: Database) -> None:
    writer = Writer(ledger)
    await writer.start()
    taken = [asyncio.ensure_future(writer.store("default", [fire(f"k{n}")])) for n in range(20)]
    await asyncio.sleep(0)
    await writer.stop()
    answers = await asyncio.gather(*taken)
    assert len({ids[0] for ids in answers}) == len(await stored(ledger)) == 20
    with pytest.raises(LedgerUnavailable):
        await writer.store("default", [fire("late")])


async def test_a_failure_of_the_database_is_news_for_half_a_minute(database_url: str) -> None:
    database = Database(Secret(database_url))
    writer = Writer(database)
    with FrozenClock() as time:
        writer._failure = (time.elapsed_seconds(), DiskFull())
        time.advance(FAILURE_SECONDS)
        assert isinstance(writer.last_error, DiskFull)
        time.advance(1)
        assert writer.last_error is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.errors.DiskFull("could not extend file"), DiskFull),
        (psycopg.OperationalError("PANIC: could not write: No space left on device"), DiskFull),
        (psycopg.OperationalError("server closed the connection unexpectedly"), LedgerUnavailable),
        (psycopg.errors.AdminShutdown("terminating connection"), LedgerUnavailable),
    ],
)
def test_a_full_disk_is_told_from_a_lost_database(error: psycopg.Error, kind: type[Exception]) -> None:
    assert type(unavailable(error)) is kind


async def test_file_reads_keep_the_number_of_their_first_report(writer: Writer, ledger: Database) -> None:
    fetches = [
        Fetch(fetch_key=key, ts=NOON, agent_name="a", file_path=too_large()[:4096]) for key in ("f2", "f1", "f2")
    ]
    first = await writer.store("default", fetches)
    again = await writer.store("default", [fetches[1], fire("f1"), fetches[0]])
    assert first[0] == first[2] != first[1]
    assert [again[0], again[2]] == [first[1], first[0]]
    async with ledger.transaction("default") as connection:
        rows = await (await connection.execute("SELECT count(*) AS count FROM context_fetches")).fetchall()
    assert rows == [{"count": 2}]
