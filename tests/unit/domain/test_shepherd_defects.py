"""Defects that the authors of another machine like this one published of theirs: none of them is here."""

from tests.shepherding import Care, reviewed

CONFLICT = {"mergeable": False, "merge_state": "DIRTY"}
CLEAN = {"mergeable": True, "merge_state": "CLEAN"}


def test_published_defect_conflict_and_review_fixes_share_no_counter() -> None:
    care = Care()
    care.becomes(**CONFLICT)
    for _ in range(2):
        assert care.look().action == "request_conflict_fix"
        care.passes(61)
    care.pushed(**CLEAN)
    care.look()
    care.passes(5)
    reviewed(care)
    assert care.look().action == "request_review_fix"
    assert care.attempts == {"conflict": 2, "review": 1, "resolve": 0}


def test_published_defect_no_counter_is_reset_on_one_path_only() -> None:
    care = Care()
    care.becomes(**CONFLICT)
    for _ in range(3):
        care.look()
        care.passes(61)
    care.pushed(**CLEAN)
    assert care.look().action == "merge"
    assert care.attempts["conflict"] == 2, "a new head goes on, and starts no counter anew"
    handed_back = Care()
    handed_back.becomes(**CONFLICT)
    for _ in range(3):
        handed_back.look()
        handed_back.passes(61)
    handed_back.look()
    handed_back.becomes(labels=[])
    assert handed_back.look().action == "request_conflict_fix"
    assert handed_back.attempts == {"conflict": 1, "review": 0, "resolve": 0}, "all counters begin anew, in one place"


def test_published_defect_an_instruction_that_nobody_answers_does_not_wedge_it() -> None:
    care = Care()
    care.look()
    care.passes(5)
    reviewed(care)
    assert care.look().action == "request_review_fix"
    care.passes(119)
    assert care.look().action == "wait"
    care.passes(2)
    assert care.look().action == "request_review_fix"


def test_published_defect_what_is_closed_and_opened_again_is_taken_care_of_again() -> None:
    care = Care()
    care.becomes(**CONFLICT)
    for _ in range(2):
        care.look()
        care.passes(61)
    care.becomes(state="closed")
    assert care.look().action == "none"
    care.becomes(state="open")
    assert care.look().action == "request_conflict_fix"
    assert (care.facts().history.episode, care.attempts["conflict"]) == (2, 1)


def test_published_defect_every_undo_is_called_a_failed_instruction_counts_as_none() -> None:
    care = Care()
    care.becomes(**CONFLICT)
    for _ in range(5):
        assert care.look(ok=False, again=True).action == "request_conflict_fix"
        care.passes(5)
    assert care.attempts["conflict"] == 0, "nobody was asked, since the forge did not answer"


def test_an_instruction_that_the_forge_refuses_for_good_counts_or_it_would_be_tried_without_end() -> None:
    care = Care()
    care.becomes(**CONFLICT)
    done = []
    for _ in range(3):
        done.append(care.look(ok=False).action)
        care.passes(61)
    assert done == ["request_conflict_fix", "request_conflict_fix", "escalate"]
