"""Which fire of a session happened within which: an agent's fires within the agent, a prompt's within the prompt.

No source says it of all fires, but time does: what begins and ends while an agent or a prompt is at work was done by
it. Of several that were at work the one that began last is taken.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

_HOLDS_OTHERS = frozenset({"agent", "session"})
SLACK = timedelta(milliseconds=50)  # two reports of one end are as far apart


class Span(Struct, frozen=True, kw_only=True):
    """What a waterfall needs of a fire. `latency_ms` is None where its duration is unknown."""

    id: int
    kind: str
    ts: datetime
    latency_ms: int | None
    prompt_id: str | None

    @property
    def end(self) -> datetime:
        return self.ts + timedelta(milliseconds=self.latency_ms or 0)


def parents(spans: Sequence[Span]) -> dict[int, int | None]:
    """For each fire the id of the one it happened within, None for those at the top."""
    found: dict[int, int | None] = {}
    open_ones: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.ts, -(one.latency_ms or 0), one.id)):
        open_ones = [one for one in open_ones if one.end + SLACK >= span.ts]
        holders = [one for one in open_ones if _holds(one, span)]
        found[span.id] = holders[-1].id if holders else None
        if span.kind in _HOLDS_OTHERS and span.latency_ms:
            open_ones.append(span)
    return found


def _holds(outer: Span, inner: Span) -> bool:
    same_prompt = outer.prompt_id is None or inner.prompt_id is None or outer.prompt_id == inner.prompt_id
    return same_prompt and inner.end <= outer.end + SLACK
