"""What Claude Code runs right before it connects to an MCP server over HTTP: it sees to it that our proxy listens.

    python -I -S mcp_http.py --server-name NAME --port PORT --headers NAMES -- ADDRESS

Claude Code connects to its servers while the hooks of a session's start run, so a hook would come too late. For this
helper it waits, whenever it connects. What the helper prints are headers to add: none. But where the proxy's port is
somebody else's, the server's own headers, which hold a key, are printed as empty ones, which replace them.

Standard library only, and little of it, since a session waits.
"""

import fcntl
import os
import sys
import time

if __name__ == "__main__":  # Started by its path, without the site packages: the package is found from here.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

from tallyward import clock
from tallyward.client import home, quick_json, relay_start, sender_start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = "mcp"
LISTENS = b"listens"
PATIENCE_SECONDS = 1.0  # for another helper that is just opening the port
POLL_SECONDS = 0.01


def lock_file(root: str, port: int) -> str:
    """The file whose lock is held by the proxy at that port."""
    return f"{root}/{FOLDER}/{port}"


def ensure(root: str, name: str, port: int, to: str, environ: "Mapping[str, str]") -> bool:
    """Whether our own proxy listens at that port; it is started if it does not run."""
    home.make_folder(root, FOLDER)
    fd = os.open(lock_file(root, port), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return _listens(fd)  # Somebody holds it: the proxy, or a helper that is about to start it.
    os.ftruncate(fd, 0)
    try:
        port_fd = relay_start.listening(port)
    except OSError:
        return False
    pid = os.fork()
    if pid == 0:
        try:
            given = ["--lock", str(fd), "--listen", str(port_fd), "--server-name", name, "--to", to]
            sender_start.become(root, "mcp/process.py", given, environ, kept_fds=(fd, port_fd))
        finally:
            os._exit(1)  # nobody may return into the caller twice
    os.pwrite(fd, LISTENS + b" %d" % pid, 0)
    return True


def _listens(fd: int) -> bool:
    late = clock.elapsed_seconds() + PATIENCE_SECONDS
    while os.pread(fd, len(LISTENS), 0) != LISTENS:
        if clock.elapsed_seconds() > late:
            return False
        time.sleep(POLL_SECONDS)
    return True


def main(arguments: list[str], environ: "Mapping[str, str]") -> int:
    match arguments:
        case ["--server-name", name, "--port", port, "--headers", names, "--", to]:
            try:
                is_ours = ensure(home.home_dir(environ), name, int(port), to, environ)
            except (OSError, ValueError):
                is_ours = False
            emptied = {} if is_ours else dict.fromkeys(names.split(), "")
            os.write(1, quick_json.dumps(emptied).encode())
            return 0
        case _:
            os.write(2, b"usage: mcp_http.py --server-name NAME --port PORT --headers NAMES -- ADDRESS\n")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
