"""Every guard of the shepherd can be what decides, every action can be reached, and each stage is as it was drawn."""

from datetime import timedelta
from typing import Any

import pytest

from tallyward.domain.shepherd import INSTRUCTIONS, decide, verdicts
from tallyward.domain.shepherd_facts import ACTIONS, Effect, Escalation, Facts, History, Instruction
from tallyward.domain.shepherd_guards import GUARDS
from tallyward.domain.shepherd_states import STATES, state
from tests.shepherding import GREEN, READY, RED, RUNNING, SKIPPED, START, Care, facts

HEAD = READY.head_sha
BEFORE = START - timedelta(hours=2)
LONG_AGO = START - timedelta(days=30)
CONFLICT = {"mergeable": False, "merge_state": "DIRTY"}
THREADS = {"threads_total": 2, "threads_unresolved": 2}
OPEN_THREADS = {**THREADS, "threads_newest_at": START - timedelta(minutes=1)}
OLD_THREADS = {**THREADS, "threads_newest_at": READY.head_at - timedelta(minutes=1) if READY.head_at else None}
BEHIND = {"merge_state": "BEHIND", "behind_by": 3}
DRAFT = {"draft": True, "merge_state": "DRAFT"}


def asked(cause: Any, head: str = HEAD, minutes_left: int = 30, rounds: int = 0) -> Instruction:
    deadline = START + timedelta(minutes=minutes_left)
    return Instruction(
        cause=cause,
        decision="d",
        head_sha=head,
        sent_at=deadline - timedelta(hours=1),
        deadline=deadline,
        rounds=rounds,
    )


def over(cause: Any, times: int = 1) -> tuple[Instruction, ...]:
    return (asked(cause, minutes_left=-1),) * times


def since(reason: str) -> History:
    return History(head_sha=HEAD, head_seen_at=LONG_AGO, since={reason: LONG_AGO})


def tried(action: Any, times: int = 1, *, ok: bool | None = None, minutes_ago: int = 1) -> History:
    at = START - timedelta(minutes=minutes_ago)
    return History(effects=(Effect(action=action, decision="d", head_sha=HEAD, at=at, ok=ok),) * times)


TABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "ended": ("none", {"state": "merged"}),
    "switched_off": ("wait", {"labels": ["shepherd-off"]}),
    "escalated": (
        "wait", {"history": History(escalation=Escalation(decision="d", head_sha=HEAD, reason="x", at=BEFORE))},
    ),
    "draft_of_a_person": ("wait", {"draft": True, "agent": None}),
    "conflict_fix_asked": ("wait", {**CONFLICT, "history": History(instructions=(asked("conflict"),))}),
    "conflict": ("request_conflict_fix", CONFLICT),
    "resolve_asked": (
        "wait",
        {**CONFLICT, "labels": ["blocker"], "history": History(instructions=(*over("conflict", 2), asked("resolve")))},
    ),
    "conflict_blocks_epic": (
        "resolve_conflict", {**CONFLICT, "labels": ["blocker"], "history": History(instructions=over("conflict", 2))},
    ),
    "conflict_stays": ("escalate", {**CONFLICT, "history": History(instructions=over("conflict", 2))}),
    "unknown": ("wait", {"mergeable": None, "merge_state": "UNKNOWN"}),
    "unknown_for_long": ("escalate", {"mergeable": None, "history": since("unknown")}),
    "checks_pending": ("wait", {"checks": [GREEN, RUNNING]}),
    "checks_pending_for_long": ("escalate", {"checks": [RUNNING], "history": since("checks_pending")}),
    "checks_failing": ("wait", {"checks": [GREEN, RED]}),
    "checks_failing_for_long": ("escalate", {"checks": [RED], "history": since("checks_failing")}),
    "no_checks": ("wait", {"checks": []}),
    "no_checks_for_long": ("escalate", {"checks": [SKIPPED], "history": since("no_checks")}),
    "review_fix_asked": ("wait", {**OPEN_THREADS, "history": History(instructions=(asked("review"),))}),
    "resolve_threads_settling": ("wait", {**OLD_THREADS, "history": tried("resolve_threads", ok=True)}),
    "resolve_threads": ("resolve_threads", OLD_THREADS),
    "resolve_threads_failed": ("escalate", {**OLD_THREADS, "history": tried("resolve_threads", 3, ok=False)}),
    "review": ("request_review_fix", OPEN_THREADS),
    "review_stays": ("escalate", {**OPEN_THREADS, "history": History(instructions=over("review", 3))}),
    "awaiting_review": ("wait", {"changes_requested": 1, "history": History(instructions=(asked("review", "older"),))}),
    "awaiting_review_for_long": (
        "escalate",
        {
            "changes_requested": 1,
            "history": History(
                head_sha=HEAD, since={"awaiting_review": LONG_AGO}, instructions=(asked("review", "older"),)
            ),
        },
    ),
    "update_branch_settling": ("wait", {**BEHIND, "history": tried("update_branch")}),
    "update_branch": ("update_branch", BEHIND),
    "update_branch_failed": ("escalate", {**BEHIND, "history": tried("update_branch", 3, minutes_ago=60)}),
    "publish_draft_settling": ("wait", {**DRAFT, "history": tried("publish_draft")}),
    "publish_draft": ("publish_draft", DRAFT),
    "publish_draft_failed": ("escalate", {**DRAFT, "history": tried("publish_draft", 3, ok=False)}),
    "awaiting_approval": ("wait", {"approvals": 0}),
    "awaiting_approval_for_long": ("escalate", {"approvals": 0, "history": since("awaiting_approval")}),
    "held": ("wait", {"held": "acme/shop#40"}),
    "blocked": ("wait", {"merge_state": "BLOCKED"}),
    "blocked_for_long": ("escalate", {"merge_state": "BLOCKED", "history": since("blocked")}),
    "merge_settling": ("wait", {"history": tried("merge")}),
    "merge": ("merge", {}),
    "merge_failed": ("escalate", {"history": tried("merge", 3, ok=False)}),
}  # fmt: skip


