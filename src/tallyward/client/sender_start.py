"""Making sure that a sender is about, without waiting for it.

One sender at a time: it holds the lock on `spool/sender.lock` for its whole life. The hook's child takes that lock
itself and *becomes* the sender, the lock passing on through the open file; so no moment exists in which a lock is
held by somebody who will not send, and two hooks can never start two.

Imported by the hook: as little as possible.
"""

import fcntl
import os
import sys

from tallyward import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

BACKOFF_SECONDS_MAX = 300.0
# All that a sender needs to know of its surroundings. The agent's keys are not among it.
ENVIRONMENT = ("HOME", "TALLY_SERVER", "TALLY_TOKEN", "SSL_CERT_FILE", "SSL_CERT_DIR")
_FILES_MAX = 256  # an agent passes on three; these many are closed for sure


def backoff_seconds(root: str) -> float:
    """How long the next attempt has to wait. The moment is the modification time of `spool/backoff`.

    A moment further off than any backoff can be comes from a clock that was set back: then nothing waits.
    """
    try:
        left = os.stat(f"{root}/spool/backoff").st_mtime - clock.epoch_seconds()  # noqa: PTH116  # pathlib is slow
    except OSError:
        return 0.0
    return left if 0 < left <= BACKOFF_SECONDS_MAX + 1 else 0.0


def claim(root: str) -> "int | None":
    """The open, locked `sender.lock`; None if another process is the sender."""
    fd = os.open(f"{root}/spool/sender.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def if_needed(root: str, environ: "Mapping[str, str]") -> None:
    """Become the sender, if there is something to send, nobody else does, and it is not too early.

    Does not return if it does: the process is then another program.
    """
    try:
        if os.stat(f"{root}/spool/fires.ndjson").st_size == 0 or backoff_seconds(root) > 0:  # noqa: PTH116
            return
    except OSError:
        return
    fd = claim(root)
    if fd is not None:
        _become_sender(root, fd, environ)


def beside(root: str, environ: "Mapping[str, str]") -> None:
    """Have a child become the sender, if one is needed, for a process that has to go on itself.

    The child is not waited for: whoever calls this has the system reap its children, or ends soon.
    """
    try:
        if os.stat(f"{root}/spool/fires.ndjson").st_size == 0 or backoff_seconds(root) > 0:  # noqa: PTH116
            return
        fd = claim(root)
        if fd is None:
            return
        if os.fork() == 0:
            try:
                _become_sender(root, fd, environ)
            finally:
                os._exit(1)  # nobody may return into the caller twice
        os.close(fd)  # the child holds the lock through its own
    except OSError:
        return  # There is no spool, or no process to be had: the next one tries again.


def _become_sender(root: str, lock_fd: int, environ: "Mapping[str, str]") -> None:
    become(root, "client/sender.py", ["--lock", str(lock_fd)], environ, kept_fds=(lock_fd,))


def become(
    root: str, program: str, arguments: "list[str]", environ: "Mapping[str, str]", kept_fds: "tuple[int, ...]" = ()
) -> None:
    """Leave the agent's process group, its pipes and its environment behind, and run a program of this package."""
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    begin = 3
    for fd in sorted(kept_fds):
        os.closerange(begin, fd)
        os.set_inheritable(fd, True)
        begin = fd + 1
    os.closerange(begin, _FILES_MAX)
    os.chdir("/")
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    kept = {**{name: environ[name] for name in ENVIRONMENT if name in environ}, "TALLY_HOME": root}
    os.execve(sys.executable, [sys.executable, "-I", "-S", f"{package}/{program}", *arguments], kept)  # noqa: S606  # ourselves
