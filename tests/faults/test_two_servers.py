"""Two servers on one data directory share one PostgreSQL: neither takes it from the other, and both tell one truth."""

import os
import signal
from pathlib import Path

from tallyward.ledger import embedded
from tests.faults.load import ROW, Load, require_conserved
from tests.servers import Server, serving, tally
from tests.waiting import eventually


def second(server: Server) -> Server:
    """Another server on the same data directory, with a log of its own."""
    other = Server(server.data_dir, [], {}, None)
    other.log_path = server.log_path.with_suffix(".second.log")
    return other.start()


def test_the_first_to_stop_leaves_the_database_to_the_other(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as one:
        other = second(one)
        token = one.token()
        row = {**ROW, "fire_key": "k"}
        answers = [server.call("POST", "/v1/trace", row, token=token).json for server in (one, other)]
        assert answers[0] == answers[1], "one key is one row, whichever server is asked"
        assert one.terminate() == 0
        assert other.call("POST", "/v1/trace", row, token=token).json == answers[0]
        assert other.terminate() == 0
        assert embedded.running(one.data_dir) is None


def test_a_killed_neighbour_leaves_the_database_too(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as one:
        other = second(one)
        token = one.token()
        one.kill()
        assert other.call("POST", "/v1/trace", ROW, token=token).status == 202
        assert other.terminate() == 0
        assert embedded.running(one.data_dir) is None


def test_two_servers_under_load_that_both_lose_their_database_get_one_again(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as one:
        other = second(one)
        token = one.token()
        loads = [Load(one, token), Load(other, token)]  # with the same keys, so every row is sent to both
        with loads[0].running(), loads[1].running():
            for load in loads:
                load.until_confirmed(100)
            found = embedded.running(one.data_dir)
            assert found is not None
            assert found.pid is not None
            os.kill(found.pid, signal.SIGKILL)
            for load in loads:
                load.until_confirmed(100)
        shared = loads[0].confirmed.keys() & loads[1].confirmed.keys()
        assert shared
        assert all(loads[0].confirmed[key] == loads[1].confirmed[key] for key in shared)
        # Sessions of a postmaster that is gone may confirm a little longer, so the next may not be there yet.
        eventually(lambda: embedded.running(one.data_dir), 30)
        loads[0].confirmed |= loads[1].confirmed
        loads[0].unconfirmed |= loads[1].unconfirmed
        require_conserved(one, loads[0])
        assert other.terminate() == 0
        assert eventually(lambda: one.call("GET", "/v1/health").status == 200, 10)


def test_a_command_beside_a_server_does_not_take_its_database_away(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        token = server.token()
        for _ in range(2):
            done = tally("token", "list", "--data", str(server.data_dir), home=tmp_path)
            assert done.returncode == 0
            assert server.call("POST", "/v1/trace", ROW, token=token).status == 202
