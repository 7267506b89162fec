"""A ledger full of odd rows for one test: hostile names, late and future rows, every kind, outcome and runtime."""

import json
import random
from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from tallyward import clock
from tallyward.domain.tenant import DEFAULT_TENANT

HOSTILE = (
    "<script>alert(1)</script>",
    "\u202egnirts\u2066",
    "🦉Zoë Ж",
    "100% %(days)s",
    "'; DROP TABLE skill_invocations; --",
    '=HYPERLINK("x"),\n"',
    " ",
)
LONG = "x" * 10_000  # no call takes so long a name, but the organisation's own SQL may have stored one
RUNTIMES = ("claude-code-cli", "codex-cli", "k8s-job", "modal")
KINDS = ("skill", "tool", "mcp", "agent", "session")
NEWEST_SECONDS, OLDEST_SECONDS = -7_200, 60 * 86_400


def connected(database_url: str) -> psycopg.Connection[dict[str, Any]]:
    """A connection that speaks for the default tenant, as `psql "$(tally db url)"` does."""
    from psycopg.rows import dict_row

    options = f"-c tally.tenant={DEFAULT_TENANT}"
    return psycopg.connect(database_url, options=options, row_factory=dict_row, autocommit=True)


def fill(database_url: str, seed: int, *, fires: int = 400, requests: int = 200) -> None:
    """So many fires and requests, some pull requests and a snapshot, by plain SQL. The same seed, the same rows."""
    chance = random.Random(seed)  # noqa: S311  # rows, not keys
    with connected(database_url) as connection:
        for table, rows in (
            ("skill_invocations", [_fire(chance) for _ in range(fires)]),
            ("cost_ledger", [_request(chance, number) for number in range(requests)]),
            ("pull_requests", [_pull_request(chance, number) for number in range(30)]),
            ("capture_reports", [_book(number) for number in range(3)]),
            ("agent_health_stats", [_snapshot(name) for name in (*HOSTILE, "/ship")]),
        ):
            _insert(connection, table, rows)
        for number in range(3):
            connection.execute(
                "SELECT tally_append_event('scope.hold_ended', NULL, %s::jsonb)", [json.dumps(_hold(number))]
            )


def _hold(number: int) -> dict[str, Any]:
    at = clock.iso(clock.now() - timedelta(days=number))
    return {"at": at, "policy": "graded", "result": "cleared", "hours": 0.25 + number, "hold": str(number)}


def _insert(connection: psycopg.Connection[dict[str, Any]], table: str, rows: list[dict[str, Any]]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, rows[0])),
        sql.SQL(", ").join(sql.Placeholder() * len(rows[0])),
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, [tuple(row.values()) for row in rows])


def _moment(chance: random.Random) -> Any:
    return clock.now() - timedelta(seconds=chance.uniform(NEWEST_SECONDS, OLDEST_SECONDS))


def _fire(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(KINDS)
    return {
        "ts": _moment(chance),
        "engineer_id": chance.choice((*HOSTILE, "amy", "amy", "bo", "unknown", LONG)),
        "skill_name": "session" if kind == "session" else chance.choice((*HOSTILE, "/ship", "/ship", "/review", LONG)),
        "repo": chance.choice((None, "o/app", *HOSTILE)),
        "runtime": chance.choice(RUNTIMES),
        "model": chance.choice((None, "claude-opus-4-8", *HOSTILE)),
        "latency_ms": chance.choice((None, 0, 5, 1_000, 2**31 - 1)),
        "status": chance.choice(("success", "success", "error", "abandoned")),
        "kind": kind,
        "input_tokens": chance.choice((None, 100)),
        "cost_micros": chance.choice((None, 0, 12_345)),
        "cost_usd_cents": chance.choice((None, 1)),
        "session_id": chance.choice((None, "s1", "s2", *HOSTILE)),
        "prompt_id": chance.choice((None, "p1", "p2")),
    }


def _request(chance: random.Random, number: int) -> dict[str, Any]:
    return {
        "request_key": f"r{number}",
        "ts": _moment(chance),
        "model": chance.choice(("claude-opus-4-8", *HOSTILE)),
        "engineer_id": chance.choice((None, "amy", "bo", *HOSTILE)),
        "skill_name": chance.choice((None, "/ship", *HOSTILE)),
        "repo": chance.choice((None, "o/app", *HOSTILE)),
        "runtime": chance.choice((None, *RUNTIMES)),
        "session_id": chance.choice((None, "s1", "s2", *HOSTILE)),
        "prompt_id": chance.choice((None, "p1", "p2")),
        "input_tokens": chance.randrange(1_000),
        "output_tokens": chance.randrange(1_000),
        "cost_micros": chance.choice((None, 0, 54_321)),
        "reported_cost_micros": chance.choice((None, 54_000)),
        "seen_by": chance.choice((["otlp"], ["transcript"], ["hook", "otlp"])),
    }


def _pull_request(chance: random.Random, number: int) -> dict[str, Any]:
    agent = chance.choice((*HOSTILE, "/ship"))
    return {
        "repo": chance.choice(("o/app", *HOSTILE)),
        "number": number,
        "state": "merged",
        "head_branch": f"axon/{agent}/{number}",
        "author": chance.choice(("amy", *HOSTILE)),
        "merged_at": _moment(chance),
    }


def _book(number: int) -> dict[str, Any]:
    counts = {"waiting": number, "stored": 9, "duplicate": 1, "refused": 0, "lost": number}
    return {
        "machine": str(number) * 32,
        "day": clock.now().date(),
        "engineer_id": ("amy", "bo", HOSTILE[0])[number],
        **counts,
    }


def _snapshot(agent: str) -> dict[str, Any]:
    counts = {"runs_30d": 5, "prs_opened_30d": 4, "prs_merged_30d": 3, "prs_reverted_30d": 1}
    return {"snapshot_date": clock.now().date(), "agent_name": agent, **counts}
