"""A server that dies under load, wherever it was: all it confirmed is there after its restart, and nothing twice."""

import os
import signal
from pathlib import Path

import pytest

from tallyward import clock
from tallyward.ledger import embedded
from tests.faults.load import Load, require_conserved
from tests.servers import serving

RESTART_SECONDS_MAX = 5.0


@pytest.mark.parametrize("place", ["ledger.before_commit", "ledger.after_commit"])
def test_f01_f02_a_kill_around_the_commit_loses_and_doubles_nothing(tmp_path: Path, place: str) -> None:
    with serving(tmp_path / "data", extra={"TALLY_FAULT_POINTS": f"{place}=kill@25"}) as server:
        load = Load(server, server.token())
        with load.running():
            assert server.process.wait(30) == -signal.SIGKILL
        assert load.confirmed, "it was to die after it had confirmed something"
        assert load.unconfirmed, "it was to die while somebody waited"
        left = embedded.running(server.data_dir)
        assert left is not None
        started = clock.elapsed_seconds()
        server.start(extra={})
        assert clock.elapsed_seconds() - started < RESTART_SECONDS_MAX
        adopted = embedded.running(server.data_dir)
        assert adopted is not None
        assert adopted.pid == left.pid
        require_conserved(server, load)


def test_a_kill_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        load = Load(server, server.token())
        with load.running():
            load.until_confirmed(300)
            server.kill()
        server.start()
        require_conserved(server, load)


def test_f31_a_stop_under_load_keeps_all_that_was_confirmed_and_ends_in_time(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        load = Load(server, server.token())
        with load.running():
            load.until_confirmed(300)
            started = clock.elapsed_seconds()
            assert server.terminate() == 0
            assert clock.elapsed_seconds() - started < 10
        assert embedded.running(server.data_dir) is None
        assert set(load.outcomes) <= {"confirmed", "no answer", "ledger_unavailable"}
        assert "Traceback" not in server.log
        server.start()
        require_conserved(server, load)


def test_a_machine_that_loses_server_and_database_at_once_keeps_what_was_confirmed(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        load = Load(server, server.token())
        with load.running():
            load.until_confirmed(300)
            database = embedded.running(server.data_dir)
            assert database is not None
            assert database.pid is not None
            os.kill(database.pid, signal.SIGKILL)
            server.kill()
        server.start()
        require_conserved(server, load)
