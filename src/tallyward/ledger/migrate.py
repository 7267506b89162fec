"""Brings a database to the schema of this release: plain SQL files, forward only, each once, each in one transaction.

Safe to run while the last release serves: a migration waits at most a second for a lock and gives way otherwise, one
migrator runs at a time, and a database that a newer release has migrated is refused, not touched.
"""

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql

from tallyward.errors import (
    DatabaseUnreachable,
    SchemaDiffers,
    SchemaLocked,
    SchemaTooNew,
    SchemaTooOld,
    UnsafeDatabase,
)
from tallyward.fault_points import reached
from tallyward.ledger import job_queue_schema
from tallyward.ledger.database import APP_ROLE
from tallyward.redact import Secret, redact

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_LOCK_KEY = 7_236_838_787  # any number, the same in every release
_LOCK_TIMEOUT = "1s"  # a reader of the last release is never held up for longer
_LOCK_ATTEMPTS = 30

Connection = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True)
class Migration:
    """One step: its number, its name, its SQL and the digest that proves the file did not change since it ran."""

    version: int
    name: str
    script: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.script.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration of this release, in order."""
    found: list[Migration] = []
    for file in files("tallyward.ledger").joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found, key=lambda migration: migration.version)


def migrate(url: Secret) -> list[Migration]:
    """Applies what is missing and returns it.

    Raises SchemaTooNew for a database of a newer release, SchemaDiffers when a step that ran differs from ours,
    SchemaLocked when somebody uses a table too long, UnsafeDatabase when the application role cannot be made or taken,
    DatabaseUnreachable when nothing answers.
    """
    try:
        with psycopg.connect(url.reveal(), autocommit=True, connect_timeout=10) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK_KEY,))
            _ensure_app_role(connection)
            missing = _missing(connection)
            for migration in missing:
                _apply(connection, migration)
            job_queue_schema.install(connection, _LOCK_TIMEOUT)
            return missing
    except psycopg.errors.LockNotAvailable as error:
        raise SchemaLocked from error
    except psycopg.OperationalError as error:
        raise _unreachable(error) from error


def require_current(url: Secret) -> None:
    """Raises SchemaTooOld or SchemaTooNew unless the database has exactly the schema of this release."""
    try:
        with psycopg.connect(url.reveal(), autocommit=True, connect_timeout=10) as connection:
            missing = _missing(connection)
            queue_is_current = job_queue_schema.is_current(connection)
    except psycopg.OperationalError as error:
        raise _unreachable(error) from error
    if missing:
        raise SchemaTooOld(f"The database lacks migration {missing[0].version:04} ({missing[0].name}).")
    if not queue_is_current:
        raise SchemaTooOld("The database lacks the queue of this release.")


def _unreachable(error: psycopg.OperationalError) -> DatabaseUnreachable:
    """What the driver says in several lines, in one, and without a password."""
    return DatabaseUnreachable(f"The database does not answer: {' '.join(redact(str(error)).split())}")


def _ensure_app_role(connection: Connection) -> None:
    role = sql.Identifier(APP_ROLE)
    try:
        known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone()
        if known is None:
            with suppress(psycopg.errors.DuplicateObject):  # another server on this cluster made it just now
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(role))
        if not _can_take(connection, role):
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    except psycopg.errors.InsufficientPrivilege as error:
        raise UnsafeDatabase(
            f"The role {APP_ROLE} is missing and this user may not make or take it; as an administrator run:"
            f" CREATE ROLE {APP_ROLE} NOLOGIN; GRANT {APP_ROLE} TO <this user>;"
        ) from error


def _can_take(connection: Connection, role: sql.Identifier) -> bool:
    try:
        connection.execute(sql.SQL("SET ROLE {}").format(role))
        connection.execute("RESET ROLE")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _missing(connection: Connection) -> list[Migration]:
    ours = migrations()
    ran = _ran(connection)
    newest = max(ran, default=0)
    if newest > ours[-1].version:
        raise SchemaTooNew(f"The database is at migration {newest:04}, this release ends at {ours[-1].version:04}.")
    for migration in ours:
        if ran.get(migration.version, migration.digest) != migration.digest:
            raise SchemaDiffers(f"Migration {migration.version:04} ran in another form than this release has.")
    return [migration for migration in ours if migration.version not in ran]


def _ran(connection: Connection) -> dict[int, str]:
    if connection.execute("SELECT to_regclass('public.schema_migrations')").fetchone() == (None,):
        return {}
    rows = connection.execute("SELECT version, digest FROM schema_migrations").fetchall()
    return dict(rows)


def _apply(connection: Connection, migration: Migration) -> None:
    for attempt in range(1, _LOCK_ATTEMPTS + 1):
        try:
            with connection.transaction():
                connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(_LOCK_TIMEOUT))
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS schema_migrations (version integer PRIMARY KEY, name text NOT NULL,"
                    " digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
                )
                connection.execute(cast("LiteralString", migration.script))
                reached("ledger.in_migration")
                connection.execute(
                    "INSERT INTO schema_migrations (version, name, digest) VALUES (%s, %s, %s)",
                    (migration.version, migration.name, migration.digest),
                )
        except psycopg.errors.LockNotAvailable:
            if attempt == _LOCK_ATTEMPTS:
                raise
        else:
            return
