"""An empty ledger is red; what is enough follows from the size of the team, or from the settings."""

import pytest

from tallyward.accept.trace_volume import TraceVolume
from tallyward.domain.acceptance import AcceptConfig
from tests.unit.accept.facts import facts


@pytest.mark.parametrize(
    ("changed", "light"),
    [
        ({}, "green"),
        ({"fires_1d": {}}, "red"),
        ({"fires_1d": {}, "team": ()}, "red"),
        ({"fires_1d": {"ann": 30}}, "red"),
        ({"fires_1d": {"ann": 31}}, "green"),
        ({"fires_1d": {"ann": 1_000}, "team": ()}, "cannot tell"),
        ({"fires_1d": {"ann": 4}, "settings": AcceptConfig(fires_a_day_min=5)}, "red"),
        ({"fires_1d": {"ann": 5}, "team": (), "settings": AcceptConfig(fires_a_day_min=5)}, "green"),
    ],
)
def test_enough_is_more_than_ten_for_each_of_the_team_or_what_the_settings_say(changed, light):
    assert TraceVolume.decide(facts(**changed)).light == light


def test_the_value_is_the_count_of_the_organisations_query():
    assert TraceVolume.decide(facts()).value == "63 in 24 hours"
