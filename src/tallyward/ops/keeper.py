"""Keeps the embedded PostgreSQL up: when it has died under a running server, it is started again.

It may be killed for memory. What was committed is still there; until it answers again, the server says 503 and laptops
keep their rows. Nobody has to come and restart anything.

A PostgreSQL that cannot lengthen its log stops itself and takes the readers with it. So the last of the disk is kept
for it: while less is free, nothing is taken in, and what is there can be read.
"""

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tallyward.errors import SetupError
from tallyward.ledger import embedded
from tallyward.redact import Secret

LOOK_SECONDS = 0.5  # between two looks whether it still runs; a look costs some microseconds
DISK_BYTES_KEPT = 64 * 1024 * 1024  # four more files of PostgreSQL's log: a checkpoint and a shutdown fit in
RETRY_SECONDS_MAX = 5.0  # between two attempts to start one that does not start, as on a full disk

_log = logging.getLogger(__name__)


class Keeper:
    """The embedded PostgreSQL of one data directory, for as long as the block runs."""

    def __init__(self, data_dir: Path) -> None:
        self.watch_disk(lambda _low: None)
        self._data_dir = data_dir
        self._leaving = threading.Event()
        self._watch = threading.Thread(target=self._keep, name="postgresql-keeper", daemon=True)

    def __enter__(self) -> Self:
        self._cluster = embedded.start(self._data_dir)
        self.adopted = self._cluster.adopted
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._watch.join()
        self._cluster.stop()

    def watch_disk(self, tell: Callable[[bool], None]) -> None:
        """From now on `tell` hears at each look whether the disk is low."""
        self._tell = tell

    @property
    def url(self) -> Secret:
        """The same for every PostgreSQL that is started here."""
        return Secret(self._cluster.url())

    def _keep(self) -> None:
        pause = LOOK_SECONDS
        while not self._leaving.wait(pause):
            self._look_at_the_disk()
            up = self._cluster.pid is not None or self._started_again()
            pause = LOOK_SECONDS if up else min(pause * 2, RETRY_SECONDS_MAX)

    def _look_at_the_disk(self) -> None:
        try:
            free = shutil.disk_usage(self._data_dir).free
        except OSError:
            return  # it cannot be read at all, which PostgreSQL will say better
        self._tell(free < DISK_BYTES_KEPT)

    def _started_again(self) -> bool:
        _log.warning("the embedded PostgreSQL has ended; starting it again")
        try:
            self._cluster.stop()  # lets go of the one that is gone
            self._cluster = embedded.start(self._data_dir)
        except SetupError as error:
            _log.error("the embedded PostgreSQL does not start: %s", error.message)
            return False
        _log.warning("the embedded PostgreSQL runs again")
        return True
