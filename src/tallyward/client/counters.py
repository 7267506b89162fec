"""What became of the fires of this machine: the sender's counters in `state.json`.

Only whoever holds the delivery lock writes them, whole file at once, so that they never contradict each other.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tallyward import clock
from tallyward.client import home


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

    def delivered(self, stored: int, rejected: int) -> None:
        """Note one answered batch."""
        self.sent += stored + rejected
        self.stored += stored
        self.rejected += rejected
        self.last_delivery = clock.iso(clock.now())
        self.last_error = self.last_error_at = None

    def failed(self, reason: str) -> None:
        """Note an attempt after which everything is still here."""
        self.failed_attempts += 1
        self.last_error, self.last_error_at = reason, clock.iso(clock.now())


def load(root: str) -> Counters:
    """The counters; a missing or broken file starts them anew."""
    found = home.read_object(f"{root}/state.json")
    known = Counters()
    for field in fields(Counters):
        value = found.get(field.name)
        expected = int if isinstance(getattr(known, field.name), int) else str
        if isinstance(value, expected) and not isinstance(value, bool):
            setattr(known, field.name, value)
    return known


def save(root: str, counters: Counters) -> None:
    """Write them down."""
    Path(root).mkdir(mode=0o700, parents=True, exist_ok=True)
    home.write_object(f"{root}/state.json", asdict(counters))
