"""A ledger of one test: its database, opened as the server opens it, and a writer on it."""

from collections.abc import AsyncIterator

import pytest

from tallyward.ledger.database import Database
from tallyward.ledger.writer import Writer
from tallyward.redact import Secret


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Database]:
    """An open database without rows."""
    database = Database(Secret(database_url))
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def writer(ledger: Database) -> AsyncIterator[Writer]:
    """A writer that runs."""
    started = Writer(ledger)
    await started.start()
    yield started
    await started.stop()
