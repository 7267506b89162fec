"""Migrations: forward, once, whole or not at all, and never against a database that is not ours to touch."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from tallyward import clock
from tallyward.errors import DatabaseUnreachable, SchemaDiffers, SchemaLocked, SchemaTooNew, SchemaTooOld
from tallyward.ledger import migrate as module
from tallyward.ledger.migrate import Migration, migrate, migrations, require_current
from tallyward.redact import Secret
from tests.waiting import eventually

NEXT = migrations()[-1].version + 1
PROBE = Migration(NEXT, "probe", "ALTER TABLE skill_invocations ADD COLUMN probe text; CREATE TABLE after_probe ()")


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement).fetchall()


def tables(url: str) -> set[str]:
    return {
        str(name) for (name,) in query(url, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    }


@contextmanager
def transaction(url: str, statement: str) -> Iterator[None]:
    """Somebody who has done `statement` and not committed yet."""
    with psycopg.connect(url) as connection:
        connection.execute(statement)
        yield


def test_migrations_are_numbered_from_one_without_gaps() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))


def test_a_database_is_migrated_once(empty_database_url: str) -> None:
    url = Secret(empty_database_url)
    assert migrate(url) == migrations()
    assert migrate(url) == []
    ran = query(empty_database_url, "SELECT version, name, digest FROM schema_migrations")
    assert ran == [(one.version, one.name, one.digest) for one in migrations()]
    require_current(url)


def test_a_database_that_was_never_migrated_is_refused_by_who_may_not_migrate(empty_database_url: str) -> None:
    with pytest.raises(SchemaTooOld, match="0001"):
        require_current(Secret(empty_database_url))
    assert tables(empty_database_url) == set()


def test_a_newer_database_is_refused_and_not_touched(database_url: str) -> None:
    query(database_url, "INSERT INTO schema_migrations (version, name, digest) VALUES (9999, 'later', 'x') RETURNING 1")
    before = tables(database_url)
    for check in (migrate, require_current):
        with pytest.raises(SchemaTooNew, match="9999"):
            check(Secret(database_url))
    assert tables(database_url) == before


def test_a_database_made_by_another_form_of_a_migration_is_refused(database_url: str) -> None:
    query(database_url, "UPDATE schema_migrations SET digest = 'other' WHERE version = 1 RETURNING 1")
    for check in (migrate, require_current):
        with pytest.raises(SchemaDiffers, match="0001"):
            check(Secret(database_url))


def test_two_migrators_at_once_apply_each_migration_once(empty_database_url: str) -> None:
    url = Secret(empty_database_url)
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(migrate, [url] * 4))
    assert sorted(map(len, applied)) == [0, 0, 0, len(migrations())]


def test_a_kill_in_the_middle_leaves_nothing_half_done(empty_database_url: str) -> None:
    code = (
        "import sys; from tallyward.ledger.migrate import migrate; from tallyward.redact import Secret;"
        " migrate(Secret(sys.argv[1]))"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, empty_database_url],
        env={**os.environ, "TALLY_FAULT_POINTS": "ledger.in_migration=kill"},
        timeout=30,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    eventually(lambda: tables(empty_database_url) == set())
    assert migrate(Secret(empty_database_url)) == migrations()


def test_a_step_that_fails_leaves_nothing_half_done(database_url: str) -> None:
    broken = Migration(NEXT, "broken", "CREATE TABLE half (); SELECT 1 / 0")
    with psycopg.connect(database_url, autocommit=True) as connection, pytest.raises(psycopg.errors.DivisionByZero):
        module._apply(connection, broken)
    assert "half" not in tables(database_url)
    assert query(database_url, "SELECT max(version) FROM schema_migrations") == [(NEXT - 1,)]


def test_a_migration_gives_way_to_readers_and_finishes_when_they_do(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), PROBE])
    monkeypatch.setattr(module, "_LOCK_TIMEOUT", "200ms")
    stepping = threading.Thread(target=migrate, args=[Secret(database_url)])
    with transaction(database_url, "SELECT * FROM skill_invocations"):
        stepping.start()
        eventually(lambda: query(database_url, "SELECT 1 FROM pg_locks WHERE NOT granted"))
        started = clock.elapsed_seconds()
        query(database_url, "SELECT * FROM skill_invocations")  # queues behind the migration, and gets past it
        assert clock.elapsed_seconds() - started < 2
        assert "after_probe" not in tables(database_url)
    stepping.join(20)
    assert "after_probe" in tables(database_url)


def test_a_migration_that_never_gets_its_lock_says_so_and_changes_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "migrations", lambda: [*migrations(), PROBE])
    monkeypatch.setattr(module, "_LOCK_TIMEOUT", "10ms")
    with transaction(database_url, "SELECT * FROM skill_invocations"), pytest.raises(SchemaLocked):
        migrate(Secret(database_url))
    assert "after_probe" not in tables(database_url)


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    for check in (migrate, require_current):
        with pytest.raises(DatabaseUnreachable) as refused:
            check(Secret("postgresql://tally:hunter2@127.0.0.1:9/tally"))
        assert "hunter2" not in refused.value.message
