"""What has become of a real agent's work: the rows at the server, and everything that is kept anywhere."""

from typing import Any

import psycopg
from psycopg import sql

from tests.clients.wire import Wire
from tests.clients.workplace import Workplace
from tests.servers import Server

Row = dict[str, Any]


def fires(serve: Server, token: str | None = None) -> list[Row]:
    """Every row, as the API tells it."""
    return serve.call("GET", "/v1/fires?limit=200", token=token or serve.token()).json["fires"]


def arrived(workplace: Workplace, serve: Server) -> list[Row]:
    """All rows of the laptop, after whatever still waited was delivered."""
    done = workplace.tally("flush")
    assert done.code == 0, done.out
    return fires(serve)


def by_kind(rows: list[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["kind"], []).append(row)
    return found


def told(rows: list[Row]) -> list[tuple[str, str, str]]:
    """Kind, name and outcome of each row."""
    return sorted((row["kind"], row["skill_name"], row["status"]) for row in rows)


def everything_stored(serve: Server) -> str:
    """Every row of every table of the database, as text."""
    tables = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    found: list[str] = []
    with psycopg.connect(serve.database_url) as connection:
        for table in [sql.Identifier(*names) for names in connection.execute(tables).fetchall()]:
            # For this look alone the owner is not bound to one tenant either; nothing of it is committed.
            connection.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(table))
            found += [row[0] for row in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(table))]
        connection.rollback()
    return "\n".join(found)


def everything_kept(workplace: Workplace, serve: Server, wire: Wire) -> dict[str, bytes]:
    """All that is left of the work outside of the agent's own folders, by place."""
    kept = {
        "the laptop's folder": workplace.laptop.everything(),
        "the wire": wire.kept,
        "the server's log": serve.log.encode(),
        "the database": everything_stored(serve).encode(),
    }
    for backup in (workplace.laptop.root / "backups").iterdir():  # it has to name the file that it belongs to
        kept["the laptop's folder"] = kept["the laptop's folder"].replace(backup.read_bytes(), b"")
    return kept
