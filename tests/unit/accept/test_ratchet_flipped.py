"""The bandit job is found in a real workflow, and only its own continue-on-error counts."""

import pytest

from tallyward.accept._base import Checkout
from tallyward.accept.ratchet_flipped import RatchetFlipped
from tallyward.domain.acceptance import AcceptConfig
from tests.unit.accept.facts import WORKFLOW, facts

PATH = ".github/workflows/code-quality.yml"


def checkout(workflow: str) -> dict[str, Checkout]:
    return {"o/r": Checkout(workflows={PATH: workflow})}


@pytest.mark.parametrize(
    ("workflow", "light"),
    [
        (WORKFLOW, "green"),
        (WORKFLOW.replace("bandit:", "bandit:\n    continue-on-error: true"), "red"),
        (WORKFLOW.replace("- run: bandit", "- continue-on-error: true\n        run: bandit"), "red"),
        (WORKFLOW.replace("bandit:", "bandit:\n    continue-on-error: ${{ inputs.soft }}"), "red"),
        (WORKFLOW.replace("bandit:", "bandit:\n    continue-on-error: false"), "green"),
        (WORKFLOW.replace("bandit:", "bandit:\n    # continue-on-error: true"), "green"),
        (WORKFLOW.replace("bandit:", "security:\n    name: Bandit scan\n    continue-on-error: true"), "red"),
        (WORKFLOW.replace("bandit:", '"bandit":\n    continue-on-error: true'), "red"),
        (WORKFLOW.replace("bandit", "semgrep"), "cannot tell"),
        ("jobs:\n", "cannot tell"),
        ("", "cannot tell"),
        ("not: [yaml", "cannot tell"),
    ],
)
def test_the_job_must_be_there_and_must_not_be_allowed_to_fail(workflow, light):
    assert RatchetFlipped.decide(facts(checkouts=checkout(workflow))).light == light


def test_another_jobs_tolerance_is_not_this_ones():
    both = WORKFLOW + "  last:\n    continue-on-error: true\non_failure: 1\n"
    assert RatchetFlipped.decide(facts(checkouts=checkout(both))).light == "green"


def test_without_a_checkout_nothing_is_said():
    assert "[accept.checkouts]" in RatchetFlipped.decide(facts(checkouts={})).reason


def test_the_next_turn_of_the_ratchet_is_a_setting():
    settings = AcceptConfig(ratchet_job="ruff")
    assert RatchetFlipped.decide(facts(settings=settings)).light == "red"
