"""The guards of the shepherd, in the order in which they are asked. The first that holds decides.

Every wait has an end, so that nothing stands for ever: what a wait does not bring is asked for again, and in the end a
person is asked. It merges only what is seen to be right; what is not known is not.
"""

from collections.abc import Callable
from datetime import timedelta

from msgspec import Struct

from tallyward.domain.shepherd_facts import MERGEABLE_STATES, Action, Facts

FOR_LONG = "_for_long"
Holds = Callable[[Facts], bool]


class Guard(Struct, frozen=True):
    """One line of the machine. `reason` names it in every decision; `asks` is the question that it answers."""

    reason: str
    action: Action
    asks: str
    holds: Holds


class Limited(Struct, frozen=True):
    """A state that ends by itself in good time, or else needs a person."""

    reason: str
    asks: str
    holds: Holds
    minutes: Callable[[Facts], int]

    def over(self, facts: Facts) -> bool:
        return facts.now - facts.since(self.reason) >= timedelta(minutes=self.minutes(facts))

    def guards(self) -> tuple[Guard, Guard]:
        """Wait, and after the limit escalate."""
        return (
            Guard(self.reason, "wait", self.asks, lambda facts: self.holds(facts) and not self.over(facts)),
            Guard(
                f"{self.reason}{FOR_LONG}",
                "escalate",
                f"{self.asks.removesuffix('?')}, for longer than it may?",
                lambda facts: self.holds(facts) and self.over(facts),
            ),
        )


def _effect(action: Action, asks: str, holds: Holds) -> tuple[Guard, ...]:
    """Something that the forge does when it is asked: ask, give it time to show, and give up after some tries."""

    def spent(facts: Facts) -> bool:
        return len(facts.tries(action)) >= facts.config.attempts.effect

    return (
        Guard(
            f"{action}_settling",
            "wait",
            f"{asks.removesuffix('?')}, and was it done just now?",
            lambda facts: holds(facts) and facts.settling(action),
        ),
        Guard(action, action, asks, lambda facts: holds(facts) and not facts.settling(action) and not spent(facts)),
        Guard(
            f"{action}_failed",
            "escalate",
            f"{asks.removesuffix('?')}, and was it tried in vain?",
            lambda facts: holds(facts) and not facts.settling(action) and spent(facts),
        ),
    )


def _open(facts: Facts) -> bool:
    return facts.signals.state == "open"


def _standing(facts: Facts) -> bool:
    stands = facts.history.escalation
    if stands is None or stands.head_sha != facts.signals.head_sha:
        return False
    return not stands.virtual or any(guard.reason == stands.reason and guard.holds(facts) for guard in GUARDS)


def _resolvable(facts: Facts) -> bool:
    return facts.conflicting and facts.spent("conflict") and facts.blocks_epic


def _review_wanted(facts: Facts) -> bool:
    """Reviewers want something that no later commit has answered."""
    threads = facts.threads_open and facts.threads_before is None
    return threads or (facts.signals.changes_requested > 0 and not facts.threads_open and not facts.review_answered)


UNKNOWN = Limited(
    "unknown", "Has the forge not worked out whether it can be merged?", lambda facts: facts.unknown,
    lambda facts: facts.config.minutes.unknown,
)  # fmt: skip
PENDING = Limited(
    "checks_pending", "Do checks still run?", lambda facts: facts.signals.checks_pending > 0,
    lambda facts: facts.config.minutes.checks_pending,
)  # fmt: skip
FAILING = Limited(
    "checks_failing", "Does a check fail?", lambda facts: facts.signals.checks_failing > 0,
    lambda facts: facts.config.minutes.checks_failing,
)  # fmt: skip
UNTESTED = Limited(
    "no_checks", "Has no check succeeded, since there are none?", lambda facts: facts.untested,
    lambda facts: facts.config.minutes.no_checks,
)  # fmt: skip
REREVIEW = Limited(
    "awaiting_review", "Does a reviewer still want changes, though a commit answered?",
    lambda facts: facts.signals.changes_requested > 0 and not facts.threads_open and facts.review_answered,
    lambda facts: facts.config.minutes.review,
)  # fmt: skip
UNAPPROVED = Limited(
    "awaiting_approval", "Do approvals lack?", lambda facts: facts.approvals_lacking > 0,
    lambda facts: facts.config.minutes.review,
)  # fmt: skip
BLOCKED = Limited(
    "blocked", "Does the forge hold it back for a reason of its own?",
    lambda facts: not _mergeable_by_forge(facts), lambda facts: facts.config.minutes.blocked,
)  # fmt: skip
LIMITED = (UNKNOWN, PENDING, FAILING, UNTESTED, REREVIEW, UNAPPROVED, BLOCKED)


