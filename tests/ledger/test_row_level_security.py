"""Row-level security on every table: a session sees and writes the rows of the tenant it has named, and no other.

The tables are taken from the catalogue, so a new one is tested by being there.
"""

from collections.abc import Iterator
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import scalar_row

from tallyward.errors import UnsafeDatabase
from tallyward.ledger.cluster_init import SUPERUSER
from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tests.databases import Databases

SUM = {"hours": 1, "bucket": "2026-05-17 10:00+00"}
OUTCOMES = dict.fromkeys(("fires", "successful", "errors", "abandoned"), 1)
FIRES = OUTCOMES | dict.fromkeys(("seen_by_several", "latency_count"), 1)
REQUESTS = dict.fromkeys(("requests", "unpriced_requests", "seen_by_several", "reports", "compared_requests"), 1)
# One row of each table; a tenant column is filled by its default. A new table needs a line here, or its test fails.
ROWS: dict[str, dict[str, Any]] = {
    "skill_invocations": {"engineer_id": "a", "skill_name": "/s", "runtime": "modal", "status": "success"},
    "context_fetches": {"agent_name": "a", "file_path": "f"},
    "agent_health_stats": {
        "snapshot_date": "2026-05-17", "agent_name": "a", "runs_30d": 1, "prs_opened_30d": 1, "prs_merged_30d": 1,
        "prs_reverted_30d": 0,
    },
    "cost_ledger": {"request_key": "k", "model": "m"},
    "events_outbox": {"kind": "k", "payload": "{}", "seq": 1, "prev_hash": b"", "hash": b""},
    "pull_requests": {"repo": "o/r", "number": 1, "state": "open", "head_branch": "b"},
    "api_tokens": {"name": "n", "digest": b"", "scopes": ["read"]},
    "capture_reports": {
        "machine": "0" * 32, "day": "2026-05-17", "engineer_id": "a", "waiting": 0, "stored": 1, "duplicate": 0,
        "refused": 0, "lost": 0,
    },
    "rollup_state": {"sealed_until": "2026-05-17 10:00+00"},
    "rollup_marks": {"family": "fires", "hour": "2026-05-17 10:00+00"},
    "rollup_fires_by_engineer": {"engineer_id": "a", "kind": "skill", "skill_name": "/s", **SUM, **FIRES},
    "rollup_fires_by_person": {"engineer_id": "a", "kind": "skill", **SUM, **OUTCOMES},
    "rollup_fires_by_place": {"kind": "skill", "skill_name": "/s", "runtime": "modal", **SUM, **FIRES},
    "rollup_fires_by_skill": {"kind": "skill", "skill_name": "/s", **SUM, **FIRES},
    "rollup_usage": {"model": "m", **SUM, **REQUESTS},
    "work_items": {
        "project": "p", "story_id": "s", "phase": "spec", "attempts": 0, "opened_at": "2026-05-17T12:00:00Z",
        "updated_at": "2026-05-17T12:00:00Z",
    },
    "series_points": {
        "measurement": "m", "series": "m", "ns": 1, "ts": "2026-05-17T12:00:00Z", "tags": "{}", "fields": "{}",
    },
    "sink_cursors": {"sink": "s"},
    "sink_parked": {"sink": "s", "series": "m", "ns": 1, "change": 1, "reason": "r"},
    "deliveries": {"sender": "github", "delivery_id": "d", "event": "push", "subject": "o/r", "state": "waiting"},
    "webhook_secrets": {"name": "n", "sealed": "s"},
    "tenants": {"label": "l", "arg_key": "k"},
}  # fmt: skip
TABLES = sorted(ROWS)
TENANT_COLUMN = {"tenants": "id"}


