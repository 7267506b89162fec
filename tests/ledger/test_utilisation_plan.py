"""The board of a young server, whose planner knows nothing yet of the rows that just came in."""

from collections.abc import Iterator
from typing import Any

import psycopg

from tallyward.metrics.utilisation import Utilisation

ENGINEERS, FIRES_EACH = 100, 20
FILL = """
    INSERT INTO skill_invocations (engineer_id, skill_name, runtime, status)
    SELECT 'engineer-' || e, '/skill-' || f %% 7, 'claude-code-cli', 'success'
    FROM generate_series(1, %s) AS e, generate_series(1, %s) AS f
"""


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def test_no_part_of_the_board_is_worked_out_anew_for_each_row(database_url: str):
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT set_config('tally.tenant', 'default', false)")
        connection.execute(FILL, (ENGINEERS, FIRES_EACH))
        params = {"since": "2020-01-01", "until": "infinity", "grain": "any", "counted_kinds": ["skill"]}
        cursor = connection.execute("EXPLAIN (ANALYZE, FORMAT json) " + Utilisation.statement(), params)
        (explained,) = cursor.fetchone() or ([],)
    # A list of sessions is taken apart where it stands, once a row.
    reading = ("CTE Scan", "Function Scan")
    work = [node for node in nodes(explained[0]["Plan"]) if node["Node Type"] not in reading]
    assert max(node["Actual Loops"] for node in work) == 1
    assert work[0]["Actual Rows"] == ENGINEERS
