"""The way of a pull request through its states as a drawing: one stretch after the other, as long as it lasted.

Pure geometry for inline SVG, as in `sparkline.py`. A stretch too short to be seen is drawn as long as the eye needs;
the words beside it say how long it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from tallyward.domain.shepherd_states import State
from tallyward.services.decisions import Stretch

WIDTH, HEIGHT = 240, 18
LEAST = 6.0  # units that a stretch takes at least
SHOWN_MAX = 24  # the last ones; who came a longer way has the rest in the export
Look = Literal["wait", "asked", "ready", "human", "aside"]
LOOKS: dict[State, Look] = {
    "DRAFT": "aside",
    "CI_PENDING": "wait",
    "CI_FAILING": "asked",
    "CI_MISSING": "asked",
    "REVIEW_WAIT": "wait",
    "CHANGES_REQUESTED": "asked",
    "FIX_REQUESTED": "asked",
    "BEHIND": "wait",
    "CONFLICTING": "asked",
    "RESOLVING": "asked",
    "UNKNOWN": "wait",
    "HELD": "wait",
    "BLOCKED": "asked",
    "READY": "ready",
    "LEFT_ALONE": "aside",
    "NEEDS_HUMAN": "human",
    "MERGED": "ready",
    "CLOSED": "aside",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch: where it is drawn, how, and what the pointer is told."""

    x: float
    width: float
    look: Look
    label: str


@dataclass(frozen=True, slots=True)
class PathDrawing:
    """The whole way; `title` says it in words."""

    title: str
    pieces: tuple[Piece, ...]
    width: int = WIDTH
    height: int = HEIGHT


def lasting(span: timedelta) -> str:
    """`12 min`, `3 h`, `2 d`."""
    minutes = max(0, round(span.total_seconds() / 60))
    if minutes < 2 * 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 2 * 24 * 60 else f"{minutes // (24 * 60)} d"


def draw_path(path: Sequence[Stretch]) -> PathDrawing:
    """The drawing of the last stretches of a way."""
    shown = path[-SHOWN_MAX:]
    spans = [(one.until - one.since).total_seconds() for one in shown]
    spare = WIDTH - LEAST * len(shown)
    total = sum(spans) or 1.0
    pieces: list[Piece] = []
    x = 0.0
    for one, span in zip(shown, spans, strict=True):
        width = LEAST + spare * span / total
        label = f"{one.stands} {lasting(one.until - one.since)}"
        pieces.append(Piece(round(x, 1), round(width, 1), LOOKS[one.stands], label))
        x += width
    earlier = "… → " if len(path) > len(shown) else ""
    return PathDrawing(earlier + " → ".join(piece.label for piece in pieces), tuple(pieces))
