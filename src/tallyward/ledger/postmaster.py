"""What the files of a cluster say about the PostgreSQL that runs on it, checked against the machine.

A server that was killed leaves its PostgreSQL running, a machine that lost power leaves `postmaster.pid` behind with a
number that now belongs to somebody else, and a container starts again with the very same small numbers. Nothing here
trusts the file alone.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

PID_FILE = "postmaster.pid"
SOCKET_LOCK_FILE = ".s.PGSQL.5432.lock"
PROGRAM_NAME = "postgres"
NOBODYS_PID = 2_147_483_647  # the greatest number a pid could be written with; no system reaches it
_STATUS_LINE = 7  # counted from 0, see src/include/utils/pidfile.h of PostgreSQL


@dataclass(frozen=True)
class Postmaster:
    """What `postmaster.pid` says. `status` is starting, ready, standby, stopping, or empty while it is written."""

    pid: int
    status: str


def recorded(cluster_dir: Path) -> Postmaster | None:
    """What the pid file says, true or not; None when there is none or it holds no number yet."""
    return _read(cluster_dir / PID_FILE)


def _read(lock_file: Path) -> Postmaster | None:
    try:
        lines = lock_file.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdecimal():
        return None
    status = lines[_STATUS_LINE].strip() if len(lines) > _STATUS_LINE else ""
    return Postmaster(int(lines[0]), status)


def living(cluster_dir: Path) -> Postmaster | None:
    """The PostgreSQL that really runs on this cluster, or None."""
    said = recorded(cluster_dir)
    return said if said is not None and _is_postmaster(said.pid, cluster_dir) else None


def disown_reused_pids(cluster_dir: Path) -> None:
    """Where a lock file names a live process that is not our PostgreSQL, makes it name nobody.

    PostgreSQL would refuse to start, since it takes any live process of its user for a server. The files are not
    removed, because their other lines let PostgreSQL find out whether orphaned backends still use the shared memory.
    """
    for name in (PID_FILE, SOCKET_LOCK_FILE):
        said = _read(cluster_dir / name)
        if said is not None and _is_alive(said.pid) and not _is_postmaster(said.pid, cluster_dir):
            _disown(cluster_dir / name)


def _disown(lock_file: Path) -> None:
    handle = os.open(lock_file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "r+", encoding="utf-8") as file:
        rest = file.read().partition("\n")[2]
        file.seek(0)
        file.write(f"{NOBODYS_PID}\n{rest}")
        file.truncate()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _is_postmaster(pid: int, cluster_dir: Path) -> bool:
    """Whether process `pid` is a `postgres` that works in `cluster_dir`, where every postmaster stays for its life."""
    if not _is_alive(pid):
        return False
    process = Path("/proc", str(pid))
    if not process.exists():  # no such file system, as on macOS
        asked = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return Path(asked.stdout.strip()).name == PROGRAM_NAME
    try:
        name, _, rest = (process / "stat").read_text().partition("(")[2].rpartition(")")
        if name != PROGRAM_NAME or rest.split()[0] == "Z":  # a zombie has ended and only waits to be asked how
            return False
        return os.path.samestat((process / "cwd").stat(), cluster_dir.stat())
    except PermissionError:
        # A root without the right to trace others, as in most containers, may not see where they work. A `postgres` of
        # the cluster's own user is then taken for ours; if it is not, it does not answer and the start says so.
        return process.stat().st_uid == cluster_dir.stat().st_uid
    except OSError:
        return False  # it has ended, or ends just now
