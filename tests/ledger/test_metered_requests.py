"""A request that an exporter and a transcript tell of under two keys is counted once, whichever came first."""

import re
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
# Who works on the rows themselves: one at a time, by their keys.
BY_KEY = {"insert_usage.sql", "lock_usage.sql", "update_usage.sql", "update_prices.sql", "lock_usage_after.sql"}
# Holds reports against each other: what a request cost by the client's word is in the exporter's report alone.
COMPARES_REPORTS = {"rollup_hours_usage.sql", "_base.py"}
# Asks when, and not how much.
ASKS_WHEN = {"rollup_seal.sql", "rollup_first.sql"}


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url) as found:
        found.execute("SELECT set_config('tally.tenant', 'default', true)")
        yield found
        found.rollback()


def told(
    key: str, *seen_by: str, session: str | None = "s", prompt: str | None = "p", minutes: int = 0
) -> tuple[Any, ...]:
    return key, list(seen_by), session, prompt, minutes


CASES = {
    "an exporter alone": ([told("e1", "otlp"), told("e2", "otlp")], ["e1", "e2"]),
    "a transcript of the session": ([told("e", "otlp", prompt="q"), told("t", "transcript")], ["t"]),
    "an exporter that goes on after the transcript ended": (
        [told("e", "otlp", prompt="q", minutes=2), told("t", "transcript")],
        ["e", "t"],
    ),
    "an exporter whose clock is a little ahead": (
        [told("e", "otlp", prompt="q", minutes=0), told("t", "transcript", minutes=-1), told("u", "transcript")],
        ["t", "u"],
    ),
    "a transcript of the prompt, in a session forked from it": (
        [told("e", "otlp"), told("t", "transcript", session="fork")],
        ["t"],
    ),
    "a transcript of another session": (
        [told("e", "otlp"), told("t", "transcript", session="s2", prompt="p2")],
        ["e", "t"],
    ),
    "two paths that met": ([told("m", "otlp", "transcript"), told("e", "otlp"), told("t", "transcript")], ["m", "t"]),
    "another path beside the transcript": ([told("a", "api"), told("t", "transcript")], ["a", "t"]),
    "an exporter that knows no session": (
        [told("e", "otlp", session=None, prompt=None), told("t", "transcript", session=None, prompt=None)],
        ["e", "t"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_request_is_counted_once_in_whatever_order_it_is_told(connection: psycopg.Connection[Any], case: str):
    rows, counted = CASES[case]
    for order in permutations(rows):
        connection.execute("DELETE FROM cost_ledger")
        for row in order:
            connection.execute(
                "INSERT INTO cost_ledger (request_key, model, seen_by, session_id, prompt_id, ts)"
                " VALUES (%s, 'm', %s, %s, %s, now() + make_interval(mins => %s))",
                row,
            )
        found = connection.execute("SELECT request_key FROM metered_requests ORDER BY 1").fetchall()
        assert [key for (key,) in found] == counted


def test_the_view_has_every_column_of_the_table(connection: psycopg.Connection[Any]):
    columns = [
        [column.name for column in connection.execute(query).description or ()]
        for query in ("SELECT * FROM cost_ledger", "SELECT * FROM metered_requests")
    ]
    assert columns[0] == columns[1]


def test_nothing_sums_over_the_table_itself():
    found = [
        path.name
        for path in (ROOT / "src" / "tallyward").rglob("*")
        if path.suffix in (".py", ".sql")
        and "migrations" not in path.parts
        and path.name not in BY_KEY | ASKS_WHEN | COMPARES_REPORTS | {"schema.sql"}
        if re.search(r"\b(FROM|JOIN) cost_ledger\b", path.read_text("utf-8"))
    ]
    assert found == [], "use metered_requests, where each request is counted once"
