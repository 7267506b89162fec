"""What a merge costs does not grow with the history: every window is read by an index, row-level security and all."""

import json
from typing import Any

import psycopg
import pytest

from tallyward.ledger.queries import statement

HISTORY = """
    INSERT INTO events_outbox (kind, work_item_id, payload, seq, prev_hash, hash)
    SELECT 'phase.transition', n, jsonb_build_object('target', 'merged', 'project', 'p' || n % 7, 'attempts', 1,
        'agent', 'a' || n % 7,
        'at', to_char(timestamp '2026-01-01' + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), n, '', ''
    FROM generate_series(1, 20000) AS n
"""
ASKED: dict[str, Any] = {
    "place": "~", "limit": 100, "project": "p3", "agent": "a3", "names": ["a/global", "b/global"], "key": "k", "id": 1,
}  # fmt: skip


def rows_read(plan: dict[str, Any]) -> float:
    """How many rows the leaves of a plan read, those that were thrown away too."""
    inner = plan.get("Plans", [])
    if inner:
        return sum(map(rows_read, inner))
    loops = plan["Actual Loops"]
    return loops * (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))


@pytest.fixture(scope="module")
def history(cluster, migrated: str):
    name = cluster.create(template=migrated)
    with psycopg.connect(cluster.url(name)) as connection:
        connection.execute("SELECT set_config('tally.tenant', 'default', false)")
        connection.execute(HISTORY)
        connection.commit()
        connection.execute("ANALYZE events_outbox")
        connection.execute("SET ROLE tally_app")
        yield connection
    cluster.drop(name)


@pytest.mark.parametrize(
    "query",
    ["merges_before", "merges_before_of", "merges_from", "merges_from_of", "states_before", "turns_from", "count_ended",
     "find_transition", "merges_before_of_agent", "merges_from_of_agent", "find_event"],
)  # fmt: skip
def test_a_query_of_a_merge_reads_a_window_and_no_more(history: psycopg.Connection, query: str):
    explain = "EXPLAIN (ANALYZE, FORMAT JSON) "
    told = history.execute(explain + statement(query), ASKED).fetchone()
    plan = told[0] if isinstance(told[0], list) else json.loads(told[0])

    assert rows_read(plan[0]["Plan"]) <= 110


def test_a_place_in_the_middle_is_found_and_not_searched_for(history: psycopg.Connection):
    asked = {**ASKED, "place": "2026-01-05T00:00:00.000000Z"}
    for query in ("merges_before", "merges_before_of", "merges_from_of", "merges_from_of_agent"):
        told = history.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + statement(query), asked).fetchone()
        assert rows_read(told[0][0]["Plan"]) <= 110, query
