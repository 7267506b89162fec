"""Databases for tests, each its own and quick to make, on the embedded PostgreSQL or on any other.

`TALLY_TEST_DATABASE=postgresql://...` names another PostgreSQL, 15 or newer. Its role must be what the ledger's owner
is in real life, not a superuser, with CREATEROLE, and CREATEDB besides for the tests themselves.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from tallyward.ledger import embedded
from tallyward.ledger.cluster_init import SUPERUSER

VARIABLE = "TALLY_TEST_DATABASE"
ROLE_QUERY = "SELECT rolsuper OR rolbypassrls, rolcreatedb AND rolcreaterole FROM pg_roles WHERE rolname = current_user"


@dataclass(frozen=True)
class Databases:
    """Makes and drops databases. `embedded` is None on another PostgreSQL."""

    embedded: embedded.Cluster | None
    other_url: str = ""

    def url(self, database: str) -> str:
        """The URL of a database as the ledger's owner, with no tenant said."""
        if self.embedded is not None:
            return self.embedded.url(tenant="", database=database)
        return urlunsplit(urlsplit(self.other_url)._replace(path=f"/{database}"))

    def create(self, template: str = "template1") -> str:
        """A new database, a copy of `template`; returns its name."""
        name = f"tally_test_{os.urandom(6).hex()}"
        with self._admin() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
            if self.embedded is not None:
                owner = sql.Identifier(embedded.OWNER)
                connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), owner))
        return name

    def drop(self, name: str) -> None:
        with self._admin() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _admin(self) -> psycopg.Connection:
        url = self.other_url or (self.embedded.url(SUPERUSER, "", "postgres") if self.embedded else "")
        return psycopg.connect(url, autocommit=True)


@contextmanager
def databases(data_dir: Path) -> Iterator[Databases]:
    """Databases on the PostgreSQL that the environment names, else on an embedded one in `data_dir`."""
    url = os.environ.get(VARIABLE, "")
    if url:
        _require_usable(url)
        yield Databases(None, url)
        return
    cluster = embedded.start(data_dir)
    try:
        yield Databases(cluster)
    finally:
        cluster.stop()


def _require_usable(url: str) -> None:
    with psycopg.connect(url) as connection:
        facts = connection.execute(ROLE_QUERY).fetchone()
    if facts != (False, True):
        pytest.exit(
            f"The role of {VARIABLE} must have CREATEDB and CREATEROLE, and neither SUPERUSER nor BYPASSRLS.", 2
        )
