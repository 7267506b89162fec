"""The program that stands before an MCP server: `python -I -S mcp_wrap.py --server-name NAME -- COMMAND...`.

This process *becomes* the server: whatever signal the client sends and whatever exit code it waits for concern the
server itself. Only the server's two pipes lead through another process (`mcp_tee.py`), which is started first and
belongs to nobody. If it cannot be started, the server runs without it: to be measured is never more than to work.

Scripts are compiled anew at each start, so the work is in modules, whose byte code is kept.
"""

import os
import signal
import sys

USAGE = "usage: mcp_wrap.py --server-name NAME -- COMMAND [ARGUMENT ...]\n"
NO_SUCH_COMMAND, NOT_EXECUTABLE, MISUSED = 127, 126, 2  # a shell's own words


def parsed(arguments: list[str]) -> "tuple[str, list[str]] | None":
    """The server's name and its command; None if that is not what the arguments say.

    `--bare` is a note of `tally connect` to itself (`client/mcp_entries.py`).
    """
    match arguments[1:] if arguments[:1] == ["--bare"] else arguments:
        case ["--server-name", name, "--", _, *_] if name:
            return name, arguments[arguments.index("--") + 1 :]
        case _:
            return None


def begin(name: str) -> None:
    """Put the tee between the client's pipes and this process, if that is possible at all."""
    try:
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120
        from tallyward.hooks import mcp_tee

        mcp_tee.step_between(name)
    except Exception:  # noqa: BLE001, S110  # nobody handles it: the server then runs as it would without us
        pass


def become(command: list[str]) -> int:
    """Run the server in this process, with nothing about it that Python has changed. Returns only if that fails."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program inherits that
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvpe(command[0], command, environment())  # noqa: S606  # the client's own command, never through a shell
    except OSError as error:
        os.write(2, f"tally: the MCP server {command[0]!r} cannot be started: {error.strerror}.\n".encode())
        return NO_SUCH_COMMAND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE


def environment() -> dict[str, str]:
    """The environment as the client gave it: Python adds LC_CTYPE to one that names no locale."""
    known = dict(os.environ)
    if known.get("LC_CTYPE") == "C.UTF-8":
        try:
            fd = os.open("/proc/self/environ", os.O_RDONLY)
            given = os.read(fd, 4 * 1024 * 1024).split(b"\0")
            os.close(fd)
        except OSError:
            return known  # Not Linux: the server gets one variable more, which says what was so already.
        if not any(entry.startswith(b"LC_CTYPE=") for entry in given):
            del known["LC_CTYPE"]
    return known


def main(arguments: list[str]) -> int:
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # to be interrupted here is no news worth a traceback
    given = parsed(arguments)
    if given is None:
        os.write(2, USAGE.encode())
        return MISUSED
    name, command = given
    begin(name)
    return become(command)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
