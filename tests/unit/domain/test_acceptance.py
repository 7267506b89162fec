"""Settings of the acceptance grid that cannot be right are named."""

import pytest

from tallyward.domain.acceptance import AcceptConfig


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"retired_skills": ("/commit",)}, "accept.retired_skills"),
        ({"retired_skills": ()}, "accept.retired_skills"),
        ({"checkouts": {"repo": "/srv/repo"}}, "accept.checkouts"),
        ({"fires_a_day_min": 0}, "accept.fires_a_day_min"),
        ({"team": ("ann", "ann")}, "accept.team"),
        ({"team": ("",)}, "accept.team"),
        ({"ratchet_workflow": "../../etc/passwd"}, "accept.ratchet_workflow"),
        ({"ratchet_job": ""}, "accept.ratchet_workflow"),
    ],
)
def test_a_setting_that_cannot_be_right_is_named(fields, says):
    [problem] = AcceptConfig(**fields).problems()
    assert says in problem


def test_the_defaults_are_the_words_of_the_spec():
    assert AcceptConfig().problems() == []
    assert AcceptConfig().retired_skills == ("commit", "assign-prds", "capacity-check")
