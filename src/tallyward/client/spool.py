"""The laptop's durable spool, as the hook sees it: append lines, and never lose one in silence.

One file, one JSON record a line. A writer holds the file's lock while it writes, so that a whole line is there or
nothing; the sender takes the same lock to move the file away (`client/segments.py`), and a writer that waited
meanwhile notices that its file is gone and opens the new one. What cannot be kept is counted, one letter each, in
a file a day, `spool/losses-2026-05-17`: `o` the spool is full, `d` the disk refused, `l` the lock was not to be had,
`u` the event could not be read.

Imported by the hook: as little as possible.
"""

import fcntl
import os
import time

from tallyward import clock
from tallyward.client import home

# Some weeks of one engineer's work with no server. The sender keeps at most one more file of this size.
SPOOL_BYTES_MAX = 32 * 1024 * 1024
LOCK_SECONDS_MAX = 2.0  # a writer holds it for microseconds; longer, and its process has been stopped
LOSSES_BYTES_MAX = 1024 * 1024  # a million losses are told well enough by a million
RECHECK_SECONDS = 0.002


def append(root: str, block: bytes) -> "str | None":
    """Add whole lines to the spool and wait until they are on the disk. The letter of the loss if that failed."""
    try:
        fd = _locked(root, clock.elapsed_seconds() + LOCK_SECONDS_MAX)
    except OSError:
        return _lost(root, "d", block)
    if fd is None:
        return _lost(root, "l", block)
    try:
        return _write(root, fd, block)
    finally:
        os.close(fd)


def _write(root: str, fd: int, block: bytes) -> "str | None":
    size = os.fstat(fd).st_size
    if size + len(block) > SPOOL_BYTES_MAX:
        return _lost(root, "o", block)
    try:
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"  # the power went while the last one wrote
        whole = b"\n" + block if torn else block
        if os.write(fd, whole) != len(whole):
            os.ftruncate(fd, size)
            return _lost(root, "d", block)
        fcntl.flock(fd, fcntl.LOCK_UN)  # others may write while the disk works
        os.fsync(fd)
    except OSError:
        return _lost(root, "d", block)
    return None


def _locked(root: str, deadline: float) -> "int | None":
    """The spool, open and locked, and surely the one that the next sender will take; None if the lock is stuck."""
    path = f"{root}/spool/fires.ndjson"
    while True:
        try:
            fd = _opened(path)
        except FileNotFoundError:
            home.make_folder(root, "spool")
            fd = _opened(path)
        if lock(fd, deadline) and _is_at(fd, path):
            return fd
        os.close(fd)
        if clock.elapsed_seconds() > deadline:
            return None


def _opened(path: str) -> int:
    """The spool, made if it is missing; without blocking, whatever somebody has put in its place."""
    return os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)


def _is_at(fd: int, path: str) -> bool:
    """Whether the open file is still the one at `path`."""
    mine = os.fstat(fd)
    try:
        there = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return False
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)


def lock(fd: int, deadline: float) -> bool:
    """Lock an open file for this process alone, trying until `deadline` (on `clock.elapsed_seconds`)."""
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.elapsed_seconds() > deadline:
                return False
            time.sleep(RECHECK_SECONDS)
        else:
            return True


def _lost(root: str, letter: str, block: bytes) -> str:
    count_loss(root, letter, block.count(b"\n"))
    return letter


def count_loss(root: str, letter: str, rows: int = 1) -> None:
    """Add a letter for each row to the losses of today (in UTC).

    Where even that is impossible (a read-only home), `tally doctor` says so.
    """
    try:
        folder = home.make_folder(root, "spool")
        path = f"{folder}/losses-{clock.iso_now()[:10]}"
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return
    try:
        if os.fstat(fd).st_size < LOSSES_BYTES_MAX:
            os.write(fd, letter.encode() * rows)
    except OSError:
        pass  # The disk is full, and the loss with it.
    finally:
        os.close(fd)
