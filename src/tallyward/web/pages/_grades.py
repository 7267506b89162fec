"""A grade, a figure and a fire, in words and as they are drawn: what several pages say of people's work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tallyward.domain.tenant import BELOW_ALL, GRADES, GradeThresholds
from tallyward.web.rendering import number

KIND_WORDS = {"skill": "skills", "agent": "agents", "mcp": "MCP calls", "tool": "tool calls", "session": "prompts"}


@dataclass(frozen=True, slots=True)
class Grade:
    """A grade as it is drawn: a word, a class and how many of four bars are full."""

    name: str
    slug: str
    level: int

    @classmethod
    def of(cls, name: str) -> "Grade":
        return cls(name, name.rstrip("?"), len(GRADES) - 1 - GRADES.index(name))


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a row of totals; those beside do not count towards a grade. `href` leads to the rows behind it."""

    label: str
    value: int | str | None
    href: str | None = None
    aside: bool = False

    @property
    def text(self) -> str:
        return self.value if isinstance(self.value, str) else number(self.value)


def grade_steps(thresholds: GradeThresholds) -> list[dict[str, Any]]:
    """The grades and what they need, best first."""
    steps = [
        {"grade": Grade.of(name), "words": f"more than {getattr(thresholds, name):,}"}
        for name in GRADES
        if name != BELOW_ALL
    ]
    return [*steps, {"grade": Grade.of(BELOW_ALL), "words": f"{thresholds.untapped:,} or fewer"}]


def counted_words(kinds: Sequence[str]) -> str:
    """`skills, agents and MCP calls, each use once; ...`: the one line that says what a fire is."""
    names = [KIND_WORDS.get(kind, kind) for kind in kinds]
    listed = " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    beside = "" if "tool" in kinds else " Tool calls are shown beside and do not count."
    return f"{listed}, each use once, however many paths reported it.{beside}"


def next_step(fires: int, thresholds: GradeThresholds) -> str:
    """How far the next grade is."""
    for name in reversed(GRADES[:-1]):
        more = getattr(thresholds, name) + 1 - fires
        if more > 0:
            return f"{more:,} more in 30 days {'makes' if more == 1 else 'make'} it {name}"
    return "The highest grade there is"


def thresholds_of(grades: dict[str, int]) -> GradeThresholds:
    return msgspec.convert(grades, GradeThresholds)
