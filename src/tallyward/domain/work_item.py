"""What may become of a piece of work, step by step, and what one step makes of it: decided here, done elsewhere.

    spec → build → review → merge → merged      on to any later one, back to any earlier one, or the same again
                                                until it is merged; each may be abandoned, and abandoned begin again

An item is known from the first word about it, in whatever phase it then is, and a phase may be left out: a project may
join half-way, and not every orchestrator has all of them. A merge that is refused would be missing in every rate.
`merged` is the end: what is undone later is a story of its own. An attempt is one time of building, so entering
`build` counts one, unless whoever runs the work says another number. It never falls: the rate that hangs on it would
rise by lying.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, get_args

from msgspec import Meta, Struct

from tallyward.domain.fire import EARLIEST
from tallyward.errors import Invalid, TransitionRefused
from tallyward.redact import redact

Phase = Literal["spec", "build", "review", "merge", "merged", "abandoned"]
PHASES: tuple[Phase, ...] = get_args(Phase)
_ANY = frozenset(PHASES)
NEXT: Mapping[Phase, frozenset[Phase]] = {
    **dict.fromkeys(PHASES, _ANY),
    "merged": frozenset(),
    "abandoned": frozenset({"spec", "build"}),
}
REBASE_CONFLICT = "rebase_conflict"  # the verdict that the conflict rate counts
PATHS_MAX, PATH_CHARS_MAX, NAME_CHARS_MAX = 1_000, 1_024, 200
AHEAD_MAX = timedelta(minutes=5)  # by how much the clock of whoever reports may be ahead of ours
_STEPS_UP = re.compile(r"(?:^|/)\.\.(?:/|$)")


class TransitionIn(Struct, frozen=True, forbid_unknown_fields=True):
    """One step of a piece of work, as it is reported. What is left out stays as it was."""

    phase: Phase
    verdict: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    attempts: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    file_scope: Annotated[list[Annotated[str, Meta(min_length=1, max_length=1_024)]], Meta(max_length=1_000)] | None = (
        None
    )
    at: datetime | None = None
    agent: Annotated[str, Meta(min_length=1, max_length=200)] | None = None


class WorkItem(Struct, frozen=True, kw_only=True):
    """A piece of work as it stands."""

    id: int
    project: str
    story_id: str
    phase: Phase
    attempts: int
    last_verdict: str | None
    file_scope: list[str]
    agent: str | None
    opened_at: datetime
    updated_at: datetime
    merged_at: datetime | None


class Step(Struct, frozen=True, kw_only=True):
    """What a step makes of an item: the facts of the event, which are those of the row after it.

    `verdict` is the last one known, so that of a merge it is the final verdict before it; so is `agent`.
    """

    origin: Phase | None
    target: Phase
    verdict: str | None
    attempts: int
    file_scope: list[str]
    agent: str | None
    at: datetime

    def payload(self, project: str, story_id: str, at: str) -> dict[str, object]:
        """The event as it is kept, its moment written out. Its keys are the words of the organisation's own queries."""
        return {
            "project": project,
            "story_id": story_id,
            "from": self.origin,
            "target": self.target,
            "verdict": self.verdict,
            "attempts": self.attempts,
            "file_scope": self.file_scope,
            "agent": self.agent,
            "at": at,
        }


def step(item: WorkItem | None, told: TransitionIn, now: datetime) -> Step:
    """What `told` makes of `item`, which is None when nobody has heard of it. Raises Invalid or TransitionRefused."""
    at = _moment(told.at, now)
    if item is not None:
        _require_allowed(item, told, at)
    scope = (
        item.file_scope if item and told.file_scope is None else sorted({plain_path(p) for p in told.file_scope or []})
    )
    verdict = redact(told.verdict) if told.verdict else item.last_verdict if item else None
    if verdict is not None and not verdict.isprintable():
        raise Invalid("verdict holds characters that cannot be printed.", field="verdict")
    if told.agent is not None:
        require_name(told.agent, "agent")
    agent = told.agent or (item.agent if item else None)
    return Step(
        origin=item.phase if item else None,
        target=told.phase,
        verdict=verdict,
        attempts=_attempts(item, told),
        file_scope=scope,
        agent=agent,
        at=at,
    )


def _moment(at: datetime | None, now: datetime) -> datetime:
    if at is None:
        return now
    if at.tzinfo is None:
        raise Invalid("at needs a time zone, such as 2026-05-17T14:23:01Z.", field="at")
    if not EARLIEST <= at <= now + AHEAD_MAX:
        raise Invalid("at lies in the future or too far in the past.", field="at")
    return at


def _require_allowed(item: WorkItem, told: TransitionIn, at: datetime) -> None:
    if told.phase not in NEXT[item.phase]:
        allowed = ", ".join(phase for phase in PHASES if phase in NEXT[item.phase]) or "nothing"
        raise TransitionRefused(f"From {item.phase} it goes on to {allowed}, not to {told.phase}.", field="phase")
    if at < item.updated_at:
        last = item.updated_at.isoformat()
        raise TransitionRefused(f"This item took its last step at {last}; no step is put before it.", field="at")


def _attempts(item: WorkItem | None, told: TransitionIn) -> int:
    known = item.attempts if item else 0
    counted = known + 1 if told.phase == "build" else known
    least = 0 if told.phase in ("spec", "abandoned") else 1
    if told.attempts is None:
        return max(counted, least)
    if told.attempts < max(known, least):
        raise Invalid(f"attempts is {told.attempts}; {max(known, least)} are known already.", field="attempts")
    return told.attempts


def plain_path(text: str, field: str = "file_scope") -> str:
    """A path of the repository in the one form in which paths are compared. Raises Invalid for any other place."""
    path = text.removeprefix("./").rstrip("/")
    if not path or path.startswith("/") or "\0" in path or "\\" in path or _STEPS_UP.search(path):
        raise Invalid(f"{text[:100]!r} is no path within a repository.", field=field)
    return path


def require_name(text: str, field: str) -> str:
    """A project's or story's name. Raises Invalid for one that cannot be kept, shown or asked for again."""
    if not text.strip() or len(text) > NAME_CHARS_MAX or not text.isprintable():
        raise Invalid(f"{field} must have 1 to {NAME_CHARS_MAX} characters that can be printed.", field=field)
    return text
