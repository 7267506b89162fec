"""What one organisation decided about the shepherd of its pull requests: how often, how long, how many, which labels.

Read from `[shepherd]` of `tenant.toml`. Which repositories it may act in is not said here but where the forges are.
"""

from msgspec import Struct, field, structs

from tallyward.domain.forge import MergeMethod
from tallyward.domain.trust import Level

MINUTES_MAX = 30 * 24 * 60
ATTEMPTS_MAX = 20
APPROVALS_MAX = 20


class Minutes(Struct, frozen=True, forbid_unknown_fields=True):
    """How long each thing may take, in minutes; then the next step is taken, and in the end a person is asked.

    The first three are the deadlines of instructions. `settle` is how long something that was done takes to show.
    """

    conflict_fix: int = 60
    review_fix: int = 120
    resolve: int = 120
    settle: int = 10
    unknown: int = 60
    no_checks: int = 30
    checks_pending: int = 6 * 60
    checks_failing: int = 24 * 60
    review: int = 72 * 60
    blocked: int = 24 * 60


class Attempts(Struct, frozen=True, forbid_unknown_fields=True):
    """How often each thing is tried, each counted by itself. `effect`: how often the forge is asked, of one head."""

    conflict: int = 2
    review: int = 3
    resolve: int = 1
    effect: int = 3


class Approvals(Struct, frozen=True, forbid_unknown_fields=True):
    """How many people must have approved before it merges, by how far agents are trusted."""

    restricted: int = 2
    normal: int = 1
    trusted: int = 1

    def of(self, level: Level) -> int:
        return {"restricted": self.restricted, "normal": self.normal, "trusted": self.trusted}[level]


class Labels(Struct, frozen=True, forbid_unknown_fields=True):
    """The labels it puts on (`escalated`, `resolve`) and those it heeds (`blocker`, `off`)."""

    escalated: str = "needs-intervention"
    resolve: str = "resolve-conflict"
    blocker: str = "blocker"
    off: str = "shepherd-off"


class ShepherdConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of the shepherd. `up_to_date`: a branch that lacks commits of its base is updated before it merges.

    `drafts_of_people`: whether a draft that is no agent's is taken care of like any other; else it is left alone.
    """

    every_minutes: int = 5
    merge_method: MergeMethod = "squash"
    up_to_date: bool = True
    drafts_of_people: bool = False
    approvals_needed: Approvals = field(default_factory=Approvals)
    attempts: Attempts = field(default_factory=Attempts)
    minutes: Minutes = field(default_factory=Minutes)
    labels: Labels = field(default_factory=Labels)

    def problems(self) -> list[str]:
        """What is wrong with these settings, one sentence each."""
        found = [] if 1 <= self.every_minutes <= MINUTES_MAX else ["shepherd.every_minutes must be 1 at least"]
        found += _outside("minutes", self.minutes, 1, MINUTES_MAX)
        found += _outside("attempts", self.attempts, 1, ATTEMPTS_MAX)
        found += _outside("approvals_needed", self.approvals_needed, 0, APPROVALS_MAX)
        needed = self.approvals_needed
        if not needed.restricted >= needed.normal >= needed.trusted:
            found.append("shepherd.approvals_needed must not rise from restricted over normal to trusted")
        named = list(structs.asdict(self.labels).values())
        if len({name.strip().casefold() for name in named if name.strip()}) < len(named):
            found.append("shepherd.labels must be different names, and none empty")
        return found


def _outside(name: str, table: Struct, low: int, high: int) -> list[str]:
    values: dict[str, int] = structs.asdict(table)
    return [
        f"shepherd.{name}.{key} must be from {low} to {high}"
        for key, value in values.items()
        if not low <= value <= high
    ]
