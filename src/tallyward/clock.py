"""The only module that asks what time it is.

Everything else takes a moment as an argument or asks here, so a test can freeze and jump time (`tallyward.testing`).
Standard library only and quick to import: the hook uses it.
"""

import time

TYPE_CHECKING = False  # importing `datetime` takes 1.5 ms, a seventh of a hook that never needs it
if TYPE_CHECKING:
    from datetime import datetime


def now() -> "datetime":
    """The current moment, aware, in UTC."""
    from datetime import UTC, datetime

    return datetime.now(UTC)  # noqa: TID251  # this is the one place


def epoch_seconds() -> float:
    """Seconds since 1970 by the wall clock. It may jump: use it as a label, never to measure."""
    return time.time()  # noqa: TID251  # this is the one place


def elapsed_seconds() -> float:
    """Seconds on a clock that never goes back, from an arbitrary start."""
    return time.monotonic()


def process_began() -> float:
    """When this process began, on the clock of `elapsed_seconds`: as long ago as it has used the processor.

    What it waited for before its first line, such as a disk, is not in it; it is cheap, and the same on every system.
    """
    return time.monotonic() - time.process_time()


def iso(moment: "datetime") -> str:
    """`2026-05-17T14:23:01.250000Z`: RFC 3339 in UTC, as every API of ours writes it."""
    from datetime import UTC

    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_now() -> str:
    """`iso(now())`, for a process that has no time to import `datetime`."""
    seconds = epoch_seconds()
    whole = int(seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{int((seconds - whole) * 1_000_000):06d}Z"
