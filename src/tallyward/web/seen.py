"""What was asked and how long answers took, in plain numbers that somebody may come and read.

Every fire of every laptop passes here, so a request costs two additions and a search among thirteen numbers; nothing is
named, locked or formatted before a scrape asks for it (`scrape.py`).
"""

from bisect import bisect_left

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds
STRAY = ("", "(unknown)")  # method and route of what leads nowhere; whatever was asked, it is one


class Seen:
    """The requests of one call: how many ended with which status, and the seconds until the answer was there."""

    __slots__ = ("buckets", "seconds", "statuses")

    def __init__(self) -> None:
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, status: int, seconds: float) -> None:
        """One more request. Sending the answer is not part of `seconds`: a live page would be an hour long."""
        self.count(status)
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds

    def count(self, status: int) -> None:
        """One more request that was answered at once."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
