"""Pull requests by source: an agent's by its branch, and everybody else's together."""

import pytest

from tallyward.metrics.pull_request_sources import PullRequestSources
from tests.ledger.metrics.facts import DAY_SECONDS, Facts

HOUR = 3600


def counted(facts: Facts) -> dict[str, tuple[int, int, int]]:
    rows = facts.measured(PullRequestSources)
    return {row["source"]: (row["opened"], row["merged"], row["reverted"]) for row in rows}


@pytest.mark.parametrize(
    ("branch", "source"),
    [
        ("axon/fixer/12", "fixer"), ("axon/a_b/x/y", "a_b"), ("axon//12", "(people)"), ("axon/fixer", "(people)"),
        ("feature", "(people)"), ("Axon/fixer/1", "(people)"), ("axon/100%/1", "100%"),
    ],
)  # fmt: skip
def test_a_branch_says_whose_it_is(facts: Facts, branch: str, source: str):
    facts.merged(branch, 1)

    assert counted(facts) == {source: (0, 1, 0)}


def test_the_hours_to_merge_are_the_middle_of_those_that_are_known(facts: Facts):
    for number, hours in enumerate((2, 10, 3)):
        facts.merged("feature", number, age_seconds=HOUR)
        facts._connection.execute(
            "UPDATE pull_requests SET opened_at = merged_at - make_interval(hours => %s) WHERE number = %s",
            (hours, number),
        )
    facts.merged("feature", 7)
    facts.merged("axon/fixer/1", 8)
    facts.opened("axon/idle/1", 9)

    hours = {row["source"]: row["p50_hours_to_merge"] for row in facts.measured(PullRequestSources)}
    assert hours == {"(people)": 3, "fixer": None, "idle": None}
    assert counted(facts) == {"(people)": (3, 4, 0), "fixer": (0, 1, 0), "idle": (1, 0, 0)}


def test_nothing_is_told_of_another_tenant_nor_of_what_is_too_old(facts: Facts):
    facts.merged("feature", 1, age_seconds=31 * DAY_SECONDS)
    facts.speak_for("other")
    facts.merged("feature", 2)
    facts.speak_for("default")

    assert counted(facts) == {}


def test_with_an_engineer_or_a_repository_asked_for_only_theirs_count(facts: Facts):
    facts.merged("feature", 1)
    facts.merged("feature", 2)
    facts._connection.execute("UPDATE pull_requests SET author = 'amy' WHERE number = 1")

    merged = [
        [row["merged"] for row in facts.measured(PullRequestSources, **asked)]
        for asked in ({"engineer": "amy"}, {"repo": "graph8-com/g8"}, {"engineer": "bo"}, {"repo": "acme/other"})
    ]
    assert merged == [[1], [2], [], []]
