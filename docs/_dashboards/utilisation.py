"""Engineer utilisation: who lets agents do how much, the skills behind it, and one engineer in particular."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from docs._dashboards import panels
from docs._dashboards.panels import about
from docs._dashboards.queries import SOURCE, grade, select
from tallyward.domain.tenant import TenantConfig
from tallyward.metrics.daily_fires import DailyFires
from tallyward.metrics.skill_mix import SkillMix
from tallyward.metrics.skill_to_pr import SkillToPr
from tallyward.metrics.skill_use import SkillUse
from tallyward.metrics.team_days import TeamDays
from tallyward.metrics.utilisation import Utilisation

UID = "lifecycle-engineer"  # the address that the organisation's handbook sends people to
_TEAM = (
    "count(*) AS engineers, coalesce(sum(fires_30d), 0)::bigint AS fires_30d, coalesce(sum(successful), 0)::bigint AS"
    " successful, coalesce(sum(tool_calls), 0)::bigint AS tool_calls, coalesce(sum(sessions), 0)::bigint AS sessions"
)
_DAY = "day::timestamp AT TIME ZONE 'UTC' AS time"


def build(config: TenantConfig) -> dashboard.Dashboard:
    """The dashboard of a tenant with these settings."""
    counted = ", ".join(config.counted_kinds)
    board = panels.board("Engineer utilization", UID, f"Fires of the kinds that count ({counted}), by engineer.")
    for panel in (*_team(config), *_skills(config)):
        board = board.with_panel(panel)
    board = board.with_variable(_engineer(config)).with_row(dashboard.Row("One engineer: $engineer"))
    for panel in _one(config):
        board = board.with_panel(panel)
    return board


_NOT_YET = "Undefined until the forge tells of pull requests; only the sample tenant has some of its own."
_PER_PR = "CASE WHEN entire THEN '(all)' ELSE coalesce(repo, '(none)') END AS repo, fires, prs_merged, fires_per_pr"


def _team(config: TenantConfig) -> tuple[object, ...]:
    sql = select(_TEAM, Utilisation, config)
    columns = (
        f"engineer_id, fires_30d, successful, unique_skills, top_skill, {grade(config)}, tool_calls, sessions, all_rows"
    )
    rows = select(columns, Utilisation, config, then="ORDER BY fires_30d DESC, all_rows DESC, engineer_id")
    grades = "Grades are for 30 days: choose now-30d to now."
    table = panels.sheet("Engineer utilization", about(Utilisation, grades), rows, "fires_30d")
    return panels.figures("Team", about(Utilisation), sql), panels.graded(table, "utilization")


def _skills(config: TenantConfig) -> tuple[object, ...]:
    daily = select(f"{_DAY}, fires", TeamDays, config, then="ORDER BY time", grain="day")
    listed = "WHERE NOT entire ORDER BY fires DESC, skill_name, kind"
    top = select("skill_name, fires", SkillUse, config, "kind", then=f"{listed} LIMIT 10")
    mix = "skill_name, kind, people, fires, successful, errors, abandoned"
    return (
        panels.days("Daily fire count", about(TeamDays), daily),
        panels.bars("Top-fired skills", about(SkillUse), top),
        panels.sheet("Skill mix", about(SkillUse), select(mix, SkillUse, config, "kind", then=listed), "fires"),
        _per_pr("Skill-to-PR ratio", config),
    )


def _per_pr(title: str, config: TenantConfig, *filters: str) -> object:
    sql = select(_PER_PR, SkillToPr, config, *filters, then="ORDER BY entire DESC, fires DESC, repo")
    return panels.sheet(title, about(SkillToPr, _NOT_YET), sql, "fires", panels.HALF)


def _one(config: TenantConfig) -> tuple[object, ...]:
    daily = select(f"{_DAY}, fires", DailyFires, config, "engineer", then="ORDER BY time", grain="day")
    columns = "skill_name, kind, fires, successful, errors, abandoned, p50_latency_ms"
    mix = select(columns, SkillMix, config, "engineer", then="ORDER BY fires DESC, skill_name, kind")
    return (
        panels.days("Daily fire count of $engineer", about(DailyFires), daily),
        panels.sheet("Skill mix of $engineer", about(SkillMix), mix, "fires", panels.HALF),
        _per_pr("Skill-to-PR ratio of $engineer", config, "engineer"),
    )


def _engineer(config: TenantConfig) -> dashboard.QueryVariable:
    """Whose row is looked at; the busiest engineer to begin with."""
    known = select("engineer_id", Utilisation, config, then="ORDER BY fires_30d DESC, engineer_id")
    return (
        dashboard.QueryVariable("engineer")
        .label("Engineer").datasource(SOURCE).query(known).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
    )  # fmt: skip
