"""Usage per session: each request in one session, and the dearest session first."""

from tallyward.metrics.session_usage import SessionUsage
from tests.ledger.metrics.facts import Facts


def test_the_dearest_session_comes_first_and_the_unpriced_last(facts: Facts):
    facts.request("a", session_id="cheap", cost_micros=1, output_tokens=5)
    facts.request("b", session_id="dear", cost_micros=2)
    facts.request("c", session_id="dear", cost_micros=None)
    facts.request("d", session_id=None)

    rows = facts.measured(SessionUsage)

    assert [(row["key"], row["requests"], row["cost_micros"], row["unpriced_requests"]) for row in rows] == [
        ("dear", 2, 2, 1),
        ("cheap", 1, 1, 0),
        ("(none)", 1, None, 1),
    ]
    assert rows[1]["output_tokens"] == 5


def test_each_filter_keeps_exactly_its_requests(facts: Facts):
    facts.request("a", session_id="s1", repo="o/a", model="m", runtime="modal", engineer_id="%")
    facts.request("b", session_id="s2")

    asked = {"repo": "o/a", "model": "m", "runtime": "modal", "engineer": "%", "session": "s1"}
    for name, value in asked.items():
        assert [row["key"] for row in facts.measured(SessionUsage, **{name: value})] == ["s1"], name
    assert [row["key"] for row in facts.measured(SessionUsage, repo="(none)")] == ["s2"]


def test_no_request_is_no_session(facts: Facts):
    assert facts.measured(SessionUsage) == []
