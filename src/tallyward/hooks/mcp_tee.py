"""The tee: what goes through an MCP server's pipes goes on at once, and a copy of it goes to the recorder.

    client ──► tee ──► server
           ◄──     ◄──
                └─► recorder (a process of its own)

Bytes are forwarded as they come, in the pieces in which they come; nothing here knows what a message is. A side that
closes its end is told to the other side, in both directions.

Standard error is the server's own and is not touched. The tee is no child of the server and in no process group of the
client's: signals that are meant for the server do not meet it, and it ends when both directions have.
"""

import _thread
import os
import select

from tallyward.hooks.mcp_copies import (
    FROM_CLIENT,
    FROM_SERVER,
    PIPE_BYTES,
    STANDARD_FILES,
    Copies,
    close_all_but,
    start_recorder,
)

BLOCK_BYTES = 65_536
READY = b"r"


def step_between(name: str) -> None:
    """Give this process new standard pipes, and start a tee that joins them with the ones it had.

    Raises OSError, and leaves everything as it was, if there is no tee to be had.
    """
    pipes = (to_server, from_tee), (to_tee, from_server), (ready, told) = os.pipe(), os.pipe(), os.pipe()
    if min(min(pipe) for pipe in pipes) < STANDARD_FILES:
        raise OSError("a standard file is closed; there is nothing to join")
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                for fd in (to_server, from_server, ready):
                    os.close(fd)
                run(name, from_tee, to_tee, told)
        finally:
            os._exit(0)  # whatever happened: nobody may return into the caller twice
    os.close(told)
    said = os.read(ready, 1)
    try:  # noqa: SIM105  # contextlib is slow to import
        os.waitpid(child, 0)
    except ChildProcessError:
        pass  # Whoever started us has children reaped unasked.
    if said != READY:
        raise OSError("the tee has not started")
    os.dup2(to_server, 0)
    os.dup2(from_server, 1)


def run(name: str, server_input: int, server_output: int, told: int) -> None:
    """Be the tee, from the client's pipes on 0 and 1 to the server's. Says on `told` when nothing can fail any more."""
    directory = os.getcwd()  # noqa: PTH109  # pathlib is slow to import
    os.dup2(os.open(os.devnull, os.O_RDWR), 2)
    close_all_but(server_input, server_output, told)
    copies = Copies(start_recorder(lambda pipe: _record(pipe, name, directory)))
    os.chdir("/")
    upward = _thread.allocate_lock()
    upward.acquire()
    start = _thread.allocate_lock()
    start.acquire()

    def forward_upward() -> None:
        start.acquire()
        try:
            forward(0, server_input, copies, FROM_CLIENT)
        finally:
            upward.release()

    _thread.start_new_thread(forward_upward, ())
    try:  # noqa: SIM105  # contextlib is slow to import
        os.write(told, READY)
    except OSError:
        pass  # The client has ended us before there was a server: what it had said by then is told of all the same.
    os.close(told)
    start.release()
    forward(server_output, 1, copies, FROM_SERVER)
    upward.acquire()
    copies.finish()


def _record(pipe: int, name: str, directory: str) -> None:
    """Be the recorder. It needs more modules than the tee, which has no time to load them."""
    from tallyward.hooks import mcp_recorder

    mcp_recorder.run(pipe, name, directory)


def forward(source: int, sink: int, copies: "Copies", kind: int) -> None:
    """Hand on every byte from `source` to `sink`, until either is closed; then close both.

    What was said before the other side had gone is copied though nobody gets it: it was a call, and it was abandoned.
    """
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(sink, 0)  # an error there: nobody reads any more
    try:
        while sink not in (ready := [fd for fd, _ in poll.poll()]):
            if source in ready:
                piece = _read(source)
                if not piece:
                    break
                copies.put(kind, piece)
                _write(sink, piece)
    except OSError:
        pass  # The other side has gone, as it may; each side learns it from its closed end.
    finally:
        _copy_rest(source, copies, kind)
        os.close(source)
        os.close(sink)


def _copy_rest(source: int, copies: "Copies", kind: int) -> None:
    """Copy what waits in a pipe, and no more than one pipe holds: whoever writes on shall learn that nobody reads."""
    left = PIPE_BYTES
    try:
        while left > 0 and select.select([source], [], [], 0)[0] and (piece := os.read(source, min(left, BLOCK_BYTES))):
            copies.put(kind, piece)
            left -= len(piece)
    except OSError:
        pass  # Nothing can be read there any more.


def _read(source: int) -> bytes:
    while True:
        try:
            return os.read(source, BLOCK_BYTES)
        except BlockingIOError:
            select.select([source], [], [])  # A client may hand over a file that does not block.


def _write(sink: int, piece: bytes) -> None:
    while piece:
        try:
            piece = piece[os.write(sink, piece) :]
        except BlockingIOError:
            select.select([], [sink], [])
