"""The organisation's own SQL runs on the ledger unchanged, and its numbers are the page's numbers.

The two questions are asked here as the organisation asks them, with the plain table and view names and no word of
tenants, in SQL of our own.
"""

from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tallyward.domain.tenant import DEFAULT_TENANT
from tests.in_process import application

WHO_FIRES_HOW_OFTEN = """
    SELECT
        i.engineer_id,
        count(*) AS fires_30d,
        count(*) FILTER (WHERE i.status = 'success') AS successful,
        count(DISTINCT i.skill_name) AS unique_skills,
        (
            SELECT mine.skill_name FROM skill_invocations mine WHERE mine.engineer_id = i.engineer_id
            GROUP BY mine.skill_name ORDER BY count(*) DESC LIMIT 1
        ) AS top_skill,
        CASE
            WHEN count(*) > 300 THEN 'excellent' WHEN count(*) > 150 THEN 'strong' WHEN count(*) > 50 THEN 'developing'
            WHEN count(*) > 20 THEN 'untapped' ELSE 'spinning?'
        END AS utilization
    FROM skill_invocations i
    WHERE i.ts > now() - interval '30 days'
    GROUP BY i.engineer_id
    ORDER BY fires_30d DESC
"""
WHAT_AGENTS_COST = """
    SELECT
        i.skill_name AS agent,
        count(*) AS runs,
        sum(i.cost_usd_cents) / 100.0 AS cost_usd,
        (
            SELECT count(*) FROM github_prs pr
            WHERE pr.head_branch LIKE 'axon/' || i.skill_name || '/%' AND pr.merged_at > now() - interval '30 days'
        ) AS prs_merged
    FROM skill_invocations i
    WHERE i.runtime = 'k8s-job' AND i.ts > now() - interval '30 days'
    GROUP BY i.skill_name
    ORDER BY cost_usd DESC
"""
PEOPLE = {"ada": 301, "bo": 300, "chidi": 151, "dana": 51, "eun": 21, "farid": 20}
COLUMNS = ("engineer_id", "fires_30d", "successful", "unique_skills", "top_skill", "utilization")


def ask(database_url: str, statement: str) -> list[dict[str, Any]]:
    """The rows as `psql "$(tally db url)"` gets them."""
    options = f"-c tally.tenant={DEFAULT_TENANT}"
    with psycopg.connect(database_url, options=options, row_factory=dict_row) as connection:
        return connection.execute(statement).fetchall()


def fires(person: str, count: int, **fields: Any) -> list[dict[str, Any]]:
    """`count` fires of three skills, the first of them the favourite; every seventh fails."""
    skills = ("/ship", "/ship", "/start", "/ship", "/review")
    return [
        {
            "engineer_id": person,
            "skill_name": skills[number % len(skills)],
            "runtime": "claude-code-cli",
            "status": "error" if number % 7 == 6 else "success",
        }
        | fields
        for number in range(count)
    ]


async def test_the_utilisation_query_gives_what_the_board_gives(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["capture", "read"])
        rows = [row for person, count in PEOPLE.items() for row in fires(person, count)]
        assert (await site.call("POST", "/v1/trace", token=token, body=rows)).status == 202
        board = (await site.call("GET", "/v1/utilization", token=token)).json

    asked = ask(database_url, WHO_FIRES_HOW_OFTEN)

    assert [{column: row[column] for column in COLUMNS} for row in board["engineers"]] == asked
    assert {row["engineer_id"]: row["fires_30d"] for row in asked} == PEOPLE
    assert [row["utilization"] for row in asked] == [
        "excellent", "strong", "strong", "developing", "untapped", "spinning?",
    ]  # fmt: skip


async def test_with_tool_calls_in_the_ledger_a_plain_count_is_the_boards_all_rows(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["capture", "read"])
        rows = [*fires("ada", 3), *fires("ada", 5, kind="tool"), *fires("ada", 2, kind="session")]
        await site.call("POST", "/v1/trace", token=token, body=rows)
        (row,) = (await site.call("GET", "/v1/utilization", token=token)).json["engineers"]

    (asked,) = ask(database_url, WHO_FIRES_HOW_OFTEN)

    assert asked["fires_30d"] == row["all_rows"] == 10
    assert row["fires_30d"] == 3


async def test_the_economics_query_gives_what_the_board_gives(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["capture", "read"])
        runs = {"fixer": 118, "writer": 74, "gardener": None}
        rows = [
            row | {"skill_name": agent, "cost_usd_cents": cents}
            for agent, cents in runs.items()
            for row in fires("fleet", 4, runtime="k8s-job")
        ]
        await site.call("POST", "/v1/trace", token=token, body=rows)
        with psycopg.connect(database_url, options=f"-c tally.tenant={DEFAULT_TENANT}") as connection:
            connection.execute(
                "INSERT INTO pull_requests (repo, number, state, head_branch, merged_at)"
                " SELECT 'o/app', n, 'merged', 'axon/fixer/' || n, now() - make_interval(days => n) FROM"
                " generate_series(1, 40) AS n"
            )
        board = (await site.call("GET", "/v1/economics", token=token)).json

    asked = {row["agent"]: row for row in ask(database_url, WHAT_AGENTS_COST)}
    shown = {row["agent"]: row for row in board["agents"]}

    assert set(asked) == set(shown) == {"fixer", "writer", "gardener"}
    for agent, row in asked.items():
        dollars = None if row["cost_usd"] is None else pytest.approx(float(row["cost_usd"]))
        assert (shown[agent]["runs"], shown[agent]["cost_usd"]) == (row["runs"], dollars)
        assert shown[agent]["prs_merged"] == row["prs_merged"]
    assert shown["fixer"]["prs_merged"] == 29
    assert shown["fixer"]["cost_usd_per_merged_pr"] == pytest.approx(4 * 1.18 / 29)
    assert shown["writer"]["cost_usd_per_merged_pr"] is None


async def test_a_session_that_says_no_tenant_sees_nothing(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["capture"])
        await site.call("POST", "/v1/trace", token=token, body=fires("ada", 1))

    with psycopg.connect(database_url) as connection:
        assert connection.execute(WHO_FIRES_HOW_OFTEN).fetchall() == []


@pytest.mark.parametrize("table", ["skill_invocations", "context_fetches", "agent_health_stats"])
def test_the_organisations_tables_keep_every_column_it_named(database_url: str, table: str):
    promised = {
        "skill_invocations": "id ts engineer_id skill_name repo runtime model latency_ms status input_tokens"
        " output_tokens cost_usd_cents arg_hash",
        "context_fetches": "id ts agent_name file_path repo",
        "agent_health_stats": "snapshot_date agent_name runs_30d prs_opened_30d prs_merged_30d prs_reverted_30d"
        " survival_rate token_cost_cents",
    }[table].split()

    found = ask(
        database_url,
        f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position",  # noqa: S608  # a name of ours
    )

    assert [row["column_name"] for row in found][: len(promised)] == promised
