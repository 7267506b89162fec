"""The issue-epic flow, stage by stage, and what is said once and stays said."""

from datetime import timedelta

import pytest

from tallyward.domain.shepherd_config import ShepherdConfig
from tests.shepherding import GREEN, RED, RUNNING, Care, reviewed

CONFLICT = {"mergeable": False, "merge_state": "DIRTY"}
CLEAN = {"mergeable": True, "merge_state": "CLEAN"}


def test_ci_gate_waits_until_all_checks_are_complete_and_goes_on_when_they_are_green() -> None:
    care = Care()
    care.becomes(checks=[GREEN, RUNNING])
    assert care.look().action == "wait"
    care.becomes(checks=[GREEN, RED])
    assert (care.look().action, care.look().reason) == ("wait", "checks_failing")
    care.pushed(checks=[GREEN, GREEN])
    assert care.look().action == "merge"


def test_review_waits_for_the_people_who_review() -> None:
    care = Care()
    care.becomes(approvals=0)
    assert (care.look().action, care.look().reason) == ("wait", "awaiting_approval")
    care.becomes(approvals=1)
    assert care.look().action == "merge"


def test_fix_review_asks_once_and_waits_for_a_commit() -> None:
    care = Care()
    care.look()
    care.passes(5)
    reviewed(care)
    assert care.look().action == "request_review_fix"
    for _ in range(10):
        care.passes(5)
        assert (care.look().action, care.look().reason) == ("wait", "review_fix_asked")
    care.pushed()
    assert care.look().action == "resolve_threads"


def test_resolve_threads_resolves_those_from_before_the_commit_and_goes_back_for_new_ones() -> None:
    care = Care()
    care.look()
    care.passes(5)
    reviewed(care)
    asked_at = care.now
    care.look()
    care.passes(20)
    care.pushed()
    found = care.look()
    assert (found.action, found.threads_before) == ("resolve_threads", asked_at)
    care.becomes(threads_unresolved=0, threads_newest_at=None)
    care.passes(5)
    reviewed(care, 3)
    assert care.look().action == "request_review_fix"


def test_update_branch_is_for_a_branch_that_is_behind_and_an_instruction_for_one_that_conflicts() -> None:
    care = Care()
    care.becomes(behind_by=4)
    assert care.look().action == "update_branch"
    care.becomes(**CONFLICT)
    assert care.look().action == "request_conflict_fix"
    care.pushed(**CLEAN, behind_by=0)
    assert care.look().action == "merge"


@pytest.mark.parametrize(
    "lacks",
    [
        {"checks": [RED]},
        {"checks": [RUNNING]},
        {"checks": []},
        {"threads_unresolved": 1, "threads_total": 1},
        {"behind_by": 1},
        {"mergeable": None},
        {"draft": True},
        {"approvals": 0},
        {"changes_requested": 1},
    ],
)
def test_merge_wants_green_and_resolved_and_up_to_date(lacks: dict[str, object]) -> None:
    care = Care()
    assert care.look(ok=False, again=True).action == "merge"
    care.becomes(**lacks)
    assert care.look().action != "merge"


def test_a_sibling_that_a_merge_left_behind_is_updated_again() -> None:
    care = Care()
    care.becomes(behind_by=1)
    assert care.look().action == "update_branch"
    care.pushed(behind_by=0)
    care.becomes(behind_by=1)
    care.passes(1)
    assert care.look().action == "update_branch", "another head has a try of its own"


def test_two_requests_and_then_whoever_blocks_an_epic_is_resolved_and_then_a_person_is_asked() -> None:
    care = Care()
    care.becomes(**CONFLICT, labels=["blocker"])
    done = []
    for _ in range(4):
        done.append(care.look().action)
        care.passes(121)
    assert done == ["request_conflict_fix", "request_conflict_fix", "resolve_conflict", "escalate"]
    assert care.attempts == {"conflict": 2, "review": 0, "resolve": 1}


