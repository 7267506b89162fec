"""The states of a pull request as they are drawn: one for each reason that the shepherd can give.

DRAFT → CI_PENDING → CI_FAILING → REVIEW_WAIT → CHANGES_REQUESTED → FIX_REQUESTED → BEHIND → READY → MERGED
and from anywhere: CONFLICTING, RESOLVING, UNKNOWN, NEEDS_HUMAN, LEFT_ALONE, CLOSED
"""

from typing import Literal, get_args

from tallyward.domain.shepherd_facts import Action
from tallyward.domain.shepherd_guards import FOR_LONG

State = Literal[
    "DRAFT",
    "CI_PENDING",
    "CI_FAILING",
    "CI_MISSING",
    "REVIEW_WAIT",
    "CHANGES_REQUESTED",
    "FIX_REQUESTED",
    "BEHIND",
    "CONFLICTING",
    "RESOLVING",
    "UNKNOWN",
    "HELD",
    "BLOCKED",
    "READY",
    "LEFT_ALONE",
    "NEEDS_HUMAN",
    "MERGED",
    "CLOSED",
]
STATES: tuple[State, ...] = get_args(State)
_BY_REASON: dict[str, State] = {
    "ended": "CLOSED",
    "switched_off": "LEFT_ALONE",
    "escalated": "NEEDS_HUMAN",
    "draft_of_a_person": "LEFT_ALONE",
    "conflict": "CONFLICTING",
    "conflict_fix_asked": "CONFLICTING",
    "conflict_blocks_epic": "RESOLVING",
    "resolve_asked": "RESOLVING",
    "unknown": "UNKNOWN",
    "checks_pending": "CI_PENDING",
    "checks_failing": "CI_FAILING",
    "no_checks": "CI_MISSING",
    "review": "CHANGES_REQUESTED",
    "review_fix_asked": "FIX_REQUESTED",
    "resolve_threads": "CHANGES_REQUESTED",
    "awaiting_review": "REVIEW_WAIT",
    "awaiting_approval": "REVIEW_WAIT",
    "update_branch": "BEHIND",
    "publish_draft": "DRAFT",
    "held": "HELD",
    "blocked": "BLOCKED",
    "merge": "READY",
}


def state(action: Action, reason: str) -> State:
    """The state in which a decision with this reason found it."""
    if action == "escalate":
        return "NEEDS_HUMAN"
    return _BY_REASON[reason.removesuffix("_settling").removesuffix(FOR_LONG)]
