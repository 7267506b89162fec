"""How well work gets merged: three rates over the last merges, and when one of them crosses a line.

Everything here takes facts and returns values. A rate is undefined until its window is full: an average over part of it
would be a number that nobody may act on. Merges count in the order (time of the merge, seq of its event), however late
they were told, so the same history gives the same rates and the same crossings whoever reckons them, and whenever.

A line is two lines apart (hysteresis): the state turns to `above` at or over the upper one, to `below` under the lower
one, and stays what it was in between, so that a rate that wanders about one number does not turn with every merge.
"""

import hashlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct, field

from tallyward.domain.work_item import REBASE_CONFLICT

FIRST_PASS, CONFLICTS, P95 = "first_pass_merge_rate", "rebase_conflict_rate", "p95_attempts_to_merge"
WARNING = "first_pass_early_warning"
ABANDONED, ABANDONED_OPENED = "abandoned_rate", "abandoned_of_opened_rate"
FIRST_PASS_WINDOW, CONFLICT_WINDOW, P95_WINDOW, WARNING_WINDOW, ENDED_WINDOW = 50, 100, 100, 100, 50
WINDOW_MAX = 100
GLOBAL = "global"
CROSSED, FILLED, WITHDRAWN = "metric.threshold_crossed", "metric.window_filled", "metric.threshold_withdrawn"
WARNED, RATES = "metric.early_warning", "metric.rates"
ID_CHARS = 32
State = Literal["undefined", "below", "between", "above"]


class Band(Struct, frozen=True, forbid_unknown_fields=True):
    """Two lines: under `low` is below, at or over `high` is above, in between it stays as it was."""

    low: float
    high: float

    def problems(self, name: str) -> list[str]:
        return [] if 0 <= self.low < self.high <= 1 else [f"{name} needs 0 <= low < high <= 1"]


class RateBands(Struct, frozen=True, forbid_unknown_fields=True):
    """Where each rate turns."""

    first_pass_merge_rate: Band = field(default_factory=lambda: Band(0.70, 0.85))
    rebase_conflict_rate: Band = field(default_factory=lambda: Band(0.05, 0.10))

    def problems(self) -> list[str]:
        """What is wrong with these lines, one sentence each."""
        first = self.first_pass_merge_rate.problems("rates.first_pass_merge_rate")
        return first + self.rebase_conflict_rate.problems("rates.rebase_conflict_rate")


