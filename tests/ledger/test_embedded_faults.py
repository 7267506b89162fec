"""What can be wrong with a data directory or a machine, and that it is said in one sentence or mended in silence."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tallyward import errors
from tallyward.ledger import embedded, postgres_account, postgres_binaries
from tallyward.ledger.postmaster import NOBODYS_PID, PID_FILE, SOCKET_LOCK_FILE
from tests.waiting import eventually

LOOK_FOR_PROGRAMS = """
import sys
sys.path.insert(0, sys.argv[1])
from tallyward import errors
from tallyward.ledger import postgres_binaries
try:
    postgres_binaries.available()
except errors.PostgresMissing as error:
    print(error.code, error.remedy)
"""

START_AND_SAY = """
import sys
from pathlib import Path
from tallyward.ledger import embedded
print(embedded.start(Path(sys.argv[1])).adopted)
"""


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[Path]:
    """A data directory with a whole cluster that does not run, before the test and after it."""
    embedded.start(tmp_path).stop()
    yield tmp_path
    left = embedded.running(tmp_path)
    if left is not None:
        left.stop()


def is_busy(cluster: embedded.Cluster) -> bool:
    with psycopg.connect(cluster.url()) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%%generate_series%%'"
        return connection.execute(query + " AND pid <> pg_backend_pid()").fetchone() != (0,)


def answers(cluster: embedded.Cluster) -> bool:
    with psycopg.connect(cluster.url()) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def test_a_database_that_was_killed_at_work_starts_again(tmp_path: Path) -> None:
    cluster = embedded.start(tmp_path)
    killed = cluster.pid
    assert killed is not None
    busy = psycopg.connect(cluster.url(), autocommit=True)
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(busy.execute, "SELECT count(*) FROM generate_series(1, 3000000)")
        eventually(lambda: is_busy(cluster))
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: cluster.pid is None)

        again = embedded.start(tmp_path)

        assert work.exception() is None or isinstance(work.exception(), psycopg.OperationalError)
    busy.close()
    assert not again.adopted
    assert again.pid not in (None, killed)
    assert answers(again)
    again.stop()
    cluster.stop()


def test_a_pid_that_now_belongs_to_another_program_is_no_obstacle(stopped: Path) -> None:
    """PostgreSQL itself would refuse: it takes any live process of its own user for another server."""
    account = postgres_account.account_for(stopped / "pg")
    stranger = subprocess.Popen(["sleep", "600"], cwd=stopped, **postgres_account.identity(account))
    for name in (PID_FILE, SOCKET_LOCK_FILE):
        file = stopped / "pg" / name
        file.write_text(f"{stranger.pid}\n{stopped / 'pg'}\n1790000000\n5432\n.\n\n 1234 5678\nready   \n")
        if account is not None:
            os.chown(file, account.uid, account.gid)
    try:
        assert embedded.running(stopped) is None

        cluster = embedded.start(stopped)

        assert not cluster.adopted
        assert answers(cluster)
        assert stranger.poll() is None
        cluster.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_a_pid_file_of_a_dead_process_is_left_for_postgresql_to_judge(stopped: Path) -> None:
    lines = f"{NOBODYS_PID}\n{stopped / 'pg'}\n1790000000\n5432\n.\n\n 1234 5678\nready   \n"
    (stopped / "pg" / PID_FILE).write_text(lines)

    assert embedded.running(stopped) is None
    cluster = embedded.start(stopped)

    assert answers(cluster)
    cluster.stop()


def test_a_half_made_cluster_is_thrown_away(tmp_path: Path) -> None:
    half = tmp_path / "pg.new" / "base"
    half.mkdir(parents=True)
    (tmp_path / "pg.new" / "PG_VERSION").write_text("18\n")

    cluster = embedded.start(tmp_path)

    assert answers(cluster)
    assert not (tmp_path / "pg.new").exists()
    cluster.stop()


def test_a_database_whose_first_start_was_cut_short_is_completed(tmp_path: Path) -> None:
    cluster = embedded.start(tmp_path)
    with psycopg.connect(cluster.files.url("tally_super", "", "postgres"), autocommit=True) as connection:
        connection.execute("DROP DATABASE tally")
        connection.execute("DROP ROLE tally_owner")
    cluster.stop()

    again = embedded.start(tmp_path)

    assert answers(again)
    again.stop()


def test_a_cluster_of_a_version_we_do_not_have_is_named(stopped: Path) -> None:
    (stopped / "pg" / "PG_VERSION").write_text("14\n")

    with pytest.raises(errors.DataDirUnusable, match=rf"{stopped}.* made by PostgreSQL 14, and here is PostgreSQL 1"):
        embedded.start(stopped)


def test_a_data_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")

    with pytest.raises(errors.DataDirUnusable, match=r"file is not a directory"):
        embedded.start(tmp_path / "file")
    with pytest.raises(errors.DataDirUnusable, match="Not a directory"):
        embedded.start(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_that_is_no_cluster_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pg").mkdir()
    (tmp_path / "pg" / "thesis.txt").write_text("mine")

    with pytest.raises(errors.DataDirUnusable, match="not a cluster of PostgreSQL"):
        embedded.start(tmp_path)
    assert (tmp_path / "pg" / "thesis.txt").read_text() == "mine"


def test_a_database_that_does_not_start_shows_its_last_words(stopped: Path) -> None:
    with (stopped / "pg" / "postgresql.conf").open("a") as settings:
        settings.write("max_connections = banana\n")

    with pytest.raises(errors.PostgresFailed, match=r"postgresql.log ends with: .*banana"):
        embedded.start(stopped)
    assert embedded.running(stopped) is None


def test_a_failed_start_lets_go_of_its_locks(stopped: Path) -> None:
    settings = stopped / "pg" / "postgresql.conf"
    whole = settings.read_text()
    settings.write_text(whole + "max_connections = banana\n")
    with pytest.raises(errors.PostgresFailed):
        embedded.start(stopped)
    settings.write_text(whole)

    cluster = embedded.start(stopped)
    cluster.stop()

    assert embedded.running(stopped) is None


def test_a_database_that_hangs_is_neither_adopted_nor_doubled(tmp_path: Path) -> None:
    cluster = embedded.start(tmp_path)
    pid = cluster.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        waiting = subprocess.Popen(
            [sys.executable, "-c", START_AND_SAY, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(0.7)
    finally:
        os.kill(pid, signal.SIGCONT)

    assert waiting.communicate(timeout=30)[0] == "True\n"
    cluster.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_is_said_and_nothing_half_made_is_kept(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=False).returncode:
        pytest.skip("this root may not mount")
    try:
        with pytest.raises(errors.PostgresFailed, match="No space left on device"):
            embedded.start(disk / "data")
        assert not (disk / "data" / "pg").exists()
        assert not (disk / "data" / "pg.new").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_without_any_postgresql_the_remedy_is_said(tmp_path: Path) -> None:
    source = str(Path(embedded.__file__).parents[2])

    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LOOK_FOR_PROGRAMS, source],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout.startswith("postgres_missing pip install")


def test_a_program_that_is_not_postgresql_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("postgres", "initdb"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 9.6'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    assert shutil.which("postgres") == str(tmp_path / "postgres")
    assert tmp_path not in [found.directory for found in postgres_binaries.available()]
