"""A ledger whose sums a test keeps itself: what the functions tell, beside what the rows say."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

from tallyward.ledger import rollup
from tallyward.ledger.database import Database

NOW = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)
TARGET = datetime(2026, 5, 17, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRE = {"engineer_id": "ada", "skill_name": "/ship", "runtime": "modal", "status": "success"}
SPAN = (datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
# What the rows say, in SQL that knows nothing of sums.
TRUE_FIRES = """
    SELECT engineer_id, kind, skill_name, count(*) AS fires, count(*) FILTER (WHERE status = 'error') AS errors,
        count(latency_ms) AS latency_count, sum(cost_micros)::bigint AS cost_micros,
        sum(latency_bucket(latency_ms)) AS hist
    FROM skill_invocations WHERE ts >= %(since)s AND ts < %(until)s GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
TOLD_FIRES = """
    SELECT engineer_id, kind, skill_name, sum(fires)::bigint AS fires, sum(errors)::bigint AS errors,
        sum(latency_count)::bigint AS latency_count, sum(cost_micros)::bigint AS cost_micros,
        sum((SELECT sum((e >> 40) * (e & 1099511627775)) FROM unnest(latency_hist) AS e))::bigint AS hist
    FROM fires_by_engineer(%(since)s, %(until)s, %(grain)s) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
TRUE_PLACES = """
    SELECT kind, skill_name, repo, model, runtime, count(*) AS fires, sum(input_tokens)::bigint AS input_tokens
    FROM skill_invocations WHERE ts >= %(since)s AND ts < %(until)s GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
TOLD_PLACES = """
    SELECT kind, skill_name, repo, model, runtime, sum(fires)::bigint AS fires,
        sum(input_tokens)::bigint AS input_tokens
    FROM fires_by_place(%(since)s, %(until)s, %(grain)s) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
"""
TRUE_SESSIONS = """
    SELECT count(DISTINCT coalesce(session_id, '')) AS sessions FROM skill_invocations
    WHERE kind = 'session' AND ts >= %(since)s AND ts < %(until)s
"""
TOLD_SESSIONS = """
    SELECT count(DISTINCT id) AS sessions
    FROM fires_by_engineer(%(since)s, %(until)s, %(grain)s), unnest(session_ids) AS id
"""
TRUE_PEOPLE = """
    SELECT engineer_id, kind, count(*) AS fires, count(*) FILTER (WHERE status = 'abandoned') AS abandoned
    FROM skill_invocations WHERE ts >= %(since)s AND ts < %(until)s GROUP BY 1, 2 ORDER BY 1, 2
"""
TOLD_PEOPLE = """
    SELECT engineer_id, kind, sum(fires)::bigint AS fires, sum(abandoned)::bigint AS abandoned
    FROM fires_by_person(%(since)s, %(until)s, %(grain)s) GROUP BY 1, 2 ORDER BY 1, 2
"""
TRUE_USAGE = """
    SELECT skill_name, model, count(*) AS requests, sum(cost_micros)::bigint AS cost_micros FROM (
        SELECT m.model, m.cost_micros, (
            SELECT f.skill_name FROM skill_invocations AS f
            WHERE f.kind = 'skill' AND f.session_id = m.session_id AND f.prompt_id = m.prompt_id AND f.ts <= m.ts
            ORDER BY f.ts DESC, f.id DESC LIMIT 1
        ) AS skill_name
        FROM metered_requests AS m WHERE m.ts >= %(since)s AND m.ts < %(until)s
    ) AS requests GROUP BY 1, 2 ORDER BY 1, 2
"""
TOLD_USAGE = """
    SELECT skill_name, model, sum(requests)::bigint AS requests, sum(cost_micros)::bigint AS cost_micros
    FROM usage_by_engineer(%(since)s, %(until)s, %(grain)s) WHERE requests > 0 GROUP BY 1, 2 ORDER BY 1, 2
"""
QUESTIONS = (
    (TRUE_FIRES, TOLD_FIRES), (TRUE_PLACES, TOLD_PLACES), (TRUE_SESSIONS, TOLD_SESSIONS), (TRUE_PEOPLE, TOLD_PEOPLE),
    (TRUE_USAGE, TOLD_USAGE),
)  # fmt: skip
Rows = psycopg.Connection[dict[str, Any]]


def add_fire(rows: Rows, ts: datetime, **columns: Any) -> None:
    _insert(rows, "skill_invocations", {"ts": ts} | FIRE | columns)


def add_request(rows: Rows, key: str, ts: datetime, *seen_by: str, **columns: Any) -> None:
    known = {"request_key": key, "ts": ts, "model": "m", "seen_by": list(seen_by or ("transcript",)), "cost_micros": 7}
    _insert(rows, "cost_ledger", known | columns)


def _insert(rows: Rows, table: str, columns: dict[str, Any]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        sql.Identifier(table),
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(sql.Placeholder() * len(columns)),
    )
    rows.execute(statement, list(columns.values()))


def agrees(
    rows: Rows, since: datetime = SPAN[0], until: datetime = SPAN[1], grains: Sequence[str] = ("hour", "day", "any")
) -> bool:
    """Whether every function tells what the rows say, by every grain."""
    for true, told in QUESTIONS:
        said = rows.execute(true, {"since": since, "until": until}).fetchall()  # type: ignore[arg-type]  # constants of ours
        for grain in grains:
            params = {"since": since, "until": until, "grain": grain}
            assert rows.execute(told, params).fetchall() == said, (grain, told)  # type: ignore[arg-type]  # the same
    return True


def raw_spans(rows: Rows, family: str = "fires") -> list[tuple[datetime, datetime]]:
    """What is read row by row of the time before now."""
    found = rows.execute(
        "SELECT low, high FROM rollup_pieces(%s, %s, %s, 'any') WHERE hours = 0", (family, SPAN[0], TARGET)
    ).fetchall()
    return [(row["low"], row["high"]) for row in found]


async def sum_up(ledger: Database, target: datetime = TARGET, tenant: str = "default") -> int:
    """Seals and sums until nothing is left. The number of hours that were summed."""
    total = 0
    async with rollup.summing(ledger) as connection:
        assert connection is not None
        while True:
            reach = await rollup.seal(connection, tenant, target)
            assert reach is not None
            hours = await rollup.sum_marked(connection, tenant, reach.last_mark)
            total += hours
            if reach.sealed_until >= target and not hours:
                return total
