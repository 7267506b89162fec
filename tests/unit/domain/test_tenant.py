"""What a tenant decides: its name, which kinds count, and where the grades begin."""

import pytest

from tallyward.domain.rates import Band, RateBands
from tallyward.domain.shepherd_config import Approvals, Attempts, Labels, Minutes, ShepherdConfig
from tallyward.domain.tenant import GRADES, GradeThresholds, TenantConfig, grade, is_tenant_id


@pytest.mark.parametrize(
    ("fires", "expected"),
    [
        (301, "excellent"), (300, "strong"), (151, "strong"), (150, "developing"), (51, "developing"),
        (50, "untapped"), (21, "untapped"), (20, "spinning?"), (0, "spinning?"),
    ],
)  # fmt: skip
def test_a_grade_needs_more_fires_than_its_number(fires: int, expected: str) -> None:
    assert grade(fires, GradeThresholds()) == expected


def test_a_tenant_moves_its_grades() -> None:
    assert [grade(n, GradeThresholds(4, 3, 2, 1)) for n in (5, 4, 3, 2, 1)] == list(GRADES)


def test_skills_agents_and_mcp_calls_count_and_tool_calls_do_not() -> None:
    assert TenantConfig().counted_kinds == ("skill", "agent", "mcp")
    assert TenantConfig().problems() == []


@pytest.mark.parametrize(
    "config",
    [
        TenantConfig(counted_kinds=()),
        TenantConfig(grades=GradeThresholds(1, 2, 3, 4)),
        TenantConfig(grades=GradeThresholds(300, 150, 50, -1)),
        TenantConfig(rates=RateBands(first_pass_merge_rate=Band(0.85, 0.70))),
        TenantConfig(rates=RateBands(rebase_conflict_rate=Band(5, 10))),
        TenantConfig(shepherd=ShepherdConfig(every_minutes=0)),
        TenantConfig(shepherd=ShepherdConfig(minutes=Minutes(review=0))),
        TenantConfig(shepherd=ShepherdConfig(attempts=Attempts(conflict=1_000))),
        TenantConfig(shepherd=ShepherdConfig(approvals_needed=Approvals(restricted=0))),
        TenantConfig(shepherd=ShepherdConfig(labels=Labels(off="blocker"))),
        TenantConfig(shepherd=ShepherdConfig(labels=Labels(off=" "))),
    ],
)
def test_settings_that_make_no_sense_are_named(config: TenantConfig) -> None:
    assert len(config.problems()) == 1


@pytest.mark.parametrize("name", ["default", "a", "0", "org-7", "x" * 63])
def test_a_tenant_is_named_in_small_letters_digits_and_hyphens(name: str) -> None:
    assert is_tenant_id(name)


@pytest.mark.parametrize("name", ["", "-a", "A", "a_b", "a b", "x" * 64, "é", "a\n", "a\0", "../a", "٣"])
def test_anything_else_names_no_tenant(name: str) -> None:
    assert not is_tenant_id(name)
