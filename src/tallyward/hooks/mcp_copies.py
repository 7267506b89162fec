"""The way of a copy: from whoever forwards bytes, through a queue with a limit, to the recorder's process.

Forwarding is never held up by what becomes of the copy. Putting a piece into the queue cannot wait and cannot fail;
what does not fit is left out, and the recorder is told where. The recorder is a process of its own, so that neither
its mistakes nor its hunger for memory or time are anybody else's.
"""

import _thread
import fcntl
import os
import time
from _queue import SimpleQueue  # `queue` loads all of threading
from struct import Struct

from tallyward import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FROM_CLIENT, FROM_SERVER = 0, 1  # kinds of a frame
GAP = 128  # a flag of a frame's kind: here something was left out
HEADER = Struct(">BIdI")  # kind, scope, moment on `clock.elapsed_seconds`, bytes that follow
QUEUE_BYTES_MAX = 64 * 1024 * 1024
WRITE_BYTES_MAX = 256 * 1024
PIPE_BYTES = 1024 * 1024  # all that Linux gives to an ordinary user
GATHER_SECONDS = 0.005  # so long a copy may wait for others, lest every single one wakes two more
LAST_SECONDS_MAX = 10.0  # for the recorder to take the rest; by then nobody waits for us
STANDARD_FILES = 3
_FILES_MAX = 256  # a client passes on three; these many are closed for sure

Frame = tuple[int, int, float, bytes]


def close_all_but(*kept: int) -> None:
    """Close what a client may have passed on beside the standard files: it waits for some of them to close."""
    last = STANDARD_FILES - 1
    for fd in (*sorted(kept), _FILES_MAX):
        os.closerange(last + 1, fd)
        last = fd


def start_recorder(record: "Callable[[int], None]") -> "int | None":
    """Start a process that reads copies with `record`: the pipe that leads to it, None if there is none to be had."""
    try:
        reading, writing = _large_pipe()
        child = os.fork()
    except OSError:
        return None
    if child == 0:
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            for standard in range(STANDARD_FILES):
                os.dup2(nothing, standard)
            close_all_but(reading)
            record(reading)
        finally:
            os._exit(0)
    os.close(reading)
    return writing


def _large_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:  # noqa: SIM105  # contextlib is slow to import
            fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        except OSError:
            pass  # This user has many pipes already: then it is a small one.
    return reading, writing


class Copies:
    """The queue to the recorder. `put` never waits and never fails; what does not fit is left out and told."""

    def __init__(self, pipe: "int | None") -> None:
        self._queue: SimpleQueue[Frame | None] = SimpleQueue()
        self._lock = _thread.allocate_lock()
        self._waiting_bytes = 0
        self._left_out: set[tuple[int, int]] = set()
        self._over = _thread.allocate_lock()
        self.broken = pipe is None
        if pipe is not None:
            self._over.acquire()
            _thread.start_new_thread(self._hand_over, (pipe,))

    def put(self, kind: int, piece: bytes, scope: int = 0) -> None:
        """Queue a copy."""
        if self.broken:
            return
        at = clock.elapsed_seconds()
        with self._lock:
            if self._waiting_bytes + len(piece) > QUEUE_BYTES_MAX:
                self._left_out.add((kind, scope))
                return
            self._waiting_bytes += len(piece)
            if (kind, scope) in self._left_out:
                self._left_out.remove((kind, scope))
                self._queue.put((kind | GAP, scope, at, b""))
            self._queue.put((kind, scope, at, piece))

    def finish(self) -> None:
        """Wait until the recorder has everything, or for as long as it may take."""
        for kind, scope in self._left_out:
            self._queue.put((kind | GAP, scope, clock.elapsed_seconds(), b""))
        self._queue.put(None)
        self._over.acquire(timeout=LAST_SECONDS_MAX)

    def _hand_over(self, pipe: int) -> None:
        try:
            last = False
            while not last:
                block, size, last = self._next_block()
                while block:
                    block = block[os.write(pipe, block) :]
                with self._lock:
                    self._waiting_bytes -= size
        except OSError:
            self.broken = True  # The recorder has gone: from here on nothing is copied.
            self._queue = SimpleQueue()
        finally:
            self._over.release()

    def _next_block(self) -> "tuple[bytes, int, bool]":
        """Frames for one write, the bytes that they take in the queue, and whether they are the last."""
        parts: list[bytes] = []
        size = 0
        while (frame := self._queue.get()) is not None:
            if not parts and self._queue.empty():
                time.sleep(GATHER_SECONDS)
            kind, scope, at, piece = frame
            parts += (HEADER.pack(kind, scope, at, len(piece)), piece)
            size += len(piece)
            if size > WRITE_BYTES_MAX or self._queue.empty():
                break
        return b"".join(parts), size, frame is None
