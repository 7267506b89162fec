"""What a check of `tally doctor` says: how it came out, what it found, and the fix where one is needed."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """How a check came out."""

    PASS = "PASS"  # noqa: S105  # a word, not a password
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Check:
    """What one check found, and the fix where one is needed."""

    name: str
    verdict: Verdict
    finding: str
    fix: str = ""

    def shown(self) -> dict[str, str]:
        return {"name": self.name, "verdict": self.verdict.value, "finding": self.finding, "fix": self.fix}
