"""A decision about a pull request as a row to learn from: what was known then as numbers, and what was done.

Only what was known before the decision goes in. The candidates, the reason, the instruction and the clocks of one are
the rule table's own words for what it chose: to learn from them would be to read the answer off.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.shepherd_facts import CAUSE_OF, CAUSES
from tallyward.domain.trust import LEVELS

HOUR_SECONDS = 3600
STEP_HOURS = 0.25  # ages in quarters of an hour: finer than any deadline, and exact in every kind of floating point
AGE_HOURS_MAX = 10_000.0
MISSING = -1.0
MERGE_STATES = ("CLEAN", "DIRTY", "BLOCKED", "BEHIND", "UNSTABLE", "DRAFT", "HAS_HOOKS", "UNKNOWN")
COUNTS = (
    "checks_total", "checks_passing", "checks_failing", "checks_pending", "approvals", "changes_requested",
    "threads_total", "threads_unresolved", "review_rounds", "behind_by", "changed_paths", "commits",
)  # fmt: skip
FLAGS = ("draft", "mergeable", "auto_merge")
MOMENTS = ("created_at", "updated_at", "head_at", "threads_newest_at")


class DecisionRow(Struct, frozen=True, kw_only=True):
    """One decision: of which pull request, when, by which policy, what was known, and what was done."""

    subject: str
    at: datetime
    policy: str
    action: str
    state: dict[str, Any]
    attempts: dict[str, int] = {}
    trust: str | None = None
    held: str | None = None
    agent: str | None = None
    head_seen_at: datetime | None = None


class Asked(Struct, frozen=True, kw_only=True):
    """The last time a fix was asked for of one cause: when, and which commit was the head then."""

    at: datetime
    head: str


def row_of(line: Mapping[str, Any]) -> DecisionRow | None:
    """The row in an exported line or in the payload of a decision; None for a line that is no decision of ours."""
    if not (line.get("policy") and line.get("action") and isinstance(line.get("state"), Mapping)):
        return None
    number = line.get("number") or line.get("pr")
    facts = {name: line[name] for name in DecisionRow.__struct_fields__ if line.get(name) is not None}
    facts["subject"] = line.get("subject") or f"{line.get('forge')}:{line.get('repo')}#{number}"
    facts["at"] = line.get("decided_at") or line.get("at")
    try:
        found = msgspec.convert(facts, DecisionRow)
    except msgspec.ValidationError:
        return None
    return found if found.at.tzinfo is not None else None


FEATURES: tuple[str, ...] = (
    *COUNTS,
    *FLAGS,
    *(f"merge_state={name}" for name in MERGE_STATES),
    *(f"hours_since_{name.removesuffix('_at')}" for name in MOMENTS),
    "head_after_threads",
    "hours_since_head_seen",
    *(f"attempts_{cause}" for cause in CAUSES),
    *(f"hours_since_asked_{cause}" for cause in CAUSES),
    *(f"same_head_as_asked_{cause}" for cause in CAUSES),
    *(f"trust={level}" for level in LEVELS),
    "held",
    "by_agent",
    "labels",
)


def asked_before(earlier: Iterable[DecisionRow]) -> dict[str, Asked]:
    """What was last asked for of each cause, by the decisions of the same pull request before, oldest first."""
    found: dict[str, Asked] = {}
    for row in earlier:
        cause = CAUSE_OF.get(row.action)  # pyright: ignore[reportArgumentType, reportCallIssue]  # any word
        if cause is not None:
            found[cause] = Asked(at=row.at, head=str(row.state.get("head_sha")))
    return found


def vector(row: DecisionRow, asked: Mapping[str, Asked]) -> list[float]:
    """What was known at a decision, as one number for each of FEATURES; what nobody knew is -1."""
    state = row.state
    moments = {name: _moment(state.get(name)) for name in MOMENTS}
    head, threads = moments["head_at"], moments["threads_newest_at"]
    told: list[float] = [_number(state.get(name)) for name in (*COUNTS, *FLAGS)]
    told += [float(state.get("merge_state") == name) for name in MERGE_STATES]
    told += [_hours(row.at, moments[name]) for name in MOMENTS]
    told += [float(head > threads) if head and threads else MISSING, _hours(row.at, row.head_seen_at)]
    told += [float(row.attempts.get(cause, 0)) for cause in CAUSES]
    told += [_hours(row.at, asked[cause].at) if cause in asked else MISSING for cause in CAUSES]
    told += [float(asked[cause].head == state.get("head_sha")) if cause in asked else MISSING for cause in CAUSES]
    told += [float(row.trust == level) for level in LEVELS]
    told += [float(row.held is not None), float(row.agent is not None), _length(state.get("labels"))]
    return told


def vectors(rows: Sequence[DecisionRow]) -> list[list[float]]:
    """The vectors of rows that are in the order of their time, each with what came before it of its pull request."""
    asked: dict[str, dict[str, Asked]] = {}
    found: list[list[float]] = []
    for row in rows:
        known = asked.setdefault(row.subject, {})
        found.append(vector(row, known))
        known.update(asked_before([row]))
    return found


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else MISSING


def _length(value: object) -> float:
    return float(len(value)) if isinstance(value, list | tuple) else MISSING  # pyright: ignore[reportUnknownArgumentType]


def _moment(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None


def _hours(now: datetime, then: datetime | None) -> float:
    if then is None:
        return MISSING
    hours = (now - then).total_seconds() / HOUR_SECONDS
    return min(AGE_HOURS_MAX, max(0.0, hours // STEP_HOURS * STEP_HOURS))
