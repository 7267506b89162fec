"""What a metric of the acceptance grid is: what it proves, the command that proves it, and a decision over facts.

Deciding is pure and never generous: green needs evidence in the facts, red too, and what no fact speaks of is
`cannot tell`, with what is missing. A fact that is None is one that nobody can tell yet.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from statistics import median
from typing import ClassVar, Literal

from msgspec import Struct, field

from tallyward.domain.acceptance import AcceptConfig

Light = Literal["green", "red", "cannot tell"]
PICKUP_SECONDS_MAX = 60.0
RUN_SECONDS_MAX = 60.0
FIRES_A_DAY = 10  # everyone has more than that
NAMES_MAX = 5  # as many as a sentence can carry


class Checkout(Struct, frozen=True, kw_only=True):
    """A repository as it lies on the server's disk. `problem`: why it cannot be read, empty where it can."""

    commands: frozenset[str] = frozenset()
    workflows: Mapping[str, str] = field(default_factory=dict[str, str])
    problem: str = ""


class Facts(Struct, frozen=True, kw_only=True):
    """Everything the grid looks at, of one tenant at one moment.

    team: who is meant by everyone. fires_1d: rows of the last day by engineer, every row, as the organisation's own
    query counts them. graded: who is on the board of 30 days, and so has a grade. start_seconds: age of the newest
    `/start` of a laptop. retired_fires: fires in 7 days of skills that should be gone. lints: texts of the tenant's
    lint rules by file; None where the server has no folder of tenants. What comes from a forge or from dispatch is
    None: `branches` (whether a push straight to it is refused), `run_seconds` (the last 20 runs of CI of the slowest
    repository), and `pickup_seconds`. unread: repositories of which a forge did not say what it was asked.
    """

    settings: AcceptConfig
    team: tuple[str, ...]
    fires_1d: Mapping[str, int]
    graded: frozenset[str]
    start_seconds: float | None
    retired_fires: Mapping[str, int]
    checkouts: Mapping[str, Checkout]
    lints: Mapping[str, str] | None
    lints_folder: str
    branches: Mapping[str, bool] | None = None
    run_seconds: tuple[float, ...] | None = None
    unread: tuple[str, ...] = ()
    pickup_seconds: tuple[float, ...] | None = None


class Verdict(Struct, frozen=True):
    """What the facts say. `who` are people that a reason is about, for those who may see them."""

    light: Light
    value: str | None
    reason: str
    who: tuple[str, ...] = ()


class Check(ABC):
    """One metric. `place` orders the grid; `about_people` says that its value is a count of people."""

    place: ClassVar[int]
    title: ClassVar[str]
    proves: ClassVar[str]
    command: ClassVar[str]
    about_people: ClassVar[bool] = False

    @staticmethod
    @abstractmethod
    def decide(facts: Facts) -> Verdict:
        """Green, red, or what is missing to tell."""


def green(value: str, reason: str) -> Verdict:
    return Verdict("green", value, reason)


def red(value: str | None, reason: str, who: tuple[str, ...] = ()) -> Verdict:
    return Verdict("red", value, reason, who)


def cannot_tell(needs: str, value: str | None = None) -> Verdict:
    return Verdict("cannot tell", value, f"Cannot tell yet: needs {needs}")


def middle(values: tuple[float, ...]) -> float:
    """The median."""
    return median(values)


def named(names: tuple[str, ...]) -> str:
    """`a, b and 3 more`."""
    shown = ", ".join(names[:NAMES_MAX])
    return f"{shown} and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else shown


NO_FORGE = "a forge to ask: name the repositories in [[forges]]."


def untold(unread: tuple[str, ...]) -> str:
    """What is needed where a forge did not say what it was asked."""
    return f"the forge's word on {named(unread)}: `tally forge check` says what it lacks."


NO_TEAM = "to know who the team is: name them in team of [accept], or bind a token to each."


def unreadable(checkouts: Mapping[str, Checkout]) -> str:
    """What is wrong with the checkouts, as what is needed; empty where they can all be read."""
    if not checkouts:
        return "a checkout of each repository to look into: name them in [accept.checkouts]."
    wrong = [f"{name}: {found.problem}" for name, found in checkouts.items() if found.problem]
    return f"checkouts that can be read ({'; '.join(wrong)})." if wrong else ""
