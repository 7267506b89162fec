"""The revert rate is of what was merged, and a revert that is yet to come is no revert."""

from tallyward.metrics.revert_rate import RevertRate
from tests.ledger.metrics.facts import DAY_SECONDS, Facts


def counted(facts: Facts, **asked: str) -> dict[str, tuple[int, int]]:
    rows = facts.measured(RevertRate, **asked)
    return {"" if row["entire"] else row["agent"]: (row["reverted"], row["merged"]) for row in rows}


def test_it_is_told_by_agent_and_of_all(facts: Facts):
    for number in range(4):
        facts.merged("axon/fixer/1", number)
    facts.opened("axon/fixer/1", 9)
    facts._connection.execute("UPDATE pull_requests SET agent = 'fixer' WHERE number > 0")
    facts._connection.execute("UPDATE pull_requests SET reverted_at = now(), author = 'amy' WHERE number = 2")

    assert counted(facts) == {"": (1, 4), "fixer": (1, 3), "(people)": (0, 1)}
    assert counted(facts, engineer="amy") == {"": (1, 1), "fixer": (1, 1)}
    assert counted(facts, repo="acme/other") == {"": (0, 0)}


def test_what_was_merged_before_the_range_does_not_count_though_it_was_reverted_in_it(facts: Facts):
    facts.merged("feature", 1, age_seconds=31 * DAY_SECONDS)
    facts._connection.execute("UPDATE pull_requests SET reverted_at = now()")

    assert counted(facts) == {"": (0, 0)}