def _mergeable_by_forge(facts: Facts) -> bool:
    """What other guards judge for themselves is not asked of the forge again."""
    judged = facts.unknown or facts.conflicting or facts.behind or facts.signals.draft
    return judged or facts.signals.merge_state in MERGEABLE_STATES


def _ready(facts: Facts) -> bool:
    """Everything that must be so before a merge, said once in full: no order of guards lets anything else through."""
    told = facts.signals
    return (
        told.mergeable is True
        and told.merge_state in MERGEABLE_STATES
        and told.checks_pending == told.checks_failing == 0
        and not facts.untested
        and told.threads_unresolved == 0
        and told.changes_requested == 0
        and not told.draft
        and not facts.behind
        and facts.approvals_lacking == 0
        and facts.held is None
    )


_AT_FIRST = (
    Guard("ended", "none", "Is it merged or closed?", lambda facts: not _open(facts)),
    Guard(
        "switched_off", "wait", "Does a label say to leave it alone?",
        lambda facts: facts.config.labels.off in facts.signals.labels,
    ),
    Guard("escalated", "wait", "Was a person asked, and nothing changed since?", _standing),
    Guard(
        "draft_of_a_person", "wait", "Is it a draft that no agent made?",
        lambda facts: facts.signals.draft and facts.agent is None and not facts.config.drafts_of_people,
    ),
)  # fmt: skip
_CONFLICT = (
    Guard(
        "conflict_fix_asked", "wait", "Does it conflict, and was a fix asked for that is not overdue?",
        lambda facts: facts.conflicting and facts.asked("conflict") is not None,
    ),
    Guard(
        "conflict", "request_conflict_fix", "Does it conflict, and may a fix be asked for?",
        lambda facts: facts.conflicting and facts.asked("conflict") is None and not facts.spent("conflict"),
    ),
    Guard(
        "resolve_asked", "wait", "Does it conflict, and is somebody at resolving that?",
        lambda facts: _resolvable(facts) and facts.asked("conflict") is None and facts.asked("resolve") is not None,
    ),
    Guard(
        "conflict_blocks_epic", "resolve_conflict", "Does it conflict still, and does an epic wait for it?",
        lambda facts: _resolvable(facts) and facts.asked("conflict") is None
        and facts.asked("resolve") is None and not facts.spent("resolve"),
    ),
    Guard(
        "conflict_stays", "escalate", "Does it conflict still, though all was tried?",
        lambda facts: facts.conflicting and facts.asked("conflict") is None and facts.asked("resolve") is None
        and facts.spent("conflict") and (facts.spent("resolve") or not facts.blocks_epic),
    ),
)  # fmt: skip
_REVIEW = (
    Guard(
        "review_fix_asked", "wait", "Do reviewers want something that was asked for and is not overdue?",
        lambda facts: facts.review_open and facts.asked("review") is not None,
    ),
    *_effect(
        "resolve_threads", "Did a commit come after every open thread?",
        lambda facts: facts.threads_open and facts.asked("review") is None and facts.threads_before is not None,
    ),
    Guard(
        "review", "request_review_fix", "Do reviewers want something, and may a fix be asked for?",
        lambda facts: _review_wanted(facts) and facts.asked("review") is None and not facts.spent("review"),
    ),
    Guard(
        "review_stays", "escalate", "Do reviewers want something still, though it was asked for often enough?",
        lambda facts: _review_wanted(facts) and facts.asked("review") is None and facts.spent("review"),
    ),
)  # fmt: skip
GUARDS: tuple[Guard, ...] = (
    *_AT_FIRST,
    *_CONFLICT,
    *UNKNOWN.guards(),
    *PENDING.guards(),
    *FAILING.guards(),
    *UNTESTED.guards(),
    *_REVIEW,
    *REREVIEW.guards(),
    *_effect("update_branch", "Does it lack commits of its base?", lambda facts: facts.behind),
    *_effect("publish_draft", "Is it a draft?", lambda facts: facts.signals.draft),
    *UNAPPROVED.guards(),
    Guard("held", "wait", "Is it held, since other work touches the same files?", lambda facts: facts.held is not None),
    *BLOCKED.guards(),
    *_effect("merge", "Is everything as it must be?", _ready),
)
