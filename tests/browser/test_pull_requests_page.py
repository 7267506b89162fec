"""A repository that came as a bundle, imported and looked at: reverts, first pass and overlap, in the real browser."""

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.services.git_import import Asked, GitImport
from tests.browser.eyes import looking, sign_in
from tests.browser.site import Site
from tests.browser.test_people import serious
from tests.browser.test_team_page import overflow
from tests.git_repository import written
from tests.pulls import REPO

pytestmark = pytest.mark.browser


def bring(site: Site, folder: Path) -> None:
    written(folder / "app")
    for command in (
        ["git", "-C", "app", "bundle", "create", "--quiet", "../app.bundle", "--all"],
        ["git", "clone", "--quiet", "-b", "main", "app.bundle", "clone"],
    ):
        subprocess.run(command, cwd=folder, check=True)
    state = site.app.state
    importer = GitImport(state.database, state.tenants, state.rates)
    asked = Asked(path=folder / "clone", project="web", repo=REPO)
    site.wait_for(importer.run(DEFAULT_TENANT, asked, lambda *_: None))


@pytest.mark.parametrize("look", [(360, "dark"), (1280, "light")], ids=str)
def test_the_history_of_a_bundle_is_shown_and_usable(
    site: Site, chromium: Browser, axe: str, tmp_path: Path, look: tuple[int, str]
):
    bring(site, tmp_path)
    size = {"width": look[0], "height": 900}
    with looking(chromium, site.url, reduced_motion="reduce", color_scheme=look[1], viewport=size) as (page, _):
        sign_in(page, site.token("admin"), to="/")
        page.goto("/pull-requests?from=2026-05-01&to=2026-06-30")
        agents = page.get_by_role("region", name="Pull requests by agent, most merged first")
        expect(agents.get_by_role("row").filter(has_text="claude")).to_contain_text("100%")
        overlap = page.get_by_role("region", name="Pairs that were open at the same time")
        expect(overlap.get_by_role("row").filter(has_text="the same file")).to_contain_text("100%")
        expect(page.get_by_role("region", name="Files that pairs have in common")).to_contain_text("a.py")
        listed = page.get_by_role("region", name="Pull requests, the latest first")
        expect(listed.locator("tbody tr").filter(has_text="reverted")).to_have_count(2)
        assert serious(page, axe) == []
        assert overflow(page) <= 0
