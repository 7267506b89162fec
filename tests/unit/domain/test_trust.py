"""Trust: quick down, slow up, and of no agent more than of all."""

import pytest

from tallyward.domain.trust import SETTLED_MERGES, Trust, TrustFacts, agent_trust, trust

ABOVE = TrustFacts(state="above", interval=(0.75, 0.95), since_turn=SETTLED_MERGES)
TRUSTED = Trust("trusted", "")


@pytest.mark.parametrize(
    ("facts", "level"),
    [
        (ABOVE, "trusted"),
        (TrustFacts(state="undefined"), "normal"),
        (TrustFacts(state="between", interval=(0.7, 0.9), since_turn=90), "normal"),
        (TrustFacts(state="below", interval=(0.5, 0.8)), "restricted"),
        (TrustFacts(state="above", interval=(0.75, 0.95), since_turn=SETTLED_MERGES - 1), "normal"),
        (TrustFacts(state="above", interval=(0.69, 0.92), since_turn=SETTLED_MERGES), "normal"),
        (TrustFacts(state="above", interval=(0.75, 0.95), since_turn=90, warned=True), "normal"),
    ],
)
def test_a_level_follows_from_the_rate(facts: TrustFacts, level: str):
    assert trust(facts).level == level
    assert trust(facts).because


def test_an_agent_is_trusted_no_more_than_all_are_and_less_where_its_own_rate_says_so():
    restricted = Trust("restricted", "")
    below = TrustFacts(state="below", interval=(0.4, 0.7))

    assert agent_trust(restricted, ABOVE).level == "restricted"
    assert agent_trust(TRUSTED, below).level == "restricted"
    assert agent_trust(TRUSTED, ABOVE).level == "trusted"
    assert agent_trust(TRUSTED, TrustFacts(state="undefined")).level == "normal"
    assert agent_trust(restricted, TrustFacts(state="undefined")).level == "restricted"


def test_what_is_not_known_of_an_agent_is_said_beside_what_is_known_of_all():
    found = agent_trust(Trust("normal", "an early warning is up"), TrustFacts(state="undefined"))

    assert (found.level, found.because) == (
        "normal", "too little of this agent was merged to say; of all, an early warning is up",
    )  # fmt: skip
