"""What a scripted model can be told to do, in words that fit every provider.

A script is a list of steps. The protocols (`messages_protocol`, `responses_protocol`) say each step in the wire format
of one provider; the words here name nothing of either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Stream = Sequence[Json]

SHELL = "shell"  # whatever the program calls its shell; `given` is then {"command": "..."}


@dataclass(frozen=True)
class Usage:
    """The token counts that an answer reports. Each token is in exactly one of them, reasoning in `output` too."""

    fresh: int = 1_000
    cache_write: int = 200
    cache_write_hour: int = 0
    cache_read: int = 3_000
    output: int = 50
    reasoning: int = 0


@dataclass(frozen=True)
class Say:
    """The model ends its turn with this text. Without a usage of its own it reports that of the whole model."""

    text: str
    usage: Usage | None = None


@dataclass(frozen=True)
class Use:
    """The model asks for a tool."""

    tool: str
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])
    usage: Usage | None = None


@dataclass(frozen=True)
class Together:
    """The model asks for several tools in one answer."""

    uses: Sequence[Use]
    usage: Usage | None = None


@dataclass(frozen=True)
class Fail:
    """The provider refuses with this status: what a program meets on a bad key or a full service."""

    status: int
    kind: str = "invalid_request_error"


Answer = Say | Use | Together
Step = Answer | Fail


@dataclass(frozen=True)
class Script:
    """What to do in the conversations whose text so far contains `when`; the last step repeats."""

    steps: Sequence[Step]
    when: str = ""

    def step(self, results: int) -> Step:
        """The step that comes when a conversation holds so many results of tools."""
        for step in self.steps:
            results -= len(step.uses) if isinstance(step, Together) else 1
            if results < 0:
                return step
        return self.steps[-1]


@dataclass(frozen=True)
class Asked:
    """What a request says of its conversation: the user's text so far, the tool results in it, the tools on offer."""

    said: str
    results: int
    tools: bool
