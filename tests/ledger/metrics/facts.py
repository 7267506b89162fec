"""Facts in, measured numbers out: one transaction per test, so `now()` stands still and windows have exact ends."""

from datetime import timedelta
from typing import Any

import psycopg
from psycopg import sql

from tallyward.metrics._base import Metric
from tallyward.services.asked import FILTERS

DAY_SECONDS = 86_400
FIRE = {"engineer_id": "thomas-c", "skill_name": "/start", "runtime": "claude-code-cli", "status": "success"}
REQUEST = {"model": "claude-opus-4-8", "engineer_id": "thomas-c", "session_id": "s", "prompt_id": "p"}
HOSTILE_NAMES = (
    "'; DROP TABLE skill_invocations; --",
    "%(days)s 100%",
    "axon/%/_",
    "<script>alert(1)</script>",
    "line\nbreak\ttab",
    "Zoë 🦉 Ж",
    " ",
)


class Facts:
    """What the ledger holds, and what a measure makes of it."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self._connection = connection

    def speak_for(self, tenant: str) -> None:
        self._connection.execute("SELECT set_config('tally.tenant', %s, true)", (tenant,))

    def fire(self, *, age_seconds: float = 3600, times: int = 1, **columns: Any) -> None:
        for _ in range(times):
            self._insert("skill_invocations", age_seconds, "ts", FIRE | columns)

    def fire_at(self, moment: str, **columns: Any) -> None:
        """A fire at a moment that is said."""
        self._insert("skill_invocations", 0, "ts", FIRE | columns)
        self._connection.execute(
            "UPDATE skill_invocations SET ts = %s WHERE id = (SELECT max(id) FROM skill_invocations)", (moment,)
        )

    def request(self, request_key: str, *, age_seconds: float = 3600, **columns: Any) -> None:
        """A metered request to a model."""
        self._insert("cost_ledger", age_seconds, "ts", {"request_key": request_key} | REQUEST | columns)

    def merged(self, head_branch: str, number: int, *, age_seconds: float = 3600) -> None:
        columns = {"repo": "graph8-com/g8", "number": number, "state": "merged", "head_branch": head_branch}
        self._insert("pull_requests", age_seconds, "merged_at", columns)

    def opened(self, head_branch: str, number: int) -> None:
        columns = {"repo": "graph8-com/g8", "number": number, "state": "open", "head_branch": head_branch}
        self._insert("pull_requests", 3600, "opened_at", columns)

    def health(self, agent: str, days_ago: int, **counts: int) -> None:
        """A daily snapshot of an agent."""
        columns = {"agent_name": agent, **counts}
        self._insert("agent_health_stats", days_ago * DAY_SECONDS, "snapshot_date", columns)

    def book(self, machine: str, days_ago: int, *, engineer_id: str = "thomas-c", **counts: int) -> None:
        """What one machine reported of one day."""
        columns = {"machine": machine, "engineer_id": engineer_id, "waiting": 0, "stored": 0, "duplicate": 0}
        columns |= {"refused": 0, "lost": 0} | counts
        self._insert("capture_reports", days_ago * DAY_SECONDS, "day", columns)

    def _insert(self, table: str, age_seconds: float, moment: str, columns: dict[str, Any]) -> None:
        statement = sql.SQL("INSERT INTO {} ({}, {}) VALUES (now() - make_interval(secs => %s), {})").format(
            sql.Identifier(table),
            sql.Identifier(moment),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(columns)),
        )
        self._connection.execute(statement, (age_seconds, *columns.values()))

    def measured(self, metric: type[Metric], **params: Any) -> list[dict[str, Any]]:
        """What the measure says of the last `days`. A parameter that names a filter is one, unless it is None."""
        now = self._connection.execute("SELECT now()").fetchall()[0]["now"]
        # The organisation's own range leaves its first moment out.
        since = now - timedelta(days=params.pop("days", 30)) + timedelta(microseconds=1)
        given = {"since": since, "until": "infinity", "tz": "UTC", "grain": "day", "people_min": 3, "by": "skill"}
        given |= dict.fromkeys(FILTERS) | {"kinds": [], "counted_kinds": ["skill", "agent", "mcp"]} | params
        filters = [name for name in FILTERS if params.get(name) is not None]
        return self._connection.execute(metric.statement(filters), given).fetchall()
