"""The shepherd of pull requests: which one step a pull request needs next, decided from facts by ordered guards."""

import hashlib
from datetime import datetime, timedelta

from msgspec import Struct

from tallyward.domain.shepherd_facts import CAUSE_OF, Action, Cause, Facts, Instruction
from tallyward.domain.shepherd_guards import FOR_LONG, GUARDS, LIMITED

POLICY = "rules/1"
ID_CHARS = 20
INSTRUCTIONS: dict[Cause, str] = {
    "review": "Can you fix the code reviews?",
    "conflict": "Can you fix the merge conflict?",
}


class Verdict(Struct, frozen=True):
    """What one guard said."""

    reason: str
    action: Action
    asks: str
    holds: bool


class Decision(Struct, frozen=True, kw_only=True):
    """What to do next. candidates: the action of every guard that holds, in order; the first is `action`.

    since: for each limited wait that was what decided, when it began. threads_before: up to where threads are to be
    resolved.
    """

    id: str
    action: Action
    reason: str
    candidates: tuple[Action, ...]
    says: str
    instruction: Instruction | None = None
    threads_before: datetime | None = None
    since: dict[str, datetime] = {}


def verdicts(facts: Facts) -> list[Verdict]:
    """What every guard says, in order."""
    return [Verdict(guard.reason, guard.action, guard.asks, guard.holds(facts)) for guard in GUARDS]


def decide(facts: Facts) -> Decision:
    """The one next step."""
    holding = [verdict for verdict in verdicts(facts) if verdict.holds]
    if holding[0].action == "none":
        holding = holding[:1]
    first = holding[0]
    found = decision_id(facts, first.action)
    return Decision(
        id=found,
        action=first.action,
        reason=first.reason,
        candidates=tuple(dict.fromkeys(verdict.action for verdict in holding)),
        says=first.asks,
        instruction=_instruction(facts, first.action, found),
        threads_before=facts.threads_before if first.action == "resolve_threads" else None,
        since=_since(facts, first.reason),
    )


def decision_id(facts: Facts, action: Action) -> str:
    """The same for the same step of the same head at the same moment."""
    told = facts.signals
    about = (told.forge, told.repo, told.number, told.head_sha, facts.history.episode, action, facts.now.isoformat())
    return hashlib.sha256("\n".join(map(str, about)).encode()).hexdigest()[:ID_CHARS]


def _instruction(facts: Facts, action: Action, decision: str) -> Instruction | None:
    cause = CAUSE_OF.get(action)
    if cause is None:
        return None
    limits = facts.config.minutes
    minutes = {"conflict": limits.conflict_fix, "review": limits.review_fix, "resolve": limits.resolve}[cause]
    return Instruction(
        cause=cause,
        decision=decision,
        head_sha=facts.signals.head_sha,
        sent_at=facts.now,
        deadline=facts.now + timedelta(minutes=minutes),
        rounds=facts.signals.review_rounds,
    )


def _since(facts: Facts, decisive: str) -> dict[str, datetime]:
    """The clocks that run on: a wait's starts when it is what decides, and stops when its cause is gone.

    It runs while another wait decides, too: a state that comes and goes must not keep a second one from ever ending.
    """
    same = facts.history.head_sha == facts.signals.head_sha
    running = facts.history.since.keys() if same else set[str]()
    first = decisive.removesuffix(FOR_LONG)
    return {
        one.reason: facts.since(one.reason) for one in LIMITED if one.holds(facts) and one.reason in {*running, first}
    }
