"""The sender: a quiet process that delivers what the hooks spool, lingers a little, and leaves.

    python -I -S sender.py [--lock FD] [--linger SECONDS]

Started by a hook (which hands over the lock) or by hand. It delivers within a fraction of a second of a fire, stays
while fires keep coming, keeps trying a server that is down for ten minutes, and leaves the rest to the next hook.
Nothing is lost with it: what it has not delivered is on the disk.
"""

import os
import sys
from collections.abc import Mapping

if __name__ == "__main__":  # Started by its path, without the site packages: the package is found from here.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120

import argparse
import fcntl
import time
from contextlib import suppress

from tallyward import clock
from tallyward.client import capture_report, counters, delivery, home, segments, sender_start, session_memory

LINGER_SECONDS = 20.0  # longer than most pauses between two tool calls
TRYING_SECONDS_MAX = 600.0  # a server that is longer away is left to the next hook
POLL_SECONDS = 0.1
REPORT_SECONDS = 300.0  # the books of a long session are told while it goes on


class Sender:
    """One sender's life. It holds the lock from before the first look to after the last."""

    def __init__(self, root: str, environ: Mapping[str, str], lock_fd: int, linger_seconds: float) -> None:
        self.root = root
        self.environ = environ
        self.lock_fd = lock_fd
        self.linger_seconds = linger_seconds
        self.quiet_since = clock.elapsed_seconds()
        self.reported_at = clock.elapsed_seconds()
        self.trying_since: float | None = None

    def run(self) -> None:
        """Deliver until there has been nothing to do for a while."""
        os.ftruncate(self.lock_fd, 0)
        os.pwrite(self.lock_fd, str(os.getpid()).encode(), 0)
        session_memory.forget_old(self.root, clock.epoch_seconds())
        while self._is_needed():
            time.sleep(POLL_SECONDS)

    def _is_needed(self) -> bool:
        """Do what can be done now. Whether to stay."""
        if not self._holds_the_lock():
            return False
        now = clock.elapsed_seconds()
        if not segments.anything_waits(self.root):
            self.trying_since = None
            if now - self.quiet_since < self.linger_seconds:
                return True
            self._report()
            return self._comes_back()
        if sender_start.backoff_seconds(self.root) == 0:
            self._deliver()
        return self.trying_since is None or now - self.trying_since < TRYING_SECONDS_MAX

    def _deliver(self) -> None:
        now = clock.elapsed_seconds()
        done = delivery.deliver(self.root, self.environ)
        if done.stored or done.rejected or done.corrupt:
            self.quiet_since = now
            self.trying_since = None
        if done.reason is not None and self.trying_since is None:
            self.trying_since = now
        if done.reason is None and now - self.reported_at > REPORT_SECONDS:
            self._report()

    def _report(self) -> None:
        """Tell the server what became of what was fired here: now and then, and before leaving."""
        self.reported_at = clock.elapsed_seconds()
        capture_report.send(self.root, self.environ)

    def _holds_the_lock(self) -> bool:
        """Whether the folder is still there and still ours: somebody may have deleted it."""
        mine = os.fstat(self.lock_fd)
        try:
            there = (segments.folder(self.root) / "sender.lock").stat()
        except OSError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def _comes_back(self) -> bool:
        """Let go of the lock and look once more: a hook that wrote just now saw the lock held and relied on us."""
        fcntl.flock(self.lock_fd, fcntl.LOCK_UN)
        if not segments.anything_waits(self.root):
            return False
        try:
            fcntl.flock(self.lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False  # That hook has started a sender of its own.
        return True


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Be the sender, unless there is one."""
    parser = argparse.ArgumentParser(prog="sender", description="Deliver what the hooks of this machine have spooled.")
    parser.add_argument("--lock", type=int, metavar="FD", help="the open, locked sender.lock")
    parser.add_argument("--linger", type=float, default=LINGER_SECONDS, metavar="SECONDS", help="when to leave")
    given = parser.parse_args(arguments)
    root = home.home_dir(environ)
    home.make_folder(root, "spool")
    lock_fd = given.lock if given.lock is not None else sender_start.claim(root)
    if lock_fd is None:
        return 0
    try:
        Sender(root, environ, lock_fd, given.linger).run()
    except Exception as error:  # noqa: BLE001  # nobody sees this process: the reason goes where `tally status` looks
        with suppress(OSError):
            counted = counters.load(root)
            counted.failed(f"the sender stopped: {type(error).__name__}")
            counters.save(root, counted)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
