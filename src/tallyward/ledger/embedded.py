"""A private PostgreSQL beside the server: started, adopted and stopped here, reached through one private socket.

Its cluster stands in `<data directory>/pg`, with the socket inside, in a directory that only its user may enter; it
listens on no network. It has a session of its own, so that Ctrl-C in a terminal reaches the server and not the database
under it, and it outlives a server that is killed: the next `start` finds it by its cluster and adopts it.

Every `start` holds a shared lock for as long as it uses the cluster, which the kernel lets go of when the process dies.
`stop` shuts PostgreSQL down only if nobody else holds it, so that a short command never takes the database away from a
server that has joined meanwhile.
"""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from tallyward import clock
from tallyward.errors import DataDirUnusable, PostgresFailed
from tallyward.ledger import postgres_binaries, postmaster
from tallyward.ledger.cluster_files import ClusterFiles, Hold
from tallyward.ledger.cluster_init import ALWAYS, SUPERUSER, initialise
from tallyward.ledger.postgres_account import ENVIRONMENT, Account, account_for, identity, reachable_directory
from tallyward.ledger.postgres_binaries import Binaries
from tallyward.redact import redact

OWNER = "tally_owner"
DATABASE = "tally"
START_SECONDS_MAX = 300  # replaying the log after a power cut may take minutes on a slow disk
STOP_SECONDS_MAX = 60  # a fast shutdown writes a checkpoint; after this the log will be replayed instead
POLL_SECONDS = 0.003  # PostgreSQL is up in about 20 ms, so a coarser look would be most of the wait
CONNECT_SECONDS_MAX = 10
ORPHANS_WORDS = "is still in use"  # the backends of a PostgreSQL that was killed first finish what they are at
ORPHANS_SECONDS_MAX = 15
ORPHANS_POLL_SECONDS = 0.05

_children: dict[int, subprocess.Popen[bytes]] = {}  # those that this process started itself


class Cluster:
    """A running PostgreSQL. `adopted` says that it ran already, left behind by a server that was killed or in use."""

    def __init__(self, files: ClusterFiles, *, adopted: bool, hold: Hold | None = None) -> None:
        self.files = files
        self.adopted = adopted
        self._hold = hold

    @property
    def pid(self) -> int | None:
        """The process of PostgreSQL as the machine knows it now, None when it has ended."""
        found = postmaster.living(self.files.cluster)
        return found.pid if found is not None else None

    def url(self, role: str = OWNER, tenant: str = "default", database: str = DATABASE) -> str:
        """A URL that `psql` and psycopg take. It works for this user of the operating system only."""
        return self.files.url(role, tenant, database)

    def stop(self) -> None:
        """Lets go of the cluster, and shuts PostgreSQL down when nobody else uses it. Stopping twice is harmless."""
        with self.files.exclusive():
            if self._hold is not None:
                self._hold.release()
            alone = self.files.try_alone()
            if alone is None:
                return
            try:
                _shut_down(self.files)
            finally:
                alone.release()


def start(data_dir: Path, binaries: Binaries | None = None) -> Cluster:
    """PostgreSQL on the cluster of `data_dir`, made at the first use, adopted if it runs already.

    `binaries` names the programs to use instead of the best ones found. Raises DataDirUnusable, PostgresMissing or
    PostgresFailed, each with what to do.
    """
    files = ClusterFiles(data_dir.expanduser().resolve())
    try:
        files.prepare()
        with files.exclusive():
            return _joined(files, binaries)
    except OSError as error:
        raise DataDirUnusable(f"The data directory {data_dir} cannot be used: {error.strerror or error}.") from error


def running(data_dir: Path) -> Cluster | None:
    """The PostgreSQL that runs on the cluster of `data_dir` and answers, or None. Starts nothing, holds nothing."""
    files = ClusterFiles(data_dir.expanduser().resolve())
    try:
        found = postmaster.living(files.cluster)
    except OSError as error:
        raise DataDirUnusable(f"The data directory {data_dir} cannot be read: {error.strerror or error}.") from error
    return Cluster(files, adopted=True) if found is not None and _answers(files) else None


def _joined(files: ClusterFiles, binaries: Binaries | None) -> Cluster:
    hold = files.join()
    try:
        adopted = _runs_already(files)
        if not adopted:
            _launch(files, binaries)
        _ensure_database(files)
    except BaseException:
        hold.release()
        raise
    return Cluster(files, adopted=adopted, hold=hold)


def _runs_already(files: ClusterFiles) -> bool:
    """Whether a PostgreSQL was left behind here. One that is still starting or stopping is waited for."""
    deadline = clock.elapsed_seconds() + START_SECONDS_MAX
    while (found := postmaster.living(files.cluster)) is not None:
        if found.status == "ready" and _answers(files):
            return True
        if clock.elapsed_seconds() > deadline:
            raise PostgresFailed(f"PostgreSQL runs as process {found.pid} and does not answer. Stop it and try again.")
        time.sleep(POLL_SECONDS)
    return False


