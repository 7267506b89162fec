"""Waiting in tests: for a condition, with a deadline, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

from tallyward import clock

POLL_SECONDS = 0.01
Answer = TypeVar("Answer")


def eventually(condition: Callable[[], Answer], seconds: float = 5.0) -> Answer:
    """The first truthy answer of `condition`; fails the test with its last answer if none comes within `seconds`."""
    deadline = clock.elapsed_seconds() + seconds
    while not (answer := condition()):
        assert clock.elapsed_seconds() < deadline, f"not within {seconds} s; the last answer was {answer!r}"
        time.sleep(POLL_SECONDS)
    return answer
