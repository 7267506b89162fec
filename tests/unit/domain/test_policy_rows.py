"""What goes into a row to learn from: what was known before the decision, and nothing of the answer."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tallyward.domain.policy_rows import FEATURES, MISSING, DecisionRow, asked_before, row_of, vector, vectors
from tests.decisions import decisions

PAYLOADS = decisions(6)


def told(payload: dict[str, Any], **changes: Any) -> dict[str, float]:
    row = row_of({**payload, **changes})
    assert row is not None
    return dict(zip(FEATURES, vector(row, {}), strict=True))


def test_every_decision_is_a_row_and_every_row_has_a_number_for_each_feature():
    rows = [row for row in map(row_of, PAYLOADS) if row is not None]

    assert len(rows) == len(PAYLOADS) > 20
    assert {len(known) for known in vectors(rows)} == {len(FEATURES)}
    assert len(set(FEATURES)) == len(FEATURES)


def test_nothing_that_the_rule_table_said_of_its_choice_goes_in():
    for payload in PAYLOADS:
        other = told(
            payload, action="escalate", reason="x", candidates=["merge"], instruction={"cause": "review"}, since={},
            id="y", probability=0.1, shadow={"action": "merge"}, outcome="success", resolution_hours=3.0,
        )  # fmt: skip
        assert other == told(payload)


@pytest.mark.parametrize(
    ("state", "feature", "number"),
    [
        ({"checks_failing": 2}, "checks_failing", 2.0),
        ({"checks_failing": None}, "checks_failing", MISSING),
        ({"mergeable": None}, "mergeable", MISSING),
        ({"mergeable": False}, "mergeable", 0.0),
        ({"merge_state": "DIRTY"}, "merge_state=DIRTY", 1.0),
        ({"merge_state": "NEW"}, "merge_state=CLEAN", 0.0),
        ({"labels": ["a", "b"]}, "labels", 2.0),
        ({"created_at": "no moment"}, "hours_since_created", MISSING),
        ({"created_at": "2026-05-01T00:00:00"}, "hours_since_created", MISSING),
        ({"created_at": "2999-05-01T00:00:00Z"}, "hours_since_created", 0.0),
        ({"created_at": "1999-05-01T00:00:00Z"}, "hours_since_created", 10_000.0),
    ],
)
def test_a_state_is_numbers_and_what_nobody_knows_is_no_number_of_it(
    state: dict[str, Any], feature: str, number: float
):
    payload = PAYLOADS[0]

    assert told(payload, state={**payload["state"], **state})[feature] == number


def test_what_was_asked_for_before_is_known_by_its_age_and_its_head():
    asked = DecisionRow(
        subject="s", at=datetime.fromisoformat("2026-05-01T00:00:00Z"), policy="rules/1", action="request_review_fix",
        state={"head_sha": "a"},
    )  # fmt: skip
    later = msgspec.structs.replace(asked, at=asked.at + timedelta(minutes=50), action="wait", state={"head_sha": "b"})
    known = dict(zip(FEATURES, vector(later, asked_before([asked])), strict=True))

    assert (known["hours_since_asked_review"], known["same_head_as_asked_review"]) == (0.75, 0.0)
    assert (known["hours_since_asked_conflict"], known["same_head_as_asked_conflict"]) == (MISSING, MISSING)
    assert vectors([asked, later])[1] == vector(later, asked_before([asked]))


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"policy": "rules/1", "action": "wait"},
        {"policy": None, "action": "wait", "state": {}, "at": "2026-05-01T00:00:00Z"},
        {"policy": "rules/1", "action": "wait", "state": {}, "at": "2026-05-01T00:00:00"},
        {"policy": "rules/1", "action": "wait", "state": {}, "at": "yesterday"},
        {"policy": "rules/1", "action": "wait", "state": [], "at": "2026-05-01T00:00:00Z"},
    ],
)
def test_what_is_no_whole_decision_is_no_row(line: dict[str, Any]):
    assert row_of(line) is None


def test_a_line_without_a_subject_is_of_its_repository_and_number():
    row = row_of({**PAYLOADS[0], "subject": None})

    assert row is not None
    assert row.subject == f"github:acme/shop{chr(35)}{PAYLOADS[0]['number']}"
