"""What became of the fires of this machine: the sender's counters in `state.json`, in all and by day and engineer.

Only whoever holds the delivery lock writes them, whole file at once, so that they never contradict each other. With
the counts of each answered batch goes the place in the segment up to which they reach: a sender that is killed between
counting rows and removing them counts none of them twice.
"""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, cast

from tallyward import clock, hook_times
from tallyward.client import home

DAYS_KEPT = 60
_COUNTS = [int] * len(hook_times.BOUNDS)
OUTCOMES = ("stored", "duplicate", "refused", "corrupt")
Days = dict[str, dict[str, dict[str, int]]]  # day of UTC -> engineer -> outcome -> rows
HookTimes = dict[str, dict[str, list[int]]]  # day of UTC -> engineer -> counts as in `hook_times.py`


@dataclass
class Counters:
    """Since this folder exists. `stored` is what the server has confirmed, new or known already."""

    sent: int = 0
    stored: int = 0
    rejected: int = 0
    corrupt: int = 0
    failed_attempts: int = 0
    last_delivery: str | None = None
    last_error: str | None = None
    last_error_at: str | None = None
    days: Days = field(default_factory=Days)
    hook_ms: HookTimes = field(default_factory=HookTimes)
    segment: str | None = None
    left_in_segment: int = 0

    def delivered(self, stored: int, rejected: int) -> None:
        """Note one answered batch."""
        self.sent += stored + rejected
        self.stored += stored
        self.rejected += rejected
        self.last_delivery = clock.iso(clock.now())
        self.last_error = self.last_error_at = None

    def book(self, day: str, engineer: str, **rows: int) -> None:
        """Add rows to a day's outcomes, and forget the days that are long over."""
        outcomes = self.days.setdefault(day, {}).setdefault(engineer, dict.fromkeys(OUTCOMES, 0))
        for outcome, count in rows.items():
            outcomes[outcome] += count
        for old in sorted(self.days)[:-DAYS_KEPT]:
            del self.days[old]
            self.hook_ms.pop(old, None)

    def took(self, day: str, engineer: str, milliseconds: list[int]) -> None:
        """Add to a day how long hooks took."""
        for duration in milliseconds:
            none = [0] * len(hook_times.BOUNDS)
            self.hook_ms.setdefault(day, {}).setdefault(engineer, none)[hook_times.place(duration)] += 1

    def failed(self, reason: str) -> None:
        """Note an attempt after which everything is still here."""
        self.failed_attempts += 1
        self.last_error, self.last_error_at = reason, clock.iso(clock.now())

    def reaches(self, segment: str, left: int) -> None:
        """These counts hold all of a segment but the last `left` lines."""
        self.segment, self.left_in_segment = segment, left

    def counted_of(self, segment: str, lines: int) -> int:
        """How many of a segment's first lines are counted already."""
        return max(0, lines - self.left_in_segment) if segment == self.segment else 0


def load(root: str) -> Counters:
    """The counters; a missing or broken file starts them anew."""
    found = home.read_object(f"{root}/state.json")
    known = Counters()
    for one in fields(Counters):
        value = found.get(one.name)
        expected = int if isinstance(getattr(known, one.name), int) else str
        if one.name == "days":
            known.days = _days(value)
        elif one.name == "hook_ms":
            known.hook_ms = _hook_times(value)
        elif isinstance(value, expected) and not isinstance(value, bool):
            setattr(known, one.name, value)
    return known


def _days(value: object) -> Days:
    """The days as they were written; nothing of what has another shape."""
    found: Days = {}
    for day, engineers in _items(value):
        for engineer, outcomes in _items(engineers):
            counts = {name: count for name, count in _items(outcomes) if name in OUTCOMES and isinstance(count, int)}
            found.setdefault(day, {})[engineer] = {**dict.fromkeys(OUTCOMES, 0), **counts}
    return found


def _hook_times(value: object) -> HookTimes:
    """The counts as they were written; nothing of what has another shape, such as other bounds."""
    found: HookTimes = {}
    for day, engineers in _items(value):
        for engineer, counts in _items(engineers):
            if isinstance(counts, list) and [type(count) for count in cast("list[Any]", counts)] == _COUNTS:
                found.setdefault(day, {})[engineer] = cast("list[int]", counts)
    return found


def _items(value: object) -> list[tuple[str, Any]]:
    return list(cast("dict[str, Any]", value).items()) if isinstance(value, dict) else []


def save(root: str, counters: Counters) -> None:
    """Write them down."""
    Path(root).mkdir(mode=0o700, parents=True, exist_ok=True)
    home.write_object(f"{root}/state.json", asdict(counters))
