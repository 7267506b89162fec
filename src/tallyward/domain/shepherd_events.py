"""The shepherd's own events, and what they come to: how often it tried what, and what is still open.

Three kinds tell everything. `pull_request.decision`: one for every evaluation, a wait too, with the state it saw; one
that acts is written before it acts. `pull_request.acted`: how that went. `pull_request.outcome`: how it ended. Attempts
are counted from these and from nothing else, so the same events always come to the same attempts.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct, structs

from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.shepherd import POLICY, Decision
from tallyward.domain.shepherd_facts import (
    CAUSE_OF,
    CAUSES,
    EFFECTS,
    Action,
    Effect,
    Escalation,
    Facts,
    History,
    Instruction,
)

DECIDED, ACTED, OUTCOME = "pull_request.decision", "pull_request.acted", "pull_request.outcome"
KINDS = (DECIDED, ACTED, OUTCOME)
Result = Literal["success", "closed", "escalated"]


class Decided(Struct, frozen=True, kw_only=True):
    """What the fold reads of a decision; the event tells more."""

    id: str
    action: Action
    reason: str
    dry_run: bool
    episode: int
    head_sha: str
    head_seen_at: datetime
    at: datetime
    rounds: int = 0
    labels: tuple[str, ...] = ()
    since: dict[str, datetime] = {}
    instruction: Instruction | None = None


class Acted(Struct, frozen=True, kw_only=True):
    """How acting on a decision went.

    again: it did not happen, and may be tried as if it had never begun. What a forge refuses for good counts as tried.
    """

    decision: str
    action: Action
    ok: bool
    code: str
    again: bool = False


class Ended(Struct, frozen=True, kw_only=True):
    """How an episode ended."""

    result: Result


Event = Decided | Acted | Ended


class Told(Struct, frozen=True, kw_only=True):
    """What the events of one pull request come to. unfinished: a decision to act of which no result is known."""

    history: History = History()
    last: Decided | None = None
    unfinished: Decided | None = None
    escalation_told: bool = False


def read(kind: str, payload: dict[str, Any]) -> Event:
    """An event as it is kept, as what the fold reads of it."""
    if kind == DECIDED:
        state = payload["state"]
        flat = {"head_sha": state["head_sha"], "rounds": state["review_rounds"], "labels": state["labels"]}
        return msgspec.convert({**payload, **flat}, Decided)
    return msgspec.convert(payload, Acted if kind == ACTED else Ended)


def tell(events: Iterable[Event], *, acting: bool) -> Told:
    """What the events come to, oldest first.

    Where it acts, only what was done counts. Where it only says what it would do, what it said counts as done, so that
    it goes on from there as it would.
    """
    told = Told()
    for event in events:
        if isinstance(event, Decided):
            told = _after_decision(told, event, counts=not (acting and event.dry_run))
        elif isinstance(event, Acted):
            told = _after_act(told, event)
        else:
            told = _after_end(told, event)
    return told


def _after_decision(told: Told, event: Decided, *, counts: bool) -> Told:
    history = told.history
    if event.episode > history.episode:
        history, told = History(episode=event.episode), structs.replace(told, escalation_told=False)
    history = structs.replace(
        history, head_sha=event.head_sha, head_seen_at=event.head_seen_at, since=event.since, labels=event.labels
    )
    acts = event.action not in {"wait", "none"} and not event.dry_run
    if counts:
        history = _counted(history, event)
    return structs.replace(told, history=history, last=event, unfinished=event if acts else told.unfinished)


def _counted(history: History, event: Decided) -> History:
    if event.instruction is not None:
        return structs.replace(history, instructions=(*history.instructions, event.instruction))
    if event.action == "escalate":
        asked = Escalation(
            decision=event.id, head_sha=event.head_sha, at=event.at, reason=event.reason, virtual=event.dry_run
        )
        return structs.replace(history, escalation=asked)
    if event.action in EFFECTS:
        done = Effect(
            action=event.action,
            decision=event.id,
            head_sha=event.head_sha,
            at=event.at,
            rounds=event.rounds,
            virtual=event.dry_run,
        )
        return structs.replace(history, effects=(*history.effects, done))
    return history


def _after_act(told: Told, event: Acted) -> Told:
    history, done = told.history, event.decision
    if told.unfinished is not None and told.unfinished.id == done:
        told = structs.replace(told, unfinished=None)
    if event.action in EFFECTS:
        history = structs.replace(history, effects=_answered(history.effects, event))
    elif event.action in CAUSE_OF and event.again:
        kept = tuple(one for one in history.instructions if one.decision != done)
        history = structs.replace(history, instructions=kept)
    elif event.again and history.escalation is not None and history.escalation.decision == done:
        history = structs.replace(history, escalation=None)
    return structs.replace(told, history=history)


def _answered(effects: Sequence[Effect], event: Acted) -> tuple[Effect, ...]:
    """The effects with the answer of the forge; one that may be tried again as if never begun is not counted."""
    return tuple(
        structs.replace(one, ok=event.ok) if one.decision == event.decision else one
        for one in effects
        if one.decision != event.decision or not event.again
    )


def _after_end(told: Told, event: Ended) -> Told:
    if event.result == "escalated":
        return structs.replace(told, escalation_told=True)
    return structs.replace(told, history=structs.replace(told.history, ended=event.result))


def resumed(history: History, signals: PullRequestSignals, escalated_label: str) -> History:
    """The history to decide by: a new one with the next episode where the old one is over.

    It is over when it was closed and is open again, and when a person took off the label by which one was asked.
    """
    again = history.ended is not None and signals.state == "open"
    asked = history.escalation is not None
    handed_back = asked and escalated_label in history.labels and escalated_label not in signals.labels
    if not again and not handed_back:
        return history
    return History(
        episode=history.episode + 1,
        head_sha=history.head_sha,
        head_seen_at=history.head_seen_at,
        labels=history.labels,
    )


def state_of(signals: PullRequestSignals) -> dict[str, Any]:
    """The snapshot that goes into a decision: every signal by its name, checks and paths as their numbers."""
    told: dict[str, Any] = msgspec.to_builtins(signals)
    paths = told.pop("changed_paths")
    del told["checks"]
    counts = ("checks_total", "checks_passing", "checks_failing", "checks_pending")
    return {
        **told,
        **{name: getattr(signals, name) for name in counts},
        "changed_paths": None if paths is None else len(paths),
    }


def subject_of(told: PullRequestSignals) -> str:
    """The name by which the events of one pull request are found, whatever its repository is called by then."""
    return f"{told.forge}:{told.repo if told.repo_id is None else told.repo_id}#{told.number}"


def _still_open(facts: Facts) -> Instruction | None:
    return next((asked for asked in map(facts.asked, CAUSES) if asked is not None), None)


def _standing_reason(facts: Facts, decision: Decision) -> str | None:
    """Why a person was asked, while that stands."""
    if decision.action == "escalate":
        return decision.reason
    asked = facts.history.escalation
    return asked.reason if asked is not None and decision.reason == "escalated" else None


def decision_payload(facts: Facts, decision: Decision, at: str, *, dry_run: bool) -> dict[str, Any]:
    """A decision as it is kept, its moment written out, with everything that it was taken by."""
    told = facts.signals
    return {
        "subject": subject_of(told),
        "forge": told.forge,
        "repo": told.repo,
        "number": told.number,
        "id": decision.id,
        "at": at,
        "action": decision.action,
        "reason": decision.reason,
        "candidates": list(decision.candidates),
        "probability": 1.0,
        "policy": POLICY,
        "dry_run": dry_run,
        "episode": facts.history.episode,
        "attempts": facts.history.attempts(),
        "head_seen_at": msgspec.to_builtins(facts.head_seen_at),
        "since": msgspec.to_builtins(decision.since),
        "trust": facts.trust,
        "held": facts.held,
        "agent": facts.agent,
        "escalation": _standing_reason(facts, decision),
        "instruction": msgspec.to_builtins(decision.instruction),
        "open_instruction": msgspec.to_builtins(decision.instruction or _still_open(facts)),
        "state": state_of(told),
    }
