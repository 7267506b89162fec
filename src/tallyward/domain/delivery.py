"""A delivery of a forge as it is kept: which one it was, what it told, what became of it, and nothing anybody wrote."""

from typing import Any, Literal

from msgspec import Struct

# missing: the forge has it and we do not. parked: it needs somebody.
State = Literal["missing", "waiting", "done", "ignored", "parked"]
STATES: tuple[State, ...] = ("missing", "waiting", "done", "ignored", "parked")
TRIES_MAX = 5
_BACKOFF = 4.0  # seconds; 1, 4, 16 and 64 of them, so that a bad minute of something else parks nothing


class Delivery(Struct, frozen=True, kw_only=True):
    """One delivery as it comes in. `facts` is None where it could not be read; `reason` says why."""

    sender: str
    delivery_id: str
    body_sha256: str
    body_bytes: int
    event: str
    action: str | None
    subject: str
    repo: str | None
    number: int | None
    state: State
    reason: str | None
    facts: dict[str, Any] | None


def next_step(tries: int) -> tuple[State, float]:
    """What becomes of a delivery whose processing failed for the `tries`th time, and in how many seconds."""
    return ("parked", 0.0) if tries >= TRIES_MAX else ("waiting", _BACKOFF ** (tries - 1))
