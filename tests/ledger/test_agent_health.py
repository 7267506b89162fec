"""The daily snapshot of each agent: what it opened, what of that was merged and stayed, what it ran and cost."""

from decimal import Decimal
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.services.duties._base import Means
from tallyward.services.duties.snapshot_agent_health import SnapshotAgentHealth
from tallyward.services.tenants import Tenants
from tallyward.testing.frozen_clock import MOMENT, FrozenClock

PULLS = """
    INSERT INTO pull_requests (repo, number, state, agent, opened_at, merged_at, reverted_at) VALUES
    ('a/b', 1, 'merged', 'fixer', now() - interval '2 days', now() - interval '1 day', NULL),
    ('a/b', 2, 'merged', 'fixer', now() - interval '3 days', now() - interval '1 day', now() - interval '1 hour'),
    ('a/b', 3, 'open', 'fixer', now() - interval '4 days', NULL, NULL),
    ('a/b', 4, 'merged', 'fixer', now() - interval '40 days', now() - interval '2 days', NULL),
    ('a/b', 5, 'merged', NULL, now() - interval '2 days', now(), NULL)
"""
RUNS = """
    INSERT INTO skill_invocations (ts, engineer_id, skill_name, kind, runtime, status, fire_key, cost_micros)
    SELECT now() - interval '1 hour', 'fleet', 'fixer', 'agent', 'k8s-job', 'success', 'k' || n, 15000
    FROM generate_series(1, 3) AS n
"""


def stats(database_url: str, *statements: str) -> list[dict[str, Any]]:
    options = f"-c tally.tenant={DEFAULT_TENANT}"
    with psycopg.connect(database_url, options=options, row_factory=dict_row) as connection:
        for statement in statements:
            connection.execute(statement.replace("now()", f"'{MOMENT.isoformat()}'::timestamptz").encode())
        return connection.execute("SELECT * FROM agent_health_stats ORDER BY snapshot_date DESC").fetchall()


async def test_a_day_is_kept_once_however_often_it_is_reckoned(ledger: Database, database_url: str):
    stats(database_url, PULLS, RUNS)
    duty = SnapshotAgentHealth(Means(ledger, Tenants(ledger, None)))
    with FrozenClock():
        await duty.run(DEFAULT_TENANT, {})
        await duty.run(DEFAULT_TENANT, {})

    (today, yesterday) = stats(database_url)

    assert (today["snapshot_date"], today["agent_name"]) == (MOMENT.date(), "fixer")
    assert (today["runs_30d"], today["token_cost_cents"]) == (3, 5)
    assert (today["prs_opened_30d"], today["prs_merged_30d"], today["prs_reverted_30d"]) == (3, 2, 1)
    assert today["survival_rate"] == Decimal("0.333")
    assert (yesterday["runs_30d"], yesterday["prs_reverted_30d"]) == (0, 0)
