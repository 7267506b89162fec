"""Skill-to-PR ratio: fires for each merged pull request, where there is one."""

from tallyward.metrics.skill_to_pr import SkillToPr
from tests.ledger.metrics.facts import Facts


def ratios(facts: Facts, **params: object) -> dict[str | None, tuple[int, int, float | None]]:
    return {
        "entire" if row["entire"] else row["repo"]: (row["fires"], row["prs_merged"], row["fires_per_pr"])
        for row in facts.measured(SkillToPr, **params)
    }


def test_fires_and_merges_meet_in_their_repository(facts: Facts):
    facts.fire(repo="graph8-com/g8", times=6)
    facts.fire(repo="graph8-com/infra", times=2)
    facts.fire(repo=None)
    facts.fire(repo="graph8-com/g8", kind="tool", times=50)
    facts.merged("topic/1", 1)
    facts.merged("topic/2", 2)

    assert ratios(facts) == {
        "entire": (9, 2, 4.5),
        "graph8-com/g8": (6, 2, 3.0),
        "graph8-com/infra": (2, 0, None),
        None: (1, 0, None),
    }


def test_a_repository_alone_may_be_asked_for(facts: Facts):
    facts.fire(repo="o/a")
    facts.merged("topic/1", 1)

    assert ratios(facts, repo="o/a") == {"entire": (1, 0, None), "o/a": (1, 0, None)}


def test_nothing_at_all_is_no_ratio(facts: Facts):
    assert ratios(facts) == {"entire": (0, 0, None)}
