"""Puts the tables and functions of the durable queue into a schema of their own, as the package that keeps them has it.

The queue is Procrastinate's. Its statements name no schema, so its functions are told to look in `procrastinate` alone:
then a job can be deferred within any transaction of ours, whatever that looks in. Which release of it is installed
stands in the comment of the schema; a newer release brings its own steps, which are then run in their order.
"""

import re
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql

from tallyward.errors import UnsafeDatabase

SCHEMA = "procrastinate"
_PACKAGE = "procrastinate"
_STEP_NAME = re.compile(r"(\d+)\.(\d+)\.(\d+)_\d+_.*\.sql")
_COMMENT = re.compile(r"Durable work, as Procrastinate (\d+)\.(\d+)\.(\d+) keeps it\.")
_LOOK_HERE_ALONE: LiteralString = """
DO $$
DECLARE one regprocedure;
BEGIN
    FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'procrastinate'::regnamespace LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = procrastinate, pg_temp', one);
    END LOOP;
END $$;
GRANT USAGE ON SCHEMA procrastinate TO tally_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA procrastinate TO tally_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA procrastinate TO tally_app
"""

Connection = psycopg.Connection[tuple[Any, ...]]
Release = tuple[int, int, int]


def ours() -> Release:
    """The release of the package that is installed beside us."""
    major, minor, patch = version(_PACKAGE).split(".")[:3]
    return int(major), int(minor), int(patch)


def installed(connection: Connection) -> Release | None:
    """The release whose tables are in the database; None where there are none."""
    row = connection.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,)).fetchone()
    match = _COMMENT.fullmatch(row[0]) if row and row[0] else None
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def is_current(connection: Connection) -> bool:
    """Whether the database has what our release of the package needs. That of a newer one will do."""
    there = installed(connection)
    return there is not None and there >= ours()


def install(connection: Connection, lock_timeout: str) -> None:
    """Brings the queue to our release, all of it or nothing. Raises UnsafeDatabase where we may not."""
    if is_current(connection):
        return
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(lock_timeout))
        _make_schema(connection)
        connection.execute(sql.SQL("SET LOCAL search_path = {}").format(sql.Identifier(SCHEMA)))
        for script in _scripts(installed(connection)):
            connection.execute(cast("LiteralString", script))
        connection.execute(_LOOK_HERE_ALONE)
        told = f"Durable work, as Procrastinate {'.'.join(map(str, ours()))} keeps it."
        connection.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(SCHEMA), told))


def _make_schema(connection: Connection) -> None:
    if connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone() != (None,):
        return
    try:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SCHEMA)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise UnsafeDatabase(
            f"This user may not make the schema {SCHEMA}; as an administrator run:"
            f" CREATE SCHEMA {SCHEMA} AUTHORIZATION <this user>;"
        ) from error


def _scripts(there: Release | None) -> list[str]:
    """The SQL that leads from what is there to our release: everything at once, or each step that is newer."""
    spec = find_spec(_PACKAGE)  # looked up, not imported: it takes a while, and only a server needs more of it
    assert spec is not None  # noqa: S101  # version() has found it
    assert spec.origin is not None  # noqa: S101  # it is a package with files
    folder = Path(spec.origin).parent / "sql"
    if there is None:
        return [(folder / "schema.sql").read_text(encoding="utf-8")]
    return [
        file.read_text(encoding="utf-8") for file in sorted((folder / "migrations").iterdir()) if _newer(file, there)
    ]


def _newer(file: Path, there: Release) -> bool:
    match = _STEP_NAME.fullmatch(file.name)
    return match is not None and (int(match[1]), int(match[2]), int(match[3])) > there
