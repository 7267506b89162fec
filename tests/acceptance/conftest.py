"""One real server for all acceptance tests, and in it a tenant that belongs to one test."""

import os
from collections.abc import Iterator

import pytest

from tests.acceptance.tenancy import Tenancy
from tests.databases import Databases
from tests.provider.process import Provider, providing
from tests.servers import Server, serving


@pytest.fixture(scope="session")
def real_server(cluster: Databases, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`tally serve` on a database of its own in the PostgreSQL of this run."""
    name = cluster.create(template=migrated)
    with serving(tmp_path_factory.mktemp("server") / "data", database=cluster.url(name)) as server:
        yield server
    cluster.drop(name)


@pytest.fixture
def site(real_server: Server) -> Tenancy:
    """The server as one organisation knows it: a tenant without rows, and a token that captures and reads."""
    return Tenancy(real_server, f"t{os.urandom(6).hex()}")


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with providing(tmp_path_factory.mktemp("provider")) as provider:
        yield provider
