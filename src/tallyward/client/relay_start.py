"""Making sure that the relay is about, without waiting for it, and knowing whether it was the same one all along.

One relay a user: it holds the lock on `relay/lock` for its whole life, and the file says which process it is and by
which word it goes. Whoever finds the lock free takes it, opens the port, and only then makes a process that becomes the
relay, lock and port passing on through the open files. So the port listens before anybody is told that it does, two
starts at once make one relay, and what comes in while it is still starting waits in the system's queue.

Imported by the hook: as little as possible. `_socket` is the part of `socket` that takes half a millisecond to import.
"""

import fcntl
import os

from tallyward import clock
from tallyward.client import home, sender_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "127.0.0.1"
BACKLOG = 512
HEARTBEAT_SECONDS = 5.0
# A relay that has not moved for so long is stuck, or this machine slept: it is replaced, which harms nothing.
SILENT_SECONDS_MAX = 60.0
IDLE_MINUTES = 30.0
SIGKILL = 9  # `signal` takes longer to import than it takes to know this


class Settings:
    """What is kept about the relay in `relay.json`: on which port, how long it idles, and what relies on it.

    `uses` holds, of each program, `<program> hooks` if its frequent hooks go to the relay, and `<program> exports`.
    """

    __slots__ = ("idle_minutes", "port", "uses")

    def __init__(self, port: int, idle_minutes: float = IDLE_MINUTES, uses: "tuple[str, ...]" = ()) -> None:
        self.port = port
        self.idle_minutes = idle_minutes
        self.uses = uses

    @property
    def takes_hooks(self) -> bool:
        """Whether there are hooks that nobody but the relay takes."""
        return "claude hooks" in self.uses

    @property
    def url(self) -> str:
        """Where it is to be found."""
        return f"http://{HOST}:{self.port}"


def read(root: str) -> "Settings | None":
    """The relay's settings; None where there is to be no relay."""
    found = home.read_object(f"{root}/relay.json")
    port, idle, uses = found.get("port"), found.get("idle_minutes"), found.get("uses")
    if isinstance(port, bool) or not isinstance(port, int) or not 0 < port < 65536:  # noqa: PLR2004  # what a port is
        return None
    minutes = float(idle) if isinstance(idle, int | float) and idle > 0 else IDLE_MINUTES
    named: list[object] = uses if isinstance(uses, list) else []  # pyright: ignore[reportUnknownVariableType]
    return Settings(port, minutes, tuple(str(name) for name in named))


def write(root: str, settings: Settings) -> None:
    """Keep the relay's settings."""
    home.make_folder(root, "relay")
    kept: dict[str, object] = {
        "port": settings.port, "idle_minutes": settings.idle_minutes, "uses": list(settings.uses)
    }  # fmt: skip
    home.write_object(f"{root}/relay.json", kept)


def claim(root: str) -> "int | None":
    """The open, locked `relay/lock`; None if a relay holds it."""
    home.make_folder(root, "relay")
    fd = os.open(f"{root}/relay/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def sign(lock_fd: int, pid: int, word: "str | None" = None) -> str:
    """Write into the lock which process the relay is, and a word that no other relay has."""
    word = word or os.urandom(8).hex()
    signature = f"{pid:010} {word}".encode()  # always as long, so that whoever reads meanwhile reads a whole one
    os.pwrite(lock_fd, signature, 0)
    os.ftruncate(lock_fd, len(signature))
    return word


def signed(root: str) -> "tuple[int, str] | None":
    """Process and word of the relay that holds the lock, or held it last."""
    raw = home.read_small(f"{root}/relay/lock") or b""
    pid, _, word = raw.decode("ascii", "replace").partition(" ")
    return (int(pid), word) if pid.isdigit() and word else None


def listening(port: int) -> int:
    """The descriptor of a socket that listens on that port, for this machine alone. Raises OSError."""
    import _socket

    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    try:
        listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener.detach()


def ensure(root: str, settings: Settings, environ: "Mapping[str, str]") -> "str | None":
    """The word of the relay that is about; one is started if none is. None if there can be none."""
    try:
        fd = claim(root)
        if fd is None and _is_silent(root):
            fd = _replaced(root)
        if fd is None:
            known = signed(root)
            return known[1] if known else None
        try:
            return _started(root, settings, fd, environ)
        finally:
            os.close(fd)
    except OSError as error:
        _note(root, error)
        return None


def _is_silent(root: str) -> bool:
    """Whether the relay that holds the lock has not moved for long."""
    return clock.epoch_seconds() - os.stat(f"{root}/relay/lock").st_mtime > SILENT_SECONDS_MAX  # noqa: PTH116


def _replaced(root: str) -> "int | None":
    """The lock of a relay that is stuck, after its end; None if it does not end at once."""
    known = signed(root)
    if known is None:
        return None
    os.kill(known[0], SIGKILL)  # the lock is held, so the process is the relay
    deadline = clock.elapsed_seconds() + 0.05
    while (fd := claim(root)) is None and clock.elapsed_seconds() < deadline:
        pass
    return fd


def _started(root: str, settings: Settings, lock_fd: int, environ: "Mapping[str, str]") -> str:
    """Open the port and have a child become the relay. Its word."""
    port_fd = listening(settings.port)
    try:
        word = os.urandom(8).hex()
        pid = os.fork()
        if pid == 0:
            try:
                given = ["--lock", str(lock_fd), "--listen", str(port_fd), "--word", word]
                sender_start.become(root, "relay/process.py", given, environ, kept_fds=(lock_fd, port_fd))
            finally:
                os._exit(1)  # nobody may return into the caller twice
        sign(lock_fd, pid, word)
    finally:
        os.close(port_fd)
    _note(root, None)
    return word


def _note(root: str, error: "OSError | None") -> None:
    """Keep the reason why there is no relay where `tally status` looks, or forget it."""
    path = f"{root}/relay/trouble"
    try:
        if error is not None:
            home.write_object(path, {"reason": error.strerror or "", "errno": error.errno}, durable=False)
        elif os.path.exists(path):  # noqa: PTH110  # pathlib is slow to import
            os.unlink(path)  # noqa: PTH108
    except OSError:
        pass  # The home cannot be written; `tally doctor` says so.
