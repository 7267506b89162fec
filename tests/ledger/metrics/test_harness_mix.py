"""Harness mix: counted fires of each runtime, of all."""

from tallyward.metrics.harness_mix import HarnessMix
from tests.ledger.metrics.facts import Facts


def test_each_runtime_has_its_fires_and_those_of_all_beside(facts: Facts):
    facts.fire(times=3)
    facts.fire(runtime="codex-cli", status="error")
    facts.fire(runtime="codex-cli", kind="tool", times=9)

    assert facts.measured(HarnessMix) == [
        {"runtime": "claude-code-cli", "fires": 3, "all_fires": 4, "successful": 3},
        {"runtime": "codex-cli", "fires": 1, "all_fires": 4, "successful": 0},
    ]


def test_an_engineer_alone_may_be_asked_for(facts: Facts):
    facts.fire()
    facts.fire(engineer_id="amy", runtime="codex-cli")

    assert [row["runtime"] for row in facts.measured(HarnessMix, engineer="amy")] == ["codex-cli"]


def test_no_fire_is_no_runtime(facts: Facts):
    assert facts.measured(HarnessMix) == []
