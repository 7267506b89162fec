"""Hours held: by day of the reader's zone, by policy and by how the hold ended."""

import json

from tallyward.metrics.scope_holds import ScopeHolds
from tests.ledger.metrics.facts import Facts


def end(facts: Facts, at: str, hours: float, result: str = "cleared") -> None:
    payload = {"at": at, "hours": hours, "result": result, "policy": "strict", "hold": "1"}
    facts._connection.execute("SELECT tally_append_event('scope.hold_ended', NULL, %s::jsonb)", [json.dumps(payload)])


def test_hours_are_summed_by_the_day_on_which_the_hold_ended(facts: Facts):
    end(facts, "2026-05-17T22:30:00.000000Z", 0.5)
    end(facts, "2026-05-17T10:00:00.000000Z", 0.25)
    end(facts, "2026-05-17T11:00:00.000000Z", 1, "expired")
    facts.speak_for("other")
    end(facts, "2026-05-17T10:00:00.000000Z", 9)
    facts.speak_for("default")

    def told(**asked: object) -> list[tuple[str, str, int, float]]:
        rows = facts.measured(ScopeHolds, since="2026-05-01Z", until="2026-06-01Z", **asked)
        return [(row["day"].isoformat(), row["result"], row["holds"], float(row["hours"])) for row in rows]

    assert told() == [("2026-05-17", "cleared", 2, 0.75), ("2026-05-17", "expired", 1, 1.0)]
    assert told(tz="Europe/Paris")[-1] == ("2026-05-18", "cleared", 1, 0.5)
