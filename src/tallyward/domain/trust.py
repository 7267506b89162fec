"""How far agents are trusted to go on their own, decided from how often their work is merged at the first pass.

Down is quick and up is slow. A rate under its lower line restricts at once, and an early warning takes `trusted` away
at once. Up takes the crossing of the upper line, then `SETTLED_MERGES` more merges without a turn, and an interval
whose lower end does not reach below the lower line: two lucky merges promote nobody. An agent's own rate can only lower
what holds for all; and nobody but a person sets a level by hand, for a time that ends (`trust_override.py`).
"""

from typing import Literal

from msgspec import Struct

from tallyward.domain.rates import State

Level = Literal["restricted", "normal", "trusted"]
LEVELS: tuple[Level, ...] = ("restricted", "normal", "trusted")
SETTLED_MERGES = 25  # half a window: what was merged before the crossing no longer makes most of the rate
LOWER_LINE = 0.70


class Trust(Struct, frozen=True):
    """A level, and the sentence that says why."""

    level: Level
    because: str


class TrustFacts(Struct, frozen=True, kw_only=True):
    """What is known of the first-pass rate of all, or of one agent.

    `since_turn` counts the merges since the state last turned.
    """

    state: State
    interval: tuple[float, float] | None = None
    warned: bool = False
    since_turn: int = 0
    lower_line: float = LOWER_LINE


def trust(facts: TrustFacts) -> Trust:
    """The level that follows from the rate alone."""
    if facts.state == "below":
        return Trust("restricted", "the first-pass rate is below its lower line")
    doubt = _doubt(facts)
    return Trust("normal", doubt) if doubt else Trust("trusted", "the first-pass rate has stayed above its upper line")


def _doubt(facts: TrustFacts) -> str:
    """What speaks against more trust than is normal; empty when nothing does."""
    doubts = {
        "too little was merged to say": facts.state == "undefined",
        "an early warning is up": facts.warned,
        "the first-pass rate has not crossed its upper line": facts.state == "between",
        f"above its upper line for {facts.since_turn} of {SETTLED_MERGES} merges": facts.since_turn < SETTLED_MERGES,
        "the first-pass rate may still lie below its lower line": (
            facts.interval is None or facts.interval[0] < facts.lower_line
        ),
    }
    return next((says for says, holds in doubts.items() if holds), "")


def agent_trust(everybody: Trust, own: TrustFacts) -> Trust:
    """The level of one agent: what follows from its own rate, and never more than holds for all."""
    mine = trust(own)
    if own.state == "undefined" and everybody.level == "trusted":
        return Trust("normal", "too little of this agent was merged to say")
    if own.state == "undefined":
        return Trust(everybody.level, f"too little of this agent was merged to say; of all, {everybody.because}")
    return min((mine, everybody), key=lambda found: LEVELS.index(found.level))
