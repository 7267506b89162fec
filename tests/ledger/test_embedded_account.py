"""PostgreSQL does not run as root. Root starts it as another user, and leaves every mode as it was."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tallyward import errors
from tallyward.ledger import embedded, postgres_account, postgres_binaries

ROOT = os.geteuid() == 0
SOMEBODY = 65534
CONTAINER = (  # what the root of an ordinary container may do: not trace others, not read what it is not let into
    "-all,+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,+setfcap,+setpcap,+net_bind_service"
    ",+sys_chroot,+kill,+audit_write"
)
START_TWICE = """
import os, sys
from pathlib import Path
from tallyward.ledger import embedded
first = embedded.start(Path(sys.argv[1]))
second = embedded.start(Path(sys.argv[1]))
print(first.adopted, second.adopted)
first.stop()
second.stop()
print(second.pid)
"""

only_root = pytest.mark.skipif(not ROOT, reason="what root does")


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A directory below one that only its owner may enter."""
    parent = tmp_path / "closed"
    parent.mkdir(mode=0o700)
    return parent / "data"


@pytest.fixture
def home_of_somebody() -> Iterator[Path]:
    """A directory of an ordinary user, reachable for it."""
    path = Path(tempfile.mkdtemp(prefix="tally-test-", dir="/tmp"))  # pytest's own is closed to others
    if ROOT:
        os.chown(path, SOMEBODY, SOMEBODY)
    yield path
    shutil.rmtree(path)


def as_somebody(act: Callable[[], None]) -> str:
    """What `act` raised, as text, when an ordinary user did it; nothing if all went well."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:  # never returns: a second pytest must not go on here
        said = ""
        try:
            if ROOT:
                os.setgroups([])
                os.setgid(SOMEBODY)
                os.setuid(SOMEBODY)
            act()
        except BaseException as error:  # noqa: BLE001  # the parent judges it
            said = f"{type(error).__name__}: {error}"
        os.write(write, said.encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def modes(path: Path) -> dict[Path, tuple[int, int]]:
    return {parent: (parent.stat().st_mode, parent.stat().st_uid) for parent in path.parents}


@only_root
def test_root_starts_it_below_a_directory_that_nobody_else_may_enter(closed: Path) -> None:
    before = modes(closed)

    cluster = embedded.start(closed)
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM pg_timezone_names").fetchone() == (True,)
    owner = Path("/proc", str(cluster.pid)).stat().st_uid
    status = Path("/proc", str(cluster.pid), "status").read_text()
    cluster.stop()

    assert owner != 0
    assert "CapEff:\t0000000000000000" in status
    assert modes(closed) == before
    assert (closed / "pg").stat().st_mode & 0o777 == 0o700


@only_root
def test_settings_are_read_anew_below_a_directory_that_nobody_else_may_enter(closed: Path) -> None:
    cluster = embedded.start(closed)
    with psycopg.connect(cluster.files.url("tally_super", "", "postgres"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET work_mem = '7MB'")
        connection.execute("SELECT pg_reload_conf()")
    with psycopg.connect(cluster.url()) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    cluster.stop()


@only_root
def test_the_root_of_a_container_starts_adopts_and_stops_it(closed: Path) -> None:
    setpriv = shutil.which("setpriv") or pytest.skip("setpriv is not installed")

    said = subprocess.run(
        [setpriv, f"--bounding-set={CONTAINER}", "--inh-caps=-all", sys.executable, "-c", START_TWICE, str(closed)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.stdout == "False True\nNone\n", said.stderr


@only_root
def test_programs_that_the_other_user_cannot_reach_are_copied_to_where_it_can(closed: Path) -> None:
    wheel = next(found for found in postgres_binaries.available() if found.wheel_root is not None)
    assert wheel.wheel_root is not None
    for name in (postgres_binaries.WHEEL, f"{postgres_binaries.WHEEL}.libs"):
        shutil.copytree(wheel.wheel_root / name, closed / name)
    hidden = postgres_binaries.Binaries(
        closed / wheel.directory.relative_to(wheel.wheel_root), wheel.major, wheel_root=closed
    )
    account = postgres_account.account_for(closed / "pg")
    places = (closed / "unreachable", Path(tempfile.mkdtemp(prefix="tally-test-", dir="/tmp")))
    places[1].chmod(0o755)
    try:
        copy = postgres_binaries.reachable(hidden, account, places)
        cluster = embedded.start(closed / "data", copy)
        with psycopg.connect(cluster.url()) as connection:
            assert connection.execute("SELECT to_tsvector('english', 'dogs')::text").fetchone() == ("'dog':1",)
        cluster.stop()

        assert copy.directory.is_relative_to(places[1])
        assert postgres_binaries.reachable(hidden, account, places) == copy
        places[1].chmod(0o777)
        with pytest.raises(errors.PostgresFailed, match="no copy could be made"):
            postgres_binaries.reachable(hidden, account, places)
    finally:
        shutil.rmtree(places[1])


@only_root
def test_a_cluster_runs_as_whoever_owns_it_already(home_of_somebody: Path) -> None:
    assert as_somebody(lambda: embedded.start(home_of_somebody / "data").stop()) == ""

    cluster = embedded.start(home_of_somebody / "data")
    owner = Path("/proc", str(cluster.pid)).stat().st_uid
    cluster.stop()

    assert owner == SOMEBODY


def test_an_ordinary_user_starts_adopts_and_stops_it(home_of_somebody: Path) -> None:
    def act() -> None:
        first, second = embedded.start(home_of_somebody / "data"), embedded.start(home_of_somebody / "data")
        assert (first.adopted, second.adopted) == (False, True)
        with psycopg.connect(second.url()) as connection:
            assert connection.execute("SELECT current_user::text").fetchone() == ("tally_owner",)
        first.stop()
        second.stop()
        assert embedded.running(home_of_somebody / "data") is None

    assert as_somebody(act) == ""


def test_a_directory_that_may_not_be_written_is_named(home_of_somebody: Path) -> None:
    home_of_somebody.chmod(0o500)

    said = as_somebody(lambda: embedded.start(home_of_somebody / "data") and None)

    assert said == f"DataDirUnusable: The data directory {home_of_somebody / 'data'} cannot be used: Permission denied."
    home_of_somebody.chmod(0o700)


@only_root
def test_a_cluster_of_another_user_is_refused_by_name(home_of_somebody: Path) -> None:
    embedded.start(home_of_somebody / "data").stop()

    said = as_somebody(lambda: embedded.start(home_of_somebody / "data") and None)

    assert said.startswith(f"DataDirUnusable: The data directory {home_of_somebody / 'data'} cannot be used")