@dataclass(frozen=True, slots=True)
class Merge:
    """One merge. `place` orders merges; `verdict` is the last one before it."""

    place: str
    seq: int
    project: str
    attempts: int
    verdict: str | None
    agent: str | None = None

    @property
    def first_pass(self) -> bool:
        return self.attempts == 1

    @property
    def conflicted(self) -> bool:
        return self.verdict == REBASE_CONFLICT


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose merges a series counts: those of one project, of one agent, or of all."""

    project: str | None = None
    agent: str | None = None

    @property
    def scope(self) -> str:
        if self.project is not None:
            return f"project:{self.project}"
        return GLOBAL if self.agent is None else f"agent:{self.agent}"


OF_ALL = Whose()


@dataclass(frozen=True, slots=True)
class Series:
    """One number after each merge of one scope, over `window` merges, and the two lines it turns at."""

    metric: str
    scope: str
    window: int
    band: Band
    value: Callable[[Sequence[Merge]], float | None]
    turned_kind: str = CROSSED
    in_between: State = "between"  # what a first value between the lines is taken for

    @property
    def name(self) -> str:
        return f"{self.metric}/{self.scope}"


@dataclass(frozen=True, slots=True)
class Turn:
    """The state of a series changed with a merge: a crossing, or the first state of a window that is now full."""

    series: str
    kind: str
    before: State
    state: State
    value: float
    merge: Merge

    @property
    def id(self) -> str:
        """The same for the same turn, whenever and however often it is reckoned."""
        text = f"{self.kind}\n{self.series}\n{self.merge.place}\n{self.state}"
        return hashlib.sha256(text.encode()).hexdigest()[:ID_CHARS]


def turned(state: State, value: float | None, band: Band, in_between: State = "between") -> State:
    """The state after `value`."""
    if value is None:
        return "undefined"
    if value >= band.high:
        return "above"
    if value < band.low:
        return "below"
    return in_between if state == "undefined" else state


def _share(window: int, hit: Callable[[Merge], bool]) -> Callable[[Sequence[Merge]], float | None]:
    def value(merges: Sequence[Merge]) -> float | None:
        return sum(map(hit, merges)) / window if len(merges) == window else None

    return value


# A Bernoulli CUSUM: the sum of log-likelihood ratios of "the true rate has fallen to .70" against "it is .85", never
# under 0 and never over the height at which it warns, or a long bad time would take as long to be forgiven. It is
# reckoned over the last 100 merges, so that it too is a function of a window.
CUSUM_GOOD, CUSUM_BAD, CUSUM_HEIGHT = 0.85, 0.70, 4.5
_AFTER_HIT = math.log(CUSUM_BAD / CUSUM_GOOD)
_AFTER_MISS = math.log((1 - CUSUM_BAD) / (1 - CUSUM_GOOD))
_CUSUM_BAND = Band(1e-9, CUSUM_HEIGHT)  # raised at the height, quiet again at 0


def cusum(merges: Iterable[Merge]) -> float:
    """How much speaks for a fall of the first-pass rate, by the merges since it last stood at nothing."""
    total = 0.0
    for merge in merges:
        total = min(CUSUM_HEIGHT, max(0.0, total + (_AFTER_HIT if merge.first_pass else _AFTER_MISS)))
    return total


def is_first_pass(merge: Merge) -> bool:
    return merge.first_pass


def is_conflicted(merge: Merge) -> bool:
    return merge.conflicted


def series_of(bands: RateBands, whose: Whose = OF_ALL) -> tuple[Series, ...]:
    """The series that a merge moves: how often a project conflicts, how well an agent does, and both of all."""
    scope = whose.scope
    conflicts = Series(
        CONFLICTS, scope, CONFLICT_WINDOW, bands.rebase_conflict_rate, _share(CONFLICT_WINDOW, is_conflicted)
    )
    if whose.project is not None:
        return (conflicts,)
    first_pass = Series(
        FIRST_PASS, scope, FIRST_PASS_WINDOW, bands.first_pass_merge_rate, _share(FIRST_PASS_WINDOW, is_first_pass)
    )
    warning = Series(WARNING, scope, WARNING_WINDOW, _CUSUM_BAND, cusum, WARNED, "below")
    return (first_pass, warning) if whose.agent is not None else (first_pass, conflicts, warning)


class Reckoner:
    """Goes through merges one by one and tells where the state of a series turns."""

    def __init__(self, series: Series, before: Sequence[Merge] = (), state: State = "undefined") -> None:
        self.series = series
        self.state: State = state
        self._window = deque(before[-series.window :], maxlen=series.window)

    def step(self, merge: Merge) -> Turn | None:
        """The turn that came with this merge, if one did."""
        self._window.append(merge)
        value = self.series.value(self._window)
        before, self.state = self.state, turned(self.state, value, self.series.band, self.series.in_between)
        if value is None or before == self.state:
            return None
        kind = self.series.turned_kind
        if before == "undefined":
            kind = FILLED
        return Turn(self.series.name, kind, before, self.state, value, merge)


@dataclass(frozen=True, slots=True)
class Known:
    """A turn that the outbox tells of and that was not withdrawn."""

    series: str
    place: str
    id: str
    state: State


class Revision:
    """Holds the turns of a series, from some merge on, against the known ones: what to add, what to take back.

    A merge that is told in its turn is the last one, and one step is all. One that is told late moves the windows of
    those after it; beyond these, and where the state is what it was known to be, nothing differs any more: settled.
    """

    def __init__(self, series: Series, before: Sequence[Merge], state: State) -> None:
        self.reckoner = Reckoner(series, before, state)
        self.added: list[Turn] = []
        self.withdrawn: list[Known] = []
        self.settled = False
        self._known_state: State = state
        self._steps = 0

    def step(self, merge: Merge, known: Known | None) -> None:
        turn = self.reckoner.step(merge)
        if known is not None:
            self._known_state = known.state
        same = turn is not None and known is not None and turn.id == known.id
        if known is not None and not same:
            self.withdrawn.append(known)
        if turn is not None and not same:
            self.added.append(turn)
        self._steps += 1
        self.settled = self._steps >= self.reckoner.series.window and self.reckoner.state == self._known_state


def turns(series: Series, merges: Iterable[Merge]) -> list[Turn]:
    """All turns of a series over a whole history in its order: what every other way of reckoning must come to."""
    reckoner = Reckoner(series)
    found = [reckoner.step(merge) for merge in merges]
    return [turn for turn in found if turn is not None]
