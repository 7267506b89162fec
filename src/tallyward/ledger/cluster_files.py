"""The files of one embedded cluster under a data directory, and the two locks that keep its users apart.

<data directory>/
├── pg/             the cluster, with its socket inside; belongs to the user PostgreSQL runs as, mode 0700
├── pg.new/         a cluster that is being made; renamed when it is whole, thrown away when it is found
├── log/            what PostgreSQL said
├── start.lock      held while somebody starts or stops
└── users.lock      held, shared, by everybody who uses the cluster
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tallyward import clock
from tallyward.errors import DataDirUnusable, PostgresFailed

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX = 100  # the system allows 103 on macOS and 107 on Linux
LOG_BYTES_MAX = 16_000_000  # a longer log is set aside at the start, once
LOG_LINES_SHOWN = 6
LOG_BYTES_SHOWN = 20_000
LOCK_SECONDS_MAX = 330  # longer than the slowest start that somebody else may be busy with
LOCK_POLL_SECONDS = 0.01
ALIASES_MAX = 8  # somebody else may hold a name in a directory that everybody may write


@dataclass
class Hold:
    """A lock that is held until it is released or this process ends, however it ends."""

    _descriptor: int | None

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(frozen=True)
class ClusterFiles:
    """Where everything of one embedded cluster is."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        return self.data_dir / "pg"

    @property
    def unfinished(self) -> Path:
        return self.data_dir / "pg.new"

    @property
    def log(self) -> Path:
        return self.data_dir / "log" / "postgresql.log"

    def prepare(self) -> None:
        """Makes the data directory. What exists is left as it is, its mode too."""
        if self.data_dir.exists() and not self.data_dir.is_dir():
            raise DataDirUnusable(f"{self.data_dir} is not a directory.")
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log.parent.mkdir(mode=0o700, exist_ok=True)

    def is_initialised(self) -> bool:
        if not self.cluster.exists():
            return False
        if not (self.cluster / "PG_VERSION").exists():
            raise DataDirUnusable(f"{self.cluster} is there, but it is not a cluster of PostgreSQL.")
        return True

    def major(self) -> int | None:
        """The version that made the cluster, None when there is none yet."""
        return int((self.cluster / "PG_VERSION").read_text().strip()) if self.is_initialised() else None

    def url(self, role: str, tenant: str, database: str) -> str:
        """How to reach the cluster; `tally.tenant` is set for the session when a tenant is named."""
        options = f"&options={quote(f'-c tally.tenant={tenant}', safe='')}" if tenant else ""
        return f"postgresql://{role}@/{database}?host={quote(str(self._socket_dir()), safe='')}{options}"

    def _socket_dir(self) -> Path:
        """The cluster itself, or a short alias: a socket's path must be short, and libpq splits it at commas."""
        path = os.fsencode(self.cluster / SOCKET_NAME)
        return _alias(self.cluster) if len(path) > SOCKET_PATH_BYTES_MAX or b"," in path else self.cluster

    @contextmanager
    def exclusive(self) -> Generator[None]:
        """One process at a time starts or stops PostgreSQL."""
        descriptor = _open_lock(self.data_dir / "start.lock")
        try:
            deadline = clock.elapsed_seconds() + LOCK_SECONDS_MAX
            while not _locked(descriptor, fcntl.LOCK_EX):
                if clock.elapsed_seconds() > deadline:
                    raise PostgresFailed("Another process has been starting or stopping this PostgreSQL for minutes.")
                time.sleep(LOCK_POLL_SECONDS)
            yield
        finally:
            os.close(descriptor)

    def join(self) -> Hold:
        """Says that this process uses the cluster."""
        descriptor = _open_lock(self.data_dir / "users.lock")
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # only ever held exclusively under `exclusive`, so this does not wait
        return Hold(descriptor)

    def try_alone(self) -> Hold | None:
        """A lock that nobody can hold while another uses the cluster; None when somebody does."""
        descriptor = _open_lock(self.data_dir / "users.lock")
        if _locked(descriptor, fcntl.LOCK_EX):
            return Hold(descriptor)
        os.close(descriptor)
        return None

    def roll_log(self) -> int:
        """Sets a long log aside and returns where the new lines will begin."""
        if not self.log.exists():
            return 0
        size = self.log.stat().st_size
        if size <= LOG_BYTES_MAX:
            return size
        self.log.replace(self.log.with_suffix(".log.1"))
        return 0

    def log_lines(self, begin: int) -> list[str]:
        """The last lines that PostgreSQL wrote since `begin`."""
        with self.log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(begin, size - LOG_BYTES_SHOWN))
            text = file.read().decode("utf-8", "replace")
        return [line.strip() for line in text.splitlines() if line.strip()][-LOG_LINES_SHOWN:]


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _alias(cluster: Path) -> Path:
    """A symbolic link of ours to the cluster, with a short name, in a place for short-lived files."""
    digest = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108  # the link is checked to be ours
        if len(os.fsencode(parent)) + len(f"/tallyward-{digest}-0/{SOCKET_NAME}") > SOCKET_PATH_BYTES_MAX:
            continue
        for number in range(ALIASES_MAX):
            link = parent / f"tallyward-{digest}-{number}"
            try:
                link.symlink_to(cluster)
            except FileExistsError:
                if link.is_symlink() and link.lstat().st_uid == os.geteuid() and link.readlink() == cluster:
                    return link
            except OSError:
                break  # a place that cannot be written; the next one may do
            else:
                return link
    raise DataDirUnusable(
        f"The path of {cluster} is too long for a socket (or holds a comma), and no short alias can be made for it."
        " Choose a shorter path with --data."
    )