def test_one_that_blocks_no_epic_is_left_to_a_person_after_two_requests() -> None:
    care = Care()
    care.becomes(**CONFLICT)
    done = []
    for _ in range(3):
        done.append(care.look().action)
        care.passes(61)
    assert done == ["request_conflict_fix", "request_conflict_fix", "escalate"]


def test_no_checks_at_all_refuses_the_merge_and_asks_a_person() -> None:
    care = Care()
    care.becomes(checks=[])
    assert care.look().action == "wait", "checks take a moment to begin"
    care.passes(31)
    assert (care.look().action, care.look().action) == ("escalate", "wait")


def test_review_fixes_that_never_end_are_given_to_a_person() -> None:
    care = Care()
    done = []
    for _ in range(6):
        care.look()
        care.passes(5)
        reviewed(care)
        done.append(care.look().action)
        care.passes(20)
        care.pushed(threads_unresolved=0, threads_newest_at=None)
        care.becomes(approvals=0)
    assert done == [*["request_review_fix"] * 3, *["escalate"] * 3]
    assert care.attempts["review"] == ShepherdConfig().attempts.review


# What is said once stays said.


def test_an_escalation_is_final_until_a_person_hands_it_back() -> None:
    care = Care()
    care.becomes(checks=[])
    care.look()
    care.passes(31)
    assert care.look().action == "escalate"
    care.becomes(checks=[GREEN])
    care.passes(600)
    assert (care.look().action, care.look().reason) == ("wait", "escalated")
    care.becomes(labels=[])
    assert care.look().action == "merge"


def test_an_escalation_is_over_with_a_new_head() -> None:
    care = Care()
    care.becomes(checks=[])
    care.look()
    care.passes(31)
    assert care.look().action == "escalate"
    care.pushed(checks=[GREEN])
    assert care.look().action == "merge"


def test_a_state_that_comes_and_goes_does_not_keep_another_from_ending() -> None:
    care = Care()
    care.becomes(checks=[RUNNING])
    done = []
    for minute in range(0, 7 * 60, 5):
        unknown = minute % 10 == 5
        care.becomes(mergeable=None if unknown else True)
        done.append(care.look().action)
        care.passes(5)
    assert "escalate" in done


def test_a_commit_that_says_it_is_from_the_future_answers_no_review() -> None:
    care = Care()
    care.becomes(head_at=care.now + timedelta(days=400))
    care.look()
    care.passes(5)
    reviewed(care)
    assert care.look().action == "request_review_fix"


def test_a_head_that_we_saw_before_the_threads_is_not_newer_than_they_are() -> None:
    care = Care()
    care.becomes(head_at=care.now + timedelta(minutes=4))
    care.look()
    care.passes(2)
    reviewed(care)
    assert care.look().action == "request_review_fix"


def test_a_dry_run_goes_on_from_what_it_said_and_an_acting_one_from_what_was_done() -> None:
    care = Care(acting=False)
    care.becomes(**CONFLICT)
    assert care.look().action == "request_conflict_fix"
    care.passes(5)
    assert care.look().reason == "conflict_fix_asked"
    care.acting = True
    assert care.look().action == "request_conflict_fix", "nobody was asked before"
    assert care.attempts["conflict"] == 1


def test_a_dry_run_asks_no_person_and_so_waits_for_none_once_its_reason_is_gone() -> None:
    care = Care(acting=False)
    care.becomes(checks=[])
    care.look()
    care.passes(31)
    assert [care.look().action for _ in range(3)] == ["escalate", "wait", "wait"]
    care.becomes(checks=[GREEN])
    assert care.look().action == "merge"


def test_a_dry_run_says_once_what_it_would_do_with_a_head() -> None:
    care = Care(acting=False)
    done = []
    for _ in range(4):
        done.append(care.look().action)
        care.passes(60)
    assert done == ["merge", "wait", "wait", "wait"]
    care.pushed()
    assert care.look().action == "merge"
    care.acting = True
    assert care.look().action == "merge", "and does it where it may, whatever it said before"
