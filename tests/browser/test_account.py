"""A person signs in with the organisation's account, in a real browser at a real provider, and out again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.eyes import Eyes, looking
from tests.browser.site import Site, running
from tests.browser.test_people import serious
from tests.provider.process import Provider, providing, write_settings

pytestmark = [pytest.mark.browser, pytest.mark.provider]
FONTS = "fonts.googleapis.com"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    with providing(tmp_path) as provider:
        yield provider


@pytest.fixture
def account_site(database_url: str, provider: Provider, tmp_path: Path) -> Iterator[Site]:
    with running(database_url, tenants_dir=write_settings(tmp_path, provider.issuer)) as site:
        yield site


@contextmanager
def somebody(site: Site, provider: Provider, chromium: Browser, **options: Any) -> Iterator[tuple[Page, Eyes]]:
    """A browser that may go to the provider, whose own page asks for a font of a third party: it gets an empty one."""
    with looking(chromium, site.url, **options) as (page, eyes):
        eyes.expected.extend((provider.issuer, FONTS))
        page.route(f"https://{FONTS}/**", lambda route: route.fulfill(body="", content_type="text/css"))
        yield page, eyes


def at_provider(page: Page, login: str) -> None:
    """Types a name at the provider and agrees to what it asks."""
    page.get_by_placeholder("Enter any login").fill(login)
    page.get_by_placeholder("and password").fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()


def test_an_engineer_signs_in_lands_where_they_wanted_to_go_and_signs_out(
    account_site: Site, provider: Provider, chromium: Browser
):
    account_site.trace({"engineer_id": "ann-b"}, {"engineer_id": "somebody-else"})
    with somebody(account_site, provider, chromium) as (page, _):
        page.goto("/me")
        page.get_by_role("link", name="Sign in with Example").click()
        at_provider(page, "ann")
        page.wait_for_url(f"{account_site.url}/me")
        expect(page.locator(".who")).to_have_text("ann-b engineer")
        assert "somebody-else" not in page.content()
        assert "tally_s" not in page.evaluate("document.cookie")  # neither the session nor what a sign-in remembers
        [session] = [cookie for cookie in page.context.cookies() if cookie["name"] == "tally_session"]
        assert session["httpOnly"]

        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-in")
        page.context.add_cookies([session])
        page.goto("/me")
        expect(page.get_by_label("Token")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_who_may_not_come_in_reads_why_and_what_to_do(
    account_site: Site, provider: Provider, chromium: Browser, axe: str, scheme: str
):
    with somebody(account_site, provider, chromium, color_scheme=scheme) as (page, eyes):
        eyes.expected.append("403")
        page.goto("/sign-in")
        assert serious(page, axe) == []
        page.get_by_role("link", name="Sign in with Example").click()
        at_provider(page, "eve")
        expect(page.get_by_role("heading", name="You may not come in")).to_be_visible()
        expect(page.get_by_role("alert")).to_contain_text("eve is in none of the groups")
        assert serious(page, axe) == []
        page.get_by_role("link", name="Back to sign in").click()
        expect(page.get_by_label("Token")).to_be_visible()
