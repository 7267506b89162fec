"""An empty ledger for each test of a measure."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.ledger.metrics.facts import Facts


@pytest.fixture
def facts(database_url: str) -> Iterator[Facts]:
    """An empty ledger that speaks for the tenant `default`."""
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        found = Facts(connection)
        found.speak_for("default")
        yield found
        connection.rollback()
