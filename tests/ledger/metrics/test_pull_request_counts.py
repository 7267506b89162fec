"""Each pull request is counted by what happened to it in the range."""

from tallyward.metrics.pull_request_counts import PullRequestCounts
from tests.ledger.metrics.facts import DAY_SECONDS, Facts

NAMES = ("opened", "merged", "closed", "reverted", "open_now")


def counted(facts: Facts, **asked: str) -> dict[str, tuple[int, ...]]:
    rows = facts.measured(PullRequestCounts, **asked)
    return {"" if row["entire"] else row["agent"]: tuple(row[name] for name in NAMES) for row in rows}


def test_each_is_what_it_was_in_the_range(facts: Facts):
    facts.opened("feature", 1)
    facts.merged("feature", 2)
    facts.merged("feature", 3, age_seconds=40 * DAY_SECONDS)
    facts.opened("axon/fixer/4", 4)
    facts._connection.execute("UPDATE pull_requests SET state = 'closed', closed_at = now() WHERE number = 4")
    facts._connection.execute("UPDATE pull_requests SET agent = 'fixer', author = 'amy' WHERE number = 4")
    facts._connection.execute("UPDATE pull_requests SET reverted_at = now() WHERE number = 3")

    assert counted(facts) == {"": (2, 1, 1, 1, 1), "(people)": (1, 1, 0, 1, 1), "fixer": (1, 0, 1, 0, 0)}
    assert counted(facts, engineer="amy") == {"": (1, 0, 1, 0, 0), "fixer": (1, 0, 1, 0, 0)}


def test_without_any_all_is_nought(facts: Facts):
    assert counted(facts) == {"": (0, 0, 0, 0, 0)}
