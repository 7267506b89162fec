"""What a sink is: somewhere that takes points in their order and says when it has them.

A sink is told the same points again whenever it is not known whether it has them, so it must keep each once. Stores of
time series do so by themselves: a point is its measurement, its tags and its moment.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tallyward.domain.line_protocol import Point
from tallyward.domain.sink import SinkConfig


@dataclass(frozen=True)
class Placed:
    """A point and its place: places rise, and a point that learned something has a new one."""

    place: int
    point: Point


class Sink(ABC):
    """One configured sink. It is used by one task at a time; another server may use another one of the same place."""

    def __init__(self, config: SinkConfig, folder: Path) -> None:
        """`folder` is the tenant's, which relative paths are named from."""
        self.config = config
        self.folder = folder

    @classmethod
    @abstractmethod
    def problems(cls, config: SinkConfig) -> list[str]:
        """What this kind needs to be told and is not, one sentence each."""

    @abstractmethod
    async def send(self, points: Sequence[Placed]) -> None:
        """Returns when the sink has all of them for good.

        Raises SinkRefused when it will never take one of them, SinkMisconfigured when it takes nothing of ours as it is
        set up, SinkUnavailable when the same may work later. In each case it may have taken some.
        """

    async def close(self) -> None:
        """Lets go of what it holds."""
        return
