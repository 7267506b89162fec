"""What many tests share: a real PostgreSQL, and in it a database that belongs to one test."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tallyward.redact import Secret
from tests.databases import Databases, databases
from tests.laptop import Laptop
from tests.listening_server import ListeningServer
from tests.machine import left_out

settings.register_profile("tests", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("tests")
# A suite in the background of a script, or under nohup, ignores these, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
LEFT_OUT = pytest.StashKey[list[pytest.Item]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what this machine cannot run. `pytest_terminal_summary` says so."""
    missing = left_out()
    out = [item for item in items if any(item.get_closest_marker(name) for name in missing)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]
        config.stash[LEFT_OUT] = out


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Nothing is left out in silence."""
    out = terminalreporter.config.stash.get(LEFT_OUT, [])
    for name, reason in left_out().items():
        count = sum(1 for item in out if item.get_closest_marker(name))
        if count:
            terminalreporter.write_line(f"Left out {count} tests marked {name}: {reason}.")


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


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    """A laptop with an empty home, connected to nothing."""
    home = tmp_path / "home"
    home.mkdir()
    found = Laptop(home)
    yield found
    found.close()


@pytest.fixture
def listener() -> Iterator[ListeningServer]:
    """A small real server in place of ours."""
    with ListeningServer() as listening:
        yield listening
