"""A clock that stands still until it is told to go on, or to jump as a laptop's clock does after a flight.

    with FrozenClock() as time:
        time.advance(90)          # both clocks go on, as time does
        time.jump(days=-1)        # the wall clock alone is set to something else

Everything in Tallyward asks `tallyward.clock`, so freezing that module freezes all of it, in this process.
"""

from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from tallyward import clock

MOMENT = datetime(2026, 5, 17, 12, tzinfo=UTC)


class FrozenClock:
    """While its block runs, `tallyward.clock` says what this object says."""

    def __init__(self, moment: datetime = MOMENT) -> None:
        self._moment = moment
        self._elapsed = 0.0
        self._real = (clock.now, clock.epoch_seconds, clock.elapsed_seconds)

    def __enter__(self) -> Self:
        clock.now, clock.epoch_seconds, clock.elapsed_seconds = self.now, self.epoch_seconds, self.elapsed_seconds
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        clock.now, clock.epoch_seconds, clock.elapsed_seconds = self._real

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self._elapsed += seconds
        self._moment += timedelta(seconds=seconds)

    def jump(self, **by: float) -> None:
        """Somebody sets the wall clock, by the arguments of `timedelta`; no time passes."""
        self._moment += timedelta(**by)

    def now(self) -> datetime:
        return self._moment

    def epoch_seconds(self) -> float:
        return self._moment.timestamp()

    def elapsed_seconds(self) -> float:
        return self._elapsed
