"""The embedded PostgreSQL dies, hangs or is taken away under load: 503 meanwhile, recovery by itself, nothing lost."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from tallyward import clock
from tallyward.domain.fire import FireIn
from tallyward.errors import LedgerUnavailable
from tallyward.ledger import embedded
from tallyward.ledger.database import Database
from tallyward.ledger.migrate import migrate
from tallyward.ledger.writer import Writer
from tallyward.redact import Secret
from tests.faults.load import ROW, Load, require_conserved
from tests.servers import Server, serving
from tests.sightings import fire
from tests.waiting import eventually

HONEST = {"confirmed", "no answer", "ledger_unavailable"}


def postmaster(server: Server) -> int:
    found = embedded.running(server.data_dir)
    assert found is not None
    assert found.pid is not None
    return found.pid


def backends(server: Server) -> list[int]:
    return backends_of(server.database_url)


def backends_of(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in rows]


def is_healthy(server: Server) -> bool:
    return server.call("GET", "/v1/health").status == 200


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGQUIT], ids=["killed", "immediate"])
def test_f22_a_dead_postgresql_is_started_again_under_load(tmp_path: Path, blow: signal.Signals) -> None:
    with serving(tmp_path / "data") as server:
        load = Load(server, server.token())
        with load.running():
            load.until_confirmed(200)
            first = postmaster(server)
            os.kill(first, blow)
            eventually(lambda: embedded.running(server.data_dir) is not None and postmaster(server) != first, 20)
            load.until_confirmed(200)
        assert eventually(lambda: is_healthy(server), 10)
        assert set(load.outcomes) <= HONEST
        require_conserved(server, load)
        assert server.terminate() == 0
        assert embedded.running(server.data_dir) is None


def test_a_crashed_backend_makes_postgresql_recover_and_nothing_is_lost(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        load = Load(server, server.token())
        with load.running():
            load.until_confirmed(200)
            first = postmaster(server)
            os.kill(backends(server)[0], signal.SIGKILL)
            load.until_confirmed(200)
        assert postmaster(server) == first, "PostgreSQL itself lived on"
        assert set(load.outcomes) <= HONEST
        require_conserved(server, load)


def test_connections_that_an_administrator_ends_cost_no_sender_a_row(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        load = Load(server, server.token())
        with load.running():
            for _ in range(5):
                load.until_confirmed(50)
                with psycopg.connect(server.database_url) as administrator:
                    administrator.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                    )
        assert set(load.outcomes) <= HONEST
        require_conserved(server, load)


@contextmanager
def stopped(pids: list[int]) -> Iterator[None]:
    """These processes stand still, as on a disk that does not answer, and go on after the block."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_a_database_that_hangs_is_told_by_health_and_loses_nothing(tmp_path: Path) -> None:
    elsewhere = embedded.start(tmp_path / "elsewhere")
    try:
        with serving(tmp_path / "data", database=elsewhere.url(tenant="")) as server:
            assert elsewhere.pid is not None
            load = Load(server, server.token())
            with load.running():
                load.until_confirmed(50)
                with stopped([*backends(server), elsewhere.pid]):
                    assert seconds_of(lambda: server.call("GET", "/v1/health").status == 503) < 5
                load.until_confirmed(50)
            require_conserved(server, load)
    finally:
        elsewhere.stop()


async def test_the_ledger_of_a_database_that_hangs_is_closed_in_time(tmp_path: Path) -> None:
    """With seven seconds for requests under way before it, a server ends within the ten that a deploy gives it."""
    elsewhere = embedded.start(tmp_path / "elsewhere")
    try:
        migrate(Secret(elsewhere.url(tenant="")))
        database = Database(Secret(elsewhere.url(tenant="")))
        await database.open()
        writer = Writer(database)
        await writer.start()
        assert elsewhere.pid is not None
        with stopped([*backends_of(elsewhere.url(tenant="")), elsewhere.pid]):
            waiting = asyncio.ensure_future(writer.store("default", [fire(FireIn(**ROW))]))
            assert not await database.answers(0.1)
            started = clock.elapsed_seconds()
            await writer.stop()
            await database.close()
            assert clock.elapsed_seconds() - started < 3
        with pytest.raises(LedgerUnavailable):
            await waiting
    finally:
        elsewhere.stop()


def seconds_of(act: Callable[[], bool]) -> float:
    """How long `act` took, after it was true."""
    started = clock.elapsed_seconds()
    assert act()
    return clock.elapsed_seconds() - started
