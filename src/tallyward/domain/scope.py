"""Whether two pieces of work may go on at once, by the files that they are to change and by how often merges conflict.

Most pairs of changes that touch one file still merge clean, so to hold work back is dear and mostly for nothing. How
strict to be follows from the conflict rate; a hold is for concrete paths, ends by itself, and what it cost is counted.
Work that does not say what it will change is not held: what is not known is not held against it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tallyward.domain.rates import State

OverlapPolicy = Literal["relaxed", "graded", "strict"]
HOLD_MAX = timedelta(hours=1)  # from the first hold on, whatever holds it since
SHOWN_MAX = 3
HOT_CONFLICTS_MIN, HOT_SHARE_MIN = 3, 0.20


@dataclass(frozen=True, slots=True)
class InFlight:
    """Work that has begun, and the paths that it changes or is to change."""

    item: str
    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class FileHistory:
    """How often a file was part of a landing, and how often of one that conflicted."""

    landings: int
    conflicts: int

    @property
    def hot(self) -> bool:
        share = self.conflicts / self.landings if self.landings else 0.0
        return self.conflicts >= HOT_CONFLICTS_MIN and share >= HOT_SHARE_MIN


@dataclass(frozen=True, slots=True)
class Decision:
    """Go, or wait for `blockers` because of `paths`. `cost` is how long it was held; `expired`: it goes anyhow."""

    hold: bool
    blockers: tuple[str, ...]
    paths: tuple[str, ...]
    cost: timedelta
    expired: bool = False
    ends_at: datetime | None = None


def overlap_policy(state: State) -> OverlapPolicy:
    """How strict to be: relaxed while few merges conflict, strict while many do, else and while nobody knows graded."""
    if state == "below":
        return "relaxed"
    return "strict" if state == "above" else "graded"


def overlap(mine: Iterable[str], theirs: Iterable[str]) -> frozenset[str]:
    """The paths of `mine` that `theirs` touch: the same file, or a folder that the other lies in."""
    others = frozenset(theirs)
    above_others = {folder for path in others for folder in _folders(path)}
    return frozenset(
        path for path in mine if path in others or path in above_others or not others.isdisjoint(_folders(path))
    )


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def decide(  # noqa: PLR0913  # every fact of the decision, by name
    policy: OverlapPolicy,
    paths: frozenset[str],
    in_flight: Iterable[InFlight],
    history: Mapping[str, FileHistory],
    *,
    now: datetime,
    held_since: datetime | None = None,
    urgent: bool = False,
) -> Decision:
    """Whether this work is held now. `held_since` is when it was first held, None when it was not."""
    cost = now - held_since if held_since else timedelta()
    free = Decision(hold=False, blockers=(), paths=(), cost=cost)
    if policy == "relaxed" or urgent or not paths:
        return free
    shared = {other.item: _counting(policy, overlap(paths, other.paths), history) for other in in_flight}
    blockers = tuple(sorted(item for item, found in shared.items() if found))
    if not blockers:
        return free
    touched = tuple(sorted({path for found in shared.values() for path in found}))
    if cost >= HOLD_MAX:
        return Decision(hold=False, blockers=blockers, paths=touched, cost=cost, expired=True)
    ends_at = (held_since or now) + HOLD_MAX
    return Decision(hold=True, blockers=blockers, paths=touched, cost=cost, ends_at=ends_at)


def reason(policy: OverlapPolicy, found: Decision, paths: frozenset[str], *, urgent: bool = False) -> str:
    """The decision in words."""
    shared = ", ".join(found.paths[:SHOWN_MAX]) + (" and more" if len(found.paths) > SHOWN_MAX else "")
    if found.hold:
        return f"{', '.join(found.blockers[:SHOWN_MAX])} changes {shared}"
    said = {
        "it has waited long enough and goes anyhow": found.expired,
        "it does not say what it changes, and what is not known is not held against it": not paths,
        "it is urgent": urgent,
        "few merges conflict, so nothing is held": policy == "relaxed",
        "nobody is changing a file of it that often conflicts": policy == "graded",
    }
    return next((says for says, holds in said.items() if holds), "nobody is changing a file of it")


def _counting(policy: OverlapPolicy, paths: frozenset[str], history: Mapping[str, FileHistory]) -> frozenset[str]:
    """Those of the shared paths that hold work back: all where it is strict, else the hot files alone."""
    if policy == "strict":
        return paths
    return frozenset(path for path in paths if path in history and history[path].hot)


def cost_of_holds(holds: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """What holding work back has cost in all: the measure by which the policy itself is judged."""
    return sum((end - begin for begin, end in holds), timedelta())
