"""A ledger of one test: its database, opened as the server opens it, and a writer on it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.ledger.writer import Writer
from tallyward.redact import Secret
from tallyward.testing.frozen_clock import FrozenClock
from tests.databases import Databases
from tests.forge_in_memory import ForgeInMemory
from tests.ledger.import_desk import Desk
from tests.shepherd_stage import Stage
from tests.shepherding import READY, START


@pytest.fixture(scope="module")
def shared_url(cluster: Databases, migrated: str) -> Iterator[str]:
    """One database for all tests of a file, which keep out of each other's way by tenant or by rolling back."""
    name = cluster.create(template=migrated)
    yield cluster.url(name)
    cluster.drop(name)


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


@pytest.fixture
def time() -> Iterator[FrozenClock]:
    with FrozenClock(START) as frozen:
        yield frozen


@pytest.fixture
async def stage(ledger: Database, time: FrozenClock) -> Stage:
    staged = Stage(ledger, ForgeInMemory(READY), time)
    await staged.tenants.ensure(DEFAULT_TENANT)
    return staged


@pytest.fixture
async def desk(ledger: Database) -> Desk:
    """Imports of clones into the default tenant."""
    made = Desk(ledger)
    await made.tenants.ensure(DEFAULT_TENANT)
    return made
