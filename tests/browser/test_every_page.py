"""Every page, with data and without, for each kind of reader: usable by everyone, within its window, and quiet."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tallyward.web.pages import CALLS
from tests.browser.eyes import looking, sign_in
from tests.browser.site import Site
from tests.browser.test_people import serious
from tests.browser.test_team_page import HOSTILE, overflow

pytestmark = pytest.mark.browser

SESSION = "/sessions/sample-sample-ada-1"
NOT_WALKED = {"/live", "/sign-in", "/v1/accept"}  # no page, or walked elsewhere
PAGES = (
    "/", "/me", "/skills", "/fires", "/agents", "/sessions", "/cost", "/requests", "/capture", "/audit", "/accept",
    "/tokens", "/rates", "/shepherd", "/pull-requests", "/training", "/deliveries",
)  # fmt: skip
FULL = (*(f"{path}?sample=1" for path in PAGES), f"{SESSION}?sample=1")
WIDTHS = (360, 1280, 2560)
CHARTS = ("/?sample=1", "/shepherd?sample=1", "/me?sample=1", "/skills?sample=1", "/cost?sample=1", "/capture?sample=1")


def test_the_walk_leaves_no_page_out():
    there = {call.path for call in CALLS if call.method == "GET" and "{" not in call.path}
    assert there - NOT_WALKED <= set(PAGES) | {"/rates", "/work"}


@contextmanager
def reading(chromium: Browser, site: Site, role: str, **look: Any) -> Iterator[Page]:
    with looking(chromium, site.url, reduced_motion="reduce", **look) as (page, _):
        sign_in(page, site.token(role), to="/")
        yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_with_data_is_usable_and_stays_in_its_window(
    sample_site: Site, chromium: Browser, axe: str, scheme: str, width: int
):
    sample_site.trace({"engineer_id": "thomas-c"})
    size = {"width": width, "height": 900}
    with reading(chromium, sample_site, "admin", color_scheme=scheme, viewport=size) as page:
        for address in FULL:
            page.goto(address)
            assert serious(page, axe) == [], address
            assert overflow(page) <= 0, address


@pytest.mark.parametrize("role", ["engineer", "lead", "admin"])
def test_every_page_without_data_says_what_to_do(site: Site, chromium: Browser, axe: str, role: str):
    with reading(chromium, site, role, viewport={"width": 390, "height": 800}) as page:
        for address in PAGES:
            if role == "admin" or address not in ("/tokens", "/audit", "/deliveries"):
                page.goto(address)
                expect(page.get_by_role("main")).to_be_visible()
                assert serious(page, axe) == [], (role, address)
                assert overflow(page) <= 0, (role, address)


def test_charts_are_drawn_by_script_on_each_page_that_has_one(sample_site: Site, chromium: Browser):
    with reading(chromium, sample_site, "lead") as page:
        for address in CHARTS:
            page.goto(address)
            expect(page.locator(".plot-canvas canvas").first).to_be_visible()


def test_hostile_names_are_text_on_every_page(site: Site, chromium: Browser):
    site.trace(
        *(
            {"engineer_id": name, "skill_name": name, "session_id": name, "repo": name, "model": name}
            for name in HOSTILE
        )
    )
    with reading(chromium, site, "admin", viewport={"width": 1280, "height": 800}) as page:
        page.on("dialog", lambda dialog: pytest.fail(f"a name ran as a script: {dialog.message}"))
        for address in PAGES:
            page.goto(address)
            assert page.locator("main img, main table script").count() == 0, address
            assert overflow(page) <= 0, address
        page.goto("/sessions")
        for name in page.locator("a.go").all():
            expect(name).to_be_visible()
        page.locator("a.go").first.click()
        expect(page.get_by_role("heading", name="Session")).to_be_visible()


def test_ten_thousand_skills_are_one_page_of_a_hundred(site: Site, chromium: Browser):
    site.trace(*({"engineer_id": "thomas-c", "skill_name": f"/skill-{number:05}"} for number in range(10_000)))
    with reading(chromium, site, "lead") as page:
        page.goto("/skills")
        assert page.locator("table.board tbody tr").count() == 100
        expect(page.get_by_text("1 to 100 of 10,000")).to_be_visible()
        page.get_by_role("link", name="Older").click()
        expect(page.get_by_text("101 to 200 of 10,000")).to_be_visible()


def test_a_number_leads_to_as_many_rows_as_it_says(sample_site: Site, chromium: Browser):
    with reading(chromium, sample_site, "lead") as page:
        page.goto("/skills?sample=1")
        number = page.get_by_role("row", name="/ship").locator("td.main a")
        told = number.inner_text()
        number.click()
        expect(page.locator(".heading p")).to_contain_text(f"{told} rows of")
        page.goto("/cost?sample=1&by=model")
        number = page.get_by_role("region", name="Cost by model").locator("tbody tr td.count a").nth(1)
        told = number.inner_text()
        number.click()
        expect(page.locator(".heading p")).to_contain_text(f"{told} metered requests")