def _launch(files: ClusterFiles, binaries: Binaries | None) -> None:
    account = account_for(files.cluster)
    chosen = postgres_binaries.reachable(_matching(files, binaries), account)
    if not files.is_initialised():
        initialise(files, chosen, account)
    _reap()
    postmaster.disown_reused_pids(files.cluster)
    log_start = files.roll_log()
    deadline = clock.elapsed_seconds() + ORPHANS_SECONDS_MAX
    while True:
        try:
            return _launch_once(files, chosen, account, log_start)
        except PostgresFailed as error:
            if ORPHANS_WORDS not in error.message or clock.elapsed_seconds() > deadline:
                raise
        time.sleep(ORPHANS_POLL_SECONDS)


def _launch_once(files: ClusterFiles, binaries: Binaries, account: Account | None, log_start: int) -> None:
    process = _spawn(files, binaries, account)
    _children[process.pid] = process
    try:
        _await_ready(files, process, log_start)
    except BaseException:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        raise


def _matching(files: ClusterFiles, wanted: Binaries | None) -> Binaries:
    """Programs of the version that made the cluster; the best ones when there is no cluster yet."""
    candidates = [wanted] if wanted is not None else postgres_binaries.available()
    major = files.major()
    for binaries in candidates:
        if major in (None, binaries.major):
            return binaries
    here = ", ".join(str(binaries.major) for binaries in candidates)
    raise DataDirUnusable(
        f"The data directory {files.data_dir} was made by PostgreSQL {major}, and here is PostgreSQL {here}."
        f" Put the programs of PostgreSQL {major} on PATH, or move the rows over with pg_dump."
    )


def _spawn(files: ClusterFiles, binaries: Binaries, account: Account | None) -> subprocess.Popen[bytes]:
    settings = [part for name, value in ALWAYS.items() for part in ("-c", f"{name}={value}")]
    log = os.open(files.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with reachable_directory(files.cluster, account) as (name, descriptors):
            return subprocess.Popen(
                [binaries.program("postgres"), "-D", name, *settings],
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=descriptors,
                start_new_session=True,
                **identity(account),
            )
    finally:
        os.close(log)


def _await_ready(files: ClusterFiles, process: subprocess.Popen[bytes], log_start: int) -> None:
    deadline = clock.elapsed_seconds() + START_SECONDS_MAX
    while True:
        said = postmaster.recorded(files.cluster)
        if said is not None and said.pid == process.pid and said.status == "ready":
            return
        if process.poll() is not None:
            raise PostgresFailed(f"The embedded PostgreSQL did not start. {_last_lines(files, log_start)}")
        if clock.elapsed_seconds() > deadline:
            raise PostgresFailed(f"The embedded PostgreSQL is not ready yet. {_last_lines(files, log_start)}")
        time.sleep(POLL_SECONDS)


def _last_lines(files: ClusterFiles, log_start: int) -> str:
    lines = files.log_lines(log_start)
    return redact(f"{files.log} ends with: {' / '.join(lines)}") if lines else f"{files.log} says nothing."


def _answers(files: ClusterFiles) -> bool:
    try:
        with psycopg.connect(files.url(SUPERUSER, "", "postgres"), connect_timeout=CONNECT_SECONDS_MAX):
            return True
    except psycopg.OperationalError:
        return False


def _ensure_database(files: ClusterFiles) -> None:
    """The role and database that the ledger uses. Looked for at every start: the first one may have been cut short."""
    try:
        with psycopg.connect(
            files.url(SUPERUSER, "", "postgres"), autocommit=True, connect_timeout=CONNECT_SECONDS_MAX
        ) as connection:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (OWNER,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEROLE").format(sql.Identifier(OWNER)))
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone() is None:
                names = (sql.Identifier(DATABASE), sql.Identifier(OWNER))
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
    except psycopg.Error as error:
        raise PostgresFailed(
            f"The embedded PostgreSQL runs but cannot be set up: {redact(str(error)).strip()}"
        ) from error


def _shut_down(files: ClusterFiles) -> None:
    """Asks for a fast shutdown; after the time allowed for an immediate one, which loses nothing committed."""
    _reap()
    for request in (signal.SIGINT, signal.SIGQUIT):
        deadline = clock.elapsed_seconds() + STOP_SECONDS_MAX
        asked = None
        while (found := postmaster.living(files.cluster)) is not None and clock.elapsed_seconds() < deadline:
            if asked != found.pid:
                asked = found.pid
                with suppress(ProcessLookupError):
                    os.kill(found.pid, request)
            time.sleep(POLL_SECONDS)
            _reap()
        if found is None:
            return
    raise PostgresFailed(f"The PostgreSQL of {files.cluster} does not stop.")


def _reap() -> None:
    """A child of ours that has ended stays in the process table until we have asked how."""
    for pid, process in list(_children.items()):
        if process.poll() is not None:
            _children.pop(pid, None)
