"""When the next attempt may be: twice as long after each failure, at most five minutes, never all at once.

Kept as one small file, `spool/backoff`, so that it outlives the sender: its modification time is the moment, its
content the number of failures in a row. The hook only looks at the time (`sender_start.backoff_seconds`).
"""

import os
import random
from pathlib import Path

from tallyward import clock
from tallyward.client.sender_start import BACKOFF_SECONDS_MAX

FIRST_SECONDS = 1.0
FAILURES_MAX = 30  # beyond, the wait has long reached its limit


def failures(root: str) -> int:
    """How many attempts failed in a row."""
    try:
        return max(0, min(int(_path(root).read_text()), FAILURES_MAX))
    except (OSError, ValueError):
        return 0  # There is none, or it is broken: then the wait begins anew.


def postpone(root: str, at_least: float | None = None) -> float:
    """Put the next attempt off, by no less than the server asked for. The seconds until then."""
    failed = failures(root)
    seconds = min(BACKOFF_SECONDS_MAX, FIRST_SECONDS * 2**failed)
    # Half of it is left to chance, so that the laptops of a team do not come back in one wave.
    seconds *= random.uniform(0.5, 1.0)  # noqa: S311  # chance, not secrecy
    seconds = min(BACKOFF_SECONDS_MAX, max(seconds, at_least or 0.0))
    moment = clock.epoch_seconds() + seconds
    path = _path(root)
    path.write_text(str(failed + 1))
    os.utime(path, (moment, moment))
    return seconds


def clear(root: str) -> None:
    """The next attempt may be now."""
    _path(root).unlink(missing_ok=True)


def _path(root: str) -> Path:
    return Path(root) / "spool" / "backoff"
