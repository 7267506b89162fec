"""What many tests share: a real PostgreSQL, and in it a database that belongs to one test."""

from collections.abc import Iterator

import pytest

from tallyward.redact import Secret
from tests.databases import Databases, databases


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """One PostgreSQL for the whole run."""
    with databases(tmp_path_factory.mktemp("cluster")) as found:
        yield found


@pytest.fixture(scope="session")
def migrated(cluster: Databases) -> Iterator[str]:
    """The name of a database that has the schema of this release and no rows, to copy from."""
    from tallyward.ledger.migrate import migrate

    name = cluster.create()
    migrate(Secret(cluster.url(name)))
    yield name
    cluster.drop(name)


@pytest.fixture
def database_url(cluster: Databases, migrated: str) -> Iterator[str]:
    """A database of this test alone, with the schema of this release and no rows."""
    name = cluster.create(template=migrated)
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def empty_database_url(cluster: Databases) -> Iterator[str]:
    """A database of this test alone with nothing in it, for tests that migrate."""
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)