@pytest.mark.parametrize("reason", TABLE)
def test_each_guard_decides_where_it_is_the_first_that_holds(reason: str) -> None:
    action, changes = TABLE[reason]
    decision = decide(facts(**changes))
    assert (decision.action, decision.reason) == (action, reason)
    assert decision.candidates[0] == action


def test_every_guard_and_every_action_can_be_reached() -> None:
    assert [guard.reason for guard in GUARDS] == list(TABLE), "a guard that is not in the table may be hidden for ever"
    assert {action for action, _ in TABLE.values()} == set(ACTIONS)


def test_every_guard_has_a_state_that_is_drawn_and_every_state_a_guard() -> None:
    drawn = {state(guard.action, guard.reason) for guard in GUARDS}
    assert drawn == set(STATES) - {"MERGED"}, "a merged one is drawn from its outcome"


def test_the_candidates_are_what_every_guard_that_holds_would_do_in_order() -> None:
    tangled = facts(**CONFLICT, draft=True, checks=[RED], behind_by=2)
    assert decide(tangled).candidates == ("request_conflict_fix", "wait", "update_branch", "publish_draft")
    holding = [verdict.reason for verdict in verdicts(tangled) if verdict.holds]
    assert holding == ["conflict", "checks_failing", "update_branch", "publish_draft"]


def test_only_two_sentences_are_ever_sent_to_an_agent() -> None:
    assert sorted(INSTRUCTIONS.values()) == ["Can you fix the code reviews?", "Can you fix the merge conflict?"]


def test_a_draft_of_a_person_is_left_alone_unless_the_organisation_says_otherwise() -> None:
    ours = facts(draft=True, agent=None)
    assert decide(ours).action == "wait"
    wanted = Care(agent=None).config
    cared: Facts = facts(draft=True, agent=None, config=type(wanted)(drafts_of_people=True))
    assert decide(cared).action == "publish_draft"


def test_less_trust_takes_more_approvals() -> None:
    assert decide(facts(trust="normal")).action == "merge"
    assert decide(facts(trust="restricted")).reason == "awaiting_approval"
    assert decide(facts(trust="restricted", approvals=2)).action == "merge"


AMISS: list[dict[str, Any]] = [
    {"checks": []},
    {"checks": [SKIPPED]},
    {"checks": [GREEN, RED]},
    {"checks": [GREEN, RUNNING]},
    {"threads_unresolved": 1},
    {"threads_unresolved": None},
    {"changes_requested": 1},
    {"mergeable": None},
    {"mergeable": False},
    *({"merge_state": word} for word in ("DIRTY", "BLOCKED", "BEHIND", "UNSTABLE", "DRAFT", "UNKNOWN", "NEW_WORD")),
    {"draft": True},
    {"behind_by": 1},
    {"approvals": 0},
    {"held": "another"},
    {"state": "closed"},
]


@pytest.mark.parametrize("amiss", AMISS, ids=str)
def test_one_thing_amiss_takes_the_merge_away_even_from_what_another_policy_may_choose(amiss: dict[str, Any]) -> None:
    assert decide(facts()).candidates == ("merge",)
    assert "merge" not in decide(facts(**amiss)).candidates