class Session:
    """A session of the application role, as the server has them."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self.run("SET ROLE tally_app")

    def speak_for(self, tenant: str) -> None:
        self._connection.execute("SELECT set_config('tally.tenant', %s, false)", (tenant,))

    def add(self, table: str, tenant: str | None = None) -> None:
        row = dict(ROWS[table])
        if table == "api_tokens":
            row["digest"] = f"{tenant}".encode()
        if tenant is not None:
            row[TENANT_COLUMN.get(table, "tenant")] = tenant
        names, values = map(sql.Identifier, row), map(sql.Literal, row.values())
        self.run(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table), sql.SQL(", ").join(names), sql.SQL(", ").join(values)
            )
        )

    def tenants_seen(self, table: str) -> set[str]:
        column = sql.Identifier(TENANT_COLUMN.get(table, "tenant"))
        query = sql.SQL("SELECT {} FROM {}").format(column, sql.Identifier(table))
        return set(self._connection.cursor(row_factory=scalar_row).execute(query))

    def change_all(self, table: str, tenant: str) -> int:
        column = sql.Identifier(TENANT_COLUMN.get(table, "tenant"))
        query = sql.SQL("UPDATE {} SET {} = {}").format(sql.Identifier(table), column, sql.Literal(tenant))
        return self.run(query)

    def run(self, statement: LiteralString | sql.Composed) -> int:
        """Runs one statement; if it fails, nothing else is undone."""
        with self._connection.transaction():
            return self._connection.execute(statement).rowcount


@pytest.fixture
def session(shared_url: str) -> Iterator[Session]:
    """All that it does is rolled back."""
    with psycopg.connect(shared_url) as connection, connection.transaction(force_rollback=True):
        yield Session(connection)


@pytest.fixture
def two_tenants(session: Session) -> Session:
    """One row of each table for `ours` and for `theirs`; the session speaks for nobody."""
    for tenant in ("ours", "theirs"):
        session.speak_for(tenant)
        for table in TABLES:
            session.add(table, tenant)
    session.speak_for("")
    return session


def test_every_table_is_tested_here(shared_url: str) -> None:
    with psycopg.connect(shared_url) as connection:
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        ).fetchall()
    assert {name for (name,) in found} == {*TABLES, "schema_migrations"}


@pytest.mark.parametrize("table", TABLES)
def test_a_session_that_named_no_tenant_sees_nothing(two_tenants: Session, table: str) -> None:
    assert two_tenants.tenants_seen(table) == set()


@pytest.mark.parametrize("table", TABLES)
def test_a_session_that_named_no_tenant_adds_nothing(session: Session, table: str) -> None:
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.NotNullViolation)):
        session.add(table)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.add(table, "ours")


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_sees_its_own_rows_only(two_tenants: Session, table: str) -> None:
    two_tenants.speak_for("ours")
    assert two_tenants.tenants_seen(table) == {"ours"}


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_adds_no_row_for_another(session: Session, table: str) -> None:
    session.speak_for("ours")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.add(table, "theirs")


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_hands_no_row_over_and_changes_none_of_another(two_tenants: Session, table: str) -> None:
    two_tenants.speak_for("ours")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        two_tenants.change_all(table, "theirs")
    if table != "events_outbox":
        assert two_tenants.change_all(table, "ours") == 1
    two_tenants.speak_for("theirs")
    assert two_tenants.tenants_seen(table) == {"theirs"}


@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_deleted_by_the_application_but_its_own_sums_and_doubles(two_tenants: Session, table: str) -> None:
    two_tenants.speak_for("ours")
    # Two rows may turn out to be one pull request, which a clone and a forge told of under different names.
    derived = table.startswith("rollup_") or table == "pull_requests"
    if derived:
        assert two_tenants.run(sql.SQL("DELETE FROM {}").format(sql.Identifier(table))) == 1
    for removing in ("TRUNCATE {}", "DROP TABLE {}") if derived else ("DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            two_tenants.run(sql.SQL(removing).format(sql.Identifier(table)))


def test_the_view_of_pull_requests_keeps_tenants_apart_too(two_tenants: Session) -> None:
    assert two_tenants.tenants_seen("github_prs") == set()
    two_tenants.speak_for("ours")
    assert two_tenants.tenants_seen("github_prs") == {"ours"}


@pytest.mark.parametrize("table", TABLES)
def test_the_owner_of_the_tables_is_held_to_the_same(two_tenants: Session, table: str) -> None:
    two_tenants.run("RESET ROLE")
    assert two_tenants.tenants_seen(table) == set()
    two_tenants.speak_for("ours")
    assert two_tenants.tenants_seen(table) == {"ours"}


@pytest.mark.parametrize("tenant", ["", "nobody", "OURS", "ours ", "%", "ours' OR 'a'='a", "theirs,ours"])
def test_an_odd_tenant_is_nobody(two_tenants: Session, tenant: str) -> None:
    two_tenants.speak_for(tenant)
    assert all(two_tenants.tenants_seen(table) == set() for table in TABLES)


async def test_a_pooled_connection_carries_no_tenant_to_the_next(shared_url: str) -> None:
    database = Database(Secret(shared_url))
    await database.open()
    async with database.transaction("ours") as connection:
        await connection.execute("INSERT INTO tenants (id, label, arg_key) VALUES ('ours', 'l', 'k')")
    for _ in range(20):
        assert await database.query(None, "find_tenant") == []
        async with database.transaction(None) as connection:
            role = await (await connection.execute("SELECT current_user AS role")).fetchone()
        assert role == {"role": "tally_app"}
    await database.close()


async def test_a_server_on_a_role_above_the_rules_refuses_to_start(cluster: Databases, database_url: str) -> None:
    if cluster.embedded is None:
        pytest.skip("only the embedded PostgreSQL lets a test change the application role")
    database = Database(Secret(database_url))
    role = sql.Identifier("tally_app")
    with psycopg.connect(cluster.embedded.url(SUPERUSER, "", "postgres"), autocommit=True) as superuser:
        superuser.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(role))
        try:
            with pytest.raises(UnsafeDatabase, match="tally_app"):
                await database.open()
        finally:
            superuser.execute(sql.SQL("ALTER ROLE {} NOBYPASSRLS").format(role))
            await database.close()


async def test_a_database_that_answers_before_it_has_synced_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        name = sql.Identifier(urlsplit(database_url).path.lstrip("/"))
        owner.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))
    database = Database(Secret(database_url))
    with pytest.raises(UnsafeDatabase, match="synchronous_commit"):
        await database.open()
    await database.close()
