"""The private PostgreSQL: made once, kept, adopted, shared, and stopped by whoever leaves last."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tallyward.ledger import embedded, postgres_binaries
from tests.waiting import eventually

START_AND_DIE = """
import os, sys
from pathlib import Path
from tallyward.ledger import embedded
print(embedded.start(Path(sys.argv[1])).pid, flush=True)
os.kill(os.getpid(), 9)
"""

Start = Callable[..., embedded.Cluster]


@pytest.fixture
def start() -> Iterator[Start]:
    """`embedded.start`, and nothing is left running when the test ends."""
    started: list[embedded.Cluster] = []

    def begin(*arguments: object) -> embedded.Cluster:
        started.append(embedded.start(*arguments))  # type: ignore[arg-type]
        return started[-1]

    yield begin
    for cluster in started:
        cluster.stop()


def ask(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row[0]


def left_behind(data_dir: Path) -> int:
    """The process of a PostgreSQL whose server was killed."""
    server = subprocess.run(
        [sys.executable, "-c", START_AND_DIE, str(data_dir)], capture_output=True, text=True, check=False
    )
    assert server.returncode == -signal.SIGKILL, server.stderr
    return int(server.stdout)


def test_the_first_start_makes_a_database_whose_owner_cannot_step_past_row_level_security(
    start: Start, tmp_path: Path
) -> None:
    url = start(tmp_path / "data").url()

    assert ask(url, "SELECT current_user::text") == "tally_owner"
    assert ask(url, "SELECT rolcreaterole AND NOT rolsuper AND NOT rolbypassrls FROM pg_roles WHERE rolname = user")
    assert ask(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'tally'") == "tally_owner"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
        ("listen_addresses", ""),
        ("log_error_verbosity", "terse"),
    ],
)
def test_the_settings_our_promises_stand_on_are_in_force(running_url: str, name: str, value: str) -> None:
    assert ask(running_url, f"SELECT current_setting('{name}')") == value


@pytest.fixture(scope="module")
def running_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    cluster = embedded.start(tmp_path_factory.mktemp("settings"))
    yield cluster.url()
    cluster.stop()


def test_the_url_says_the_tenant_to_psycopg_and_to_psql(running_url: str) -> None:
    other = running_url.replace("default", "acme")
    psql = shutil.which("psql") or pytest.skip("psql is not installed")

    said = subprocess.run([psql, "-XAtc", "SHOW tally.tenant", running_url], capture_output=True, text=True, check=True)

    assert said.stdout == "default\n"
    assert ask(other, "SHOW tally.tenant") == "acme"


def test_rows_survive_a_stop_and_a_start(start: Start, tmp_path: Path) -> None:
    first = start(tmp_path)
    with psycopg.connect(first.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop()
    assert embedded.running(tmp_path) is None

    again = start(tmp_path)

    assert not again.adopted
    assert ask(again.url(), "SELECT answer FROM kept") == 42


def test_a_database_left_behind_by_a_killed_server_is_adopted(start: Start, tmp_path: Path) -> None:
    pid = left_behind(tmp_path)

    cluster = start(tmp_path)

    assert cluster.adopted
    assert cluster.pid == pid
    cluster.stop()
    assert embedded.running(tmp_path) is None


def test_a_running_database_is_found_without_starting_one(start: Start, tmp_path: Path) -> None:
    assert embedded.running(tmp_path / "never-made") is None
    assert not (tmp_path / "never-made").exists()

    cluster = start(tmp_path)
    found = embedded.running(tmp_path)

    assert found is not None
    assert found.pid == cluster.pid
    assert ask(found.url(), "SELECT 1") == 1


def test_the_database_outlives_all_users_but_the_last(start: Start, tmp_path: Path) -> None:
    server, command = start(tmp_path), start(tmp_path)
    assert command.adopted

    server.stop()
    assert ask(command.url(), "SELECT 1") == 1

    command.stop()
    assert embedded.running(tmp_path) is None


def test_a_killed_user_does_not_keep_the_database_running(start: Start, tmp_path: Path) -> None:
    left_behind(tmp_path)
    start(tmp_path).stop()

    assert embedded.running(tmp_path) is None


def test_stopping_twice_is_harmless(start: Start, tmp_path: Path) -> None:
    cluster = start(tmp_path)
    cluster.stop()
    cluster.stop()

    assert cluster.pid is None


def test_two_starts_at_once_give_one_database(start: Start, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        clusters = list(pool.map(start, [tmp_path] * 4))

    assert len({cluster.pid for cluster in clusters}) == 1
    assert sorted(cluster.adopted for cluster in clusters) == [False, True, True, True]


def test_ctrl_c_in_the_terminal_does_not_reach_the_database(start: Start, tmp_path: Path) -> None:
    pid = start(tmp_path).pid

    assert pid is not None
    assert os.getsid(pid) == pid
    assert os.getpgid(pid) != os.getpgrp()


def test_the_database_knows_nothing_of_our_environment(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLY_TOKEN", "canary-in-the-environment")
    pid = start(tmp_path).pid
    environment = Path("/proc", str(pid), "environ")
    if not environment.exists():
        pytest.skip("no /proc here")

    assert b"PATH=" in environment.read_bytes()
    assert b"canary" not in environment.read_bytes()


def test_the_log_does_not_show_what_a_row_holds(start: Start, tmp_path: Path) -> None:
    cluster = start(tmp_path)
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE private (word text PRIMARY KEY, length int CHECK (length < 5))")
        connection.execute("INSERT INTO private VALUES ('canary-in-a-row', 1)")
        for statement in (
            "INSERT INTO private VALUES ('canary-in-a-row', 1)",
            "INSERT INTO private VALUES ('canary-too-long', 9)",
            "SELECT 'canary-in-a-statement' FROM nowhere",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)  # type: ignore[arg-type]

    log = cluster.files.log.read_text()

    assert "violates unique constraint" in log
    assert "canary" not in log


@pytest.mark.parametrize("folder", ["d" * 120, "with,comma", "with space & ünïcode%2F"])
def test_a_path_that_a_socket_or_a_url_cannot_hold_is_no_obstacle(start: Start, tmp_path: Path, folder: str) -> None:
    cluster = start(tmp_path / folder)
    psql = shutil.which("psql")

    assert ask(cluster.url(), "SELECT 1") == 1
    if psql is not None:
        assert subprocess.run([psql, "-XAtc", "SELECT 1", cluster.url()], capture_output=True, check=True).stdout


def test_the_programs_on_path_do_as_well(start: Start, tmp_path: Path) -> None:
    others = [found for found in postgres_binaries.available() if found.wheel_root is None]
    if not others:
        pytest.skip("no postgres on PATH")
    first = start(tmp_path, others[0])
    assert ask(first.url(), "SELECT current_setting('server_version_num')::int / 10000") == others[0].major
    first.stop()

    again = start(tmp_path)  # which would rather take the wheel's, but the cluster belongs to the others

    assert ask(again.url(), "SELECT current_setting('server_version_num')::int / 10000") == others[0].major


def test_a_long_log_is_set_aside_once(start: Start, tmp_path: Path) -> None:
    cluster = start(tmp_path)
    cluster.stop()
    with cluster.files.log.open("ab") as log:
        log.truncate(17_000_000)

    start(tmp_path)

    assert cluster.files.log.stat().st_size < 100_000
    assert cluster.files.log.with_suffix(".log.1").stat().st_size == 17_000_000


def test_a_start_waits_for_a_database_that_is_still_stopping(start: Start, tmp_path: Path) -> None:
    pid = left_behind(tmp_path)
    os.kill(pid, signal.SIGINT)

    cluster = start(tmp_path)

    assert ask(cluster.url(), "SELECT 1") == 1
    eventually(lambda: cluster.pid is not None)
