"""Every panel's query runs on a real PostgreSQL as Grafana's own role, and says what the pages say."""

import json
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tallyward.domain.tenant import GRADES, MergedPrDollars, TenantConfig, light
from tests.databases import Databases
from tests.grafana.board import DEPLOY, FILES, Panel, panel, panels, read
from tests.grafana.conftest import HOSTILE, Desk

ECONOMICS, DELIVERY, UTILIZATION = "agent-economics", "delivery", "engineer-utilization"
SHOWN = ("requests", "input_tokens", "cache_read_tokens", "output_tokens", "unpriced_requests")


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a row as JSON has them."""
    return {name: float(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def micros(dollars: float | Decimal | None) -> int | None:
    return None if dollars is None else round(dollars * 10**6)


def test_the_dashboards_have_the_names_that_people_know():
    boards = {path.stem: read(path) for path in FILES}

    assert set(boards) == {ECONOMICS, DELIVERY, UTILIZATION}
    assert boards[UTILIZATION]["uid"] == "lifecycle-engineer"
    assert {(board["refresh"], board["time"]["from"]) for board in boards.values()} == {("1m", "now-30d")}
    sources = {
        panel["datasource"]["uid"] for board in boards.values() for panel in board["panels"] if "targets" in panel
    }
    assert sources == {"tallyward"}
    assert "uid: tallyward " in (DEPLOY / "provisioning/datasources/tallyward.yml").read_text("utf-8")


async def test_every_panel_shows_something_and_fails_at_nothing(desk: Desk):
    shown = {(found.file, found.title): desk.grafana.asked(found) for found in panels()}

    assert [where for where, rows in shown.items() if not rows] == []
    assert len(shown) == len(list(panels())) >= 15


async def test_a_ledger_without_a_row_is_no_error(cluster: Databases, database_url: str):
    from tests.grafana.conftest import reading

    with reading(cluster, database_url) as grafana:
        shown = {(found.file, found.title): grafana.asked(found) for found in panels()}

    totals = {title: rows for (_, title), rows in shown.items() if rows and not title.startswith("Skill")}
    assert set(totals) == {"Team", "All agents", "Pull requests"}
    assert totals["All agents"] == [{"agents": 0, "runs": 0, "cost_usd": None, "prs_merged": 0}]


async def test_the_table_of_engineers_is_that_of_the_board(desk: Desk):
    told = await desk.told("/v1/utilization")
    rows = desk.grafana.asked(panel(UTILIZATION, "Engineer utilization"))
    team = desk.grafana.asked(panel(UTILIZATION, "Team"))

    assert rows == [{name: row[name] for name in rows[0]} for row in told["engineers"]]
    assert {row["utilization"] for row in rows} == {"excellent", "developing", "spinning?"}
    assert team == [{name: told["team"][name] for name in team[0]}]
    assert list(rows[0])[:6] == ["engineer_id", "fires_30d", "successful", "unique_skills", "top_skill", "utilization"]


async def test_the_days_are_those_of_the_board(desk: Desk):
    told = await desk.told("/v1/utilization")
    own = await desk.told("/v1/utilization?engineer=thomas-c")
    team = desk.grafana.asked(panel(UTILIZATION, "Daily fire count"))
    thomas = type(desk.grafana)(desk.grafana.connection, desk.grafana.since, desk.grafana.until, "thomas-c")
    one = thomas.asked(panel(UTILIZATION, "Daily fire count of $engineer"))

    assert [row["fires"] for row in team] == [count for count in told["team"]["daily"] if count]
    assert team[0]["time"].utcoffset() is not None, "a series needs a moment, and not a date"
    assert [row["fires"] for row in one] == [count for count in own["engineers"][0]["daily"] if count]
    assert sum(row["fires"] for row in one) == 301


async def test_the_skills_are_those_of_the_board_whatever_they_are_called(desk: Desk):
    told = (await desk.told("/v1/skills?kind=skill,agent,mcp&limit=100"))["rows"]
    mix = desk.grafana.asked(panel(UTILIZATION, "Skill mix"))
    top = desk.grafana.asked(panel(UTILIZATION, "Top-fired skills"))
    own = desk.grafana.asked(panel(UTILIZATION, "Skill mix of $engineer"))
    me = await desk.told(f"/v1/me?engineer={HOSTILE.replace(';', '%3B').replace(' ', '%20')}")

    order = lambda row: (-row["fires"], row["skill_name"], row["kind"])  # noqa: E731  # one order for both sides
    assert mix == sorted([{name: row[name] for name in mix[0]} for row in told], key=order)
    assert [row["skill_name"] for row in top] == [row["skill_name"] for row in mix[:10]]
    assert own == [{name: row[name] for name in own[0]} for row in me["skills"]]
    assert own[0]["skill_name"] == "/a'b%s"


async def test_the_skill_to_pr_ratio_is_that_of_the_measure(desk: Desk):
    told = (await desk.told("/v1/measures/skill_to_pr"))["rows"]
    rows = desk.grafana.asked(panel(UTILIZATION, "Skill-to-PR ratio"))
    own = desk.grafana.asked(panel(UTILIZATION, "Skill-to-PR ratio of $engineer"))

    names = ("fires", "prs_merged", "fires_per_pr")
    assert [[row[name] for name in names] for row in rows] == [[row[name] for name in names] for row in told]
    assert rows[0] == {"repo": "(all)", "fires": 367, "prs_merged": 4, "fires_per_pr": 91.75}
    assert own[0] == {"repo": "(all)", "fires": 1, "prs_merged": 0, "fires_per_pr": None}, "they opened none"


async def test_runs_and_survival_are_those_of_the_measures(desk: Desk):
    for title, name in (("Runs and durations", "agent_runs"), ("Survival rate", "agent_survival")):
        told = {row["agent"]: row for row in (await desk.told(f"/v1/measures/{name}"))["rows"]}
        for row in desk.grafana.asked(panel(ECONOMICS, title)):
            rate = row.pop("survival_rate", None)
            whole = told.pop(row["agent"])
            assert {**row, "snapshot_date": str(row.get("snapshot_date"))} == {
                **{column: whole[column] for column in row}, "snapshot_date": str(whole.get("snapshot_date")),
            }  # fmt: skip
            assert rate == (whole["survival"]["value"] if name == "agent_survival" else None)
        assert told == {}


async def test_the_agents_are_those_of_the_board(desk: Desk):
    told = (await desk.told("/v1/economics"))["agents"]
    rows = [plain(row) for row in desk.grafana.asked(panel(ECONOMICS, "Agent economics"))]
    (totals,) = desk.grafana.asked(panel(ECONOMICS, "All agents"))

    assert rows == [{name: row[name] for name in rows[0]} for row in told]
    dearest = {row["agent"]: row["cost_usd_per_merged_pr"] for row in rows}
    assert dearest == {"fixer": 15.0, "writer": 30.01, "idle": None, "loose": None}
    assert plain(totals) == {"agents": 4, "runs": 5, "cost_usd": 60.01, "prs_merged": 3}


@pytest.mark.parametrize(
    ("key", "title"), [("model", "Cost by model"), ("skill", "Cost by skill"), ("repo", "Cost by repository")]
)
async def test_the_costs_are_those_of_the_accounts(desk: Desk, key: str, title: str):
    board = await _usage(desk, key)
    rows = [plain(row) for row in desk.grafana.asked(panel(ECONOMICS, title))]

    assert [[row[name] for name in (key, *SHOWN)] for row in rows] == [
        [row[name] for name in ("key", *SHOWN)] for row in board
    ]
    cost = [micros(row["cost_usd"]) for row in rows]
    assert cost == [row["cost_micros"] for row in board]
    assert any(cost)


async def _usage(desk: Desk, key: str) -> list[dict[str, Any]]:
    """The accounts since the beginning of the range; nothing of them is after its end."""
    since = desk.grafana.since.strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = await desk.site.call("GET", f"/v1/usage?by={key}&since={since}", token=await desk.site.token(["admin"]))
    return answer.json["rows"]


async def test_the_days_of_cost_add_up_to_the_whole(desk: Desk):
    told = await _usage(desk, "day")
    rows = desk.grafana.asked(panel(ECONOMICS, "Cost by day"))

    assert [micros(row["cost_usd"]) for row in rows] == [row["cost_micros"] for row in told]
    assert [row["time"].strftime("%Y-%m-%d") for row in rows] == [row["key"] for row in told]


async def test_pull_requests_are_counted_where_they_belong(desk: Desk):
    rows = [plain(row) for row in desk.grafana.asked(panel(DELIVERY, "By agent and people"))]
    days = desk.grafana.asked(panel(DELIVERY, "Pull requests by day"))
    (totals,) = desk.grafana.asked(panel(DELIVERY, "Pull requests"))

    names = ("source", "opened", "merged", "reverted", "p50_hours_to_merge")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("fixer", 2, 2, 1, 24.0), ("(people)", 1, 1, 0, 12.0), ("writer", 2, 1, 0, 24.0),
    ]  # fmt: skip
    assert plain(totals) == {"opened": 5, "merged": 4, "reverted": 1}
    assert {name: sum(row[name] for row in days) for name in totals} == totals


def color_of(dollars: float, steps: list[dict[str, Any]]) -> str:
    """The colour that Grafana gives: that of the last step whose value is reached."""
    return [step["color"] for step in steps if step["value"] is None or dollars >= step["value"]][-1]


@pytest.mark.parametrize("dollars", [0, 14.99, 15, 15.0001, 15.01, 29.99, 30, 30.0001, 30.01, 1e6])
def test_a_merged_pull_request_has_the_colour_of_the_board(dollars: float):
    steps = panel(ECONOMICS, "Agent economics").override("cost_usd_per_merged_pr", "thresholds")["steps"]

    assert color_of(dollars, steps) == light(dollars, MergedPrDollars())


def test_each_grade_has_a_colour_of_its_own():
    (mapping,) = panel(UTILIZATION, "Engineer utilization").override("utilization", "mappings")
    colors = {grade: look["color"] for grade, look in mapping["options"].items()}

    assert sorted(colors, key=lambda grade: mapping["options"][grade]["index"]) == list(GRADES)
    assert len(set(colors.values())) == len(GRADES)


async def test_a_tenants_own_settings_make_its_own_dashboards(desk: Desk):
    from docs._dashboards.files import written

    config = TenantConfig(
        counted_kinds=("tool",), merged_pr_usd=MergedPrDollars(red=5, yellow=2), grades=TenantConfig().grades
    )
    boards = {name: json.loads(text) for name, text in written(config).items()}
    table = next(one for one in boards["engineer-utilization.json"]["panels"] if one["title"] == "Engineer utilization")
    economics = next(one for one in boards["agent-economics.json"]["panels"] if one["title"] == "Agent economics")
    rows = desk.grafana.asked(Panel("own", "own", table["targets"][0]["rawSql"], table))
    steps = Panel("own", "own", "", economics).override("cost_usd_per_merged_pr", "thresholds")["steps"]

    assert {row["engineer_id"]: row["utilization"] for row in rows if row["fires_30d"]} == {"amy": "untapped"}
    assert [color_of(dollars, steps) for dollars in (2, 2.01, 5, 5.01)] == ["green", "yellow", "yellow", "red"]


async def test_grafanas_role_reads_one_tenant_and_no_token_and_writes_nothing(desk: Desk):
    await desk.site.app.state.tenants.ensure("other")
    secret, _ = await desk.site.app.state.tokens.create("other", name="t", scopes=["capture"], actor="tests")
    row = {"engineer_id": "zoe", "skill_name": "/x", "runtime": "modal", "status": "success"}
    assert (await desk.site.call("POST", "/v1/trace", token=secret.reveal(), body=row)).status == 202
    connection = desk.grafana.connection

    assert connection.execute("SELECT count(*) AS n FROM skill_invocations WHERE engineer_id = 'zoe'").fetchall() == [
        {"n": 0}
    ]
    for forbidden in ("SELECT * FROM api_tokens", "SELECT * FROM events_outbox"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(forbidden.encode())
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("DELETE FROM skill_invocations")
    connection.execute("SET default_transaction_read_only = off")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM skill_invocations")
