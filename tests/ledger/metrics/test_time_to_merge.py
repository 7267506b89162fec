"""Time to merge is known of what has both moments, and of nothing else."""

import pytest

from tallyward.metrics.time_to_merge import TimeToMerge
from tests.ledger.metrics.facts import Facts


def test_it_is_the_middle_and_nine_of_ten_of_the_hours_that_are_known(facts: Facts):
    for number, hours in enumerate((2, 4, 12)):
        facts.merged("feature", number)
        facts._connection.execute(
            "UPDATE pull_requests SET opened_at = merged_at - make_interval(hours => %s) WHERE number = %s",
            (hours, number),
        )
    facts.merged("feature", 8)
    facts.opened("feature", 9)

    (entire, people) = facts.measured(TimeToMerge)

    assert (entire["entire"], people["agent"]) == (True, "(people)")
    assert (people["timed"], people["p50_hours_to_merge"]) == (3, 4)
    assert float(people["p90_hours_to_merge"]) == pytest.approx(10.4)


def test_nothing_that_is_known_gives_no_hours_and_not_nought(facts: Facts):
    facts.merged("feature", 1)

    (entire,) = facts.measured(TimeToMerge)

    assert (entire["timed"], entire["p50_hours_to_merge"]) == (0, None)
