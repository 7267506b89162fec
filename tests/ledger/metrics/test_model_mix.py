"""Model mix: requests of each model, of all."""

from tallyward.metrics.model_mix import ModelMix
from tests.ledger.metrics.facts import HOSTILE_NAMES, Facts


def test_each_model_has_its_requests_and_those_of_all_beside(facts: Facts):
    for number in range(3):
        facts.request(f"a{number}", model="m1", cost_micros=2)
    facts.request("b", model="m2")

    assert facts.measured(ModelMix) == [
        {"model": "m1", "requests": 3, "all_requests": 4, "cost_micros": 6, "unpriced_requests": 0},
        {"model": "m2", "requests": 1, "all_requests": 4, "cost_micros": None, "unpriced_requests": 1},
    ]
    assert facts.measured(ModelMix, model="m2")[0]["all_requests"] == 1


def test_hostile_names_are_models_like_any_other(facts: Facts):
    for name in HOSTILE_NAMES:
        facts.request(name, model=name)

    assert {row["model"] for row in facts.measured(ModelMix)} == set(HOSTILE_NAMES)


def test_no_request_is_no_model(facts: Facts):
    assert facts.measured(ModelMix) == []
