"""Coverage: what the laptops' books say fired, and how much of it is in the ledger."""

from tallyward.metrics.coverage import Coverage
from tests.ledger.metrics.facts import Facts

ONE, TWO = "1" * 32, "2" * 32


def test_what_fired_is_what_became_of_it_and_a_known_fire_has_arrived(facts: Facts):
    facts.book(ONE, 0, stored=10, duplicate=2, refused=1, waiting=3, lost=4)
    facts.book(ONE, 1, stored=5)
    facts.book(TWO, 0, engineer_id="bo")

    found = {row["machine"]: row for row in facts.measured(Coverage)}

    assert (found[ONE]["fired"], found[ONE]["reached"], found[ONE]["days"]) == (25, 17, 2)
    assert (found[TWO]["fired"], found[TWO]["reached"]) == (0, 0)


def test_days_outside_the_range_and_machines_of_others_are_not_there(facts: Facts):
    facts.book(ONE, 40, stored=1)
    facts.book(TWO, 0, engineer_id="bo", stored=1)

    assert [row["machine"] for row in facts.measured(Coverage)] == [TWO]
    assert facts.measured(Coverage, engineer="amy") == []


def test_another_tenants_machines_are_not_there(facts: Facts):
    facts.book(ONE, 0, stored=1)
    facts.speak_for("other")

    assert facts.measured(Coverage) == []
