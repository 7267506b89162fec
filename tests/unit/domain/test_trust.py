"""Trust: quick down, slow up, never by an agent's own hand."""

from datetime import UTC, datetime, timedelta

import pytest

from tallyward.domain.trust import SETTLED_MERGES, Override, Trust, TrustFacts, agent_trust, overridden, trust

NOW = datetime(2026, 5, 1, tzinfo=UTC)
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


@pytest.mark.parametrize(
    ("by", "until", "level"),
    [
        ("kay", NOW + timedelta(hours=1), "trusted"),
        ("kay", NOW, "restricted"),
        ("axon-1", NOW + timedelta(hours=1), "restricted"),
        ("nobody", NOW + timedelta(hours=1), "restricted"),
    ],
)
def test_a_human_may_set_a_level_for_a_time_and_an_agent_may_not(by: str, until: datetime, level: str):
    override = Override(level="trusted", by=by, reason="release week", since=NOW - timedelta(hours=1), until=until)
    found = Trust("restricted", "")

    humans = frozenset({"kay", "axon-1"})
    assert overridden(found, override, agent="axon-1", humans=humans, now=NOW).level == level


def test_no_override_outlives_a_month():
    override = Override(level="trusted", by="kay", reason="x", since=NOW, until=NOW + timedelta(days=999))
    later = NOW + timedelta(days=31)

    assert overridden(TRUSTED, override, agent=None, humans=frozenset({"kay"}), now=later) is TRUSTED
