"""One Chromium per file and one server per test. Both are real."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.eyes import launch_options
from tests.browser.site import Site, running

AXE = Path(__file__).parents[2] / ".cache/browser/node_modules/axe-core/axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """TALLY_TEST_BROWSER=0 leaves these tests out, in the open; without it a missing Chromium is a failure."""
    if os.environ.get("TALLY_TEST_BROWSER") == "0":
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason="TALLY_TEST_BROWSER=0"))


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which judges how usable a page is for everyone."""
    assert AXE.is_file(), "scripts/test puts axe-core there"
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Started anew for each file: while Playwright runs its loop, no test may run one of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**launch_options())
        yield browser
        browser.close()


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    """A server whose ledger is empty."""
    with running(database_url) as site:
        yield site


@pytest.fixture
def sample_site(database_url: str) -> Iterator[Site]:
    """A server with the sample and nothing else."""
    with running(database_url, with_sample=True) as site:
        yield site
