"""What happens to the embedded PostgreSQL when the server ends, however it ends."""

import signal
from pathlib import Path

import pytest

from tallyward.ledger import embedded
from tests.servers import serving

ADOPTED = "Found the PostgreSQL that an earlier server left running"


@pytest.mark.parametrize(
    ("request_to_stop", "exit_code"), [(signal.SIGTERM, 0), (signal.SIGHUP, 0), (signal.SIGINT, 130)]
)
def test_a_server_that_is_told_to_stop_takes_its_database_along(
    tmp_path: Path, request_to_stop: signal.Signals, exit_code: int
) -> None:
    with serving(tmp_path / "data") as server:
        assert embedded.running(tmp_path / "data") is not None

        server.process.send_signal(request_to_stop)

        assert server.process.wait(20) == exit_code
        assert embedded.running(tmp_path / "data") is None


def test_a_killed_server_leaves_its_database_to_the_next(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        server.kill()
        left = embedded.running(tmp_path / "data")
        assert left is not None

        server.start()

        assert ADOPTED in server.log
        adopted = embedded.running(tmp_path / "data")
        assert adopted is not None
        assert adopted.pid == left.pid
        assert server.terminate() == 0
        assert embedded.running(tmp_path / "data") is None
