"""The queue's tables: in a schema of their own, put there once, brought up to date, and used without any privilege."""

from pathlib import Path

import procrastinate
import psycopg
import pytest

from tallyward.errors import SchemaTooOld
from tallyward.ledger import job_queue_schema as module
from tallyward.ledger.migrate import migrate, require_current
from tallyward.redact import Secret

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'procrastinate'"


def one(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        return (connection.execute(statement).fetchone() or (None,))[0]


def test_a_migrated_database_has_the_queue_and_a_second_time_changes_nothing(database_url: str) -> None:
    oids = "SELECT sum(oid::bigint) FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace"
    before = one(database_url, oids)
    migrate(Secret(database_url))
    assert one(database_url, oids) == before
    assert one(database_url, TABLES) == 4
    require_current(Secret(database_url))


def test_a_database_without_the_queue_is_too_old_and_one_of_a_newer_release_is_not(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    major, minor, patch = module.ours()
    monkeypatch.setattr(module, "ours", lambda: (major, minor, patch + 1))
    with pytest.raises(SchemaTooOld):
        require_current(Secret(database_url))
    monkeypatch.setattr(module, "ours", lambda: (major - 1, 0, 0))
    require_current(Secret(database_url))


def test_a_queue_of_an_older_release_is_brought_to_the_form_of_a_fresh_one(
    empty_database_url: str, database_url: str
) -> None:
    """The older one is made by the steps that led to that release, as its own users have it."""
    steps = sorted((Path(procrastinate.__file__).parent / "sql" / "migrations").glob("*.sql"))
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA procrastinate")
        connection.execute("COMMENT ON SCHEMA procrastinate IS 'Durable work, as Procrastinate 3.3.9 keeps it.'")
        connection.execute("SET search_path = procrastinate")
        for step in steps:
            if step.name < "03.04":
                connection.execute(step.read_text())
    migrate(Secret(empty_database_url))
    shape = (
        "SELECT string_agg(proname || md5(prosrc), ',' ORDER BY proname) FROM pg_proc"
        " WHERE pronamespace = 'procrastinate'::regnamespace"
    )
    assert one(empty_database_url, shape) == one(database_url, shape)
    assert module._scripts((9, 0, 0)) == []


def test_every_function_of_the_queue_looks_into_its_own_schema_alone(database_url: str) -> None:
    loose = (
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace"
        " AND proconfig IS DISTINCT FROM ARRAY['search_path=procrastinate, pg_temp']"
    )
    assert one(database_url, loose) == 0


def test_the_application_role_may_work_with_the_queue_and_owns_nothing_of_it(database_url: str) -> None:
    owned = (
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'procrastinate'::regnamespace"
        " AND relowner = 'tally_app'::regrole"
    )
    assert one(database_url, owned) == 0
    assert one(database_url, "SELECT has_schema_privilege('tally_app', 'procrastinate', 'CREATE')") is False
    assert one(database_url, "SELECT has_table_privilege('tally_app', 'procrastinate.procrastinate_jobs', 'DELETE')")
