"""A connection that is given up half-way is closed, and not left to the garbage collector."""

import asyncio
import gc

import psycopg
import pytest

from tallyward.ledger.database import Database
from tallyward.redact import Secret
from tests.waiting import eventually

STEP_SECONDS = 0.0002  # a connection takes a few milliseconds; these steps fall into each part of it
STEPS = 60
WHO_ELSE = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


async def test_giving_up_at_any_moment_of_connecting_leaves_no_connection_behind(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    left_behind: list[str] = []
    monkeypatch.setattr("sys.unraisablehook", lambda told: left_behind.append(str(told.exc_value)))
    database = Database(Secret(database_url))
    given_up = 0
    for step in range(STEPS):
        try:
            async with asyncio.timeout(step * STEP_SECONDS):
                connection = await database.connect()
        except TimeoutError:
            given_up += 1
        else:
            await connection.close()
    gc.collect()

    assert left_behind == []
    assert given_up > 0
    with psycopg.connect(database_url, autocommit=True) as other:
        assert eventually(lambda: other.execute(WHO_ELSE).fetchone() == (0,)), "the server still holds a connection"
