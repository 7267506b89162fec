"""What stands around every page, in a browser: range, search as one types, charts, the reader's time zone."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.eyes import looking, sign_in
from tests.browser.site import Site
from tests.browser.test_team_page import names

pytestmark = pytest.mark.browser

LIVE_MS_MAX = 2_000


def test_a_search_answers_while_one_types_and_stands_in_the_address(site: Site, chromium: Browser):
    site.trace({"engineer_id": "zoe"}, {"engineer_id": "abel"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("lead"))
        page.keyboard.press("/")
        page.keyboard.type("ABE")
        page.wait_for_url("**/?q=ABE")
        expect(page.locator("table.board tbody th bdi")).to_have_text(["abel"])
        expect(page.get_by_label("Search engineers")).to_be_focused()
        site.trace({"engineer_id": "abelard"})
        expect(page.locator("table.board tbody th bdi")).to_have_text(["abel", "abelard"], timeout=LIVE_MS_MAX)
        expect(page.get_by_label("Search engineers")).to_have_value("ABE")
        page.reload()
        assert names(page) == ["abel", "abelard"]


def test_search_and_range_work_without_scripts(site: Site, chromium: Browser):
    site.trace({"engineer_id": "zoe"}, {"engineer_id": "abel"})
    with looking(chromium, site.url, java_script_enabled=False) as (page, _):
        sign_in(page, site.token("lead"))
        page.get_by_role("link", name="7 days").click()
        page.get_by_label("Search engineers").fill("zo")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?days=7&q=zo")
        assert names(page) == ["zoe"]
        expect(page.locator(".plot-still svg")).to_be_visible()
        expect(page.locator(".plot-canvas")).to_be_hidden()


def test_a_chart_is_drawn_says_its_numbers_and_follows_the_ledger(site: Site, chromium: Browser):
    site.trace({"engineer_id": "zoe"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("lead"))
        plot = page.locator(".plot-canvas canvas")
        expect(plot).to_be_visible()
        over = page.locator(".plot-canvas .u-over").bounding_box()
        assert over
        page.mouse.move(over["x"] + over["width"] - 3, over["y"] + 20)
        expect(page.locator(".plot-tip")).to_contain_text(" 20")
        expect(page.locator(".plot-tip b")).to_have_text("1")
        site.trace({"engineer_id": "zoe"}, {"engineer_id": "zoe"})
        expect(page.locator("dl.stats dd").first).to_have_text("3", timeout=LIVE_MS_MAX)
        page.mouse.move(over["x"] + over["width"] - 6, over["y"] + 20)
        expect(page.locator(".plot-tip b")).to_have_text("3")
        page.get_by_text("As a table").click()
        expect(page.get_by_role("region", name="as a table").get_by_role("row").nth(1)).to_contain_text("3")


def test_moments_are_written_in_the_readers_zone(site: Site, chromium: Browser):
    site.trace({"engineer_id": "thomas-c", "ts": "2026-11-20T23:30:00Z"})
    with looking(chromium, site.url, timezone_id="Asia/Tokyo", java_script_enabled=True) as (page, _):
        sign_in(page, site.token("engineer"), to="/me")
        kept = {cookie.get("name"): cookie.get("value") for cookie in page.context.cookies()}
        assert kept["tally_tz"] == "Asia/Tokyo"
        source = page.request.get("/me?days=366").text()
        assert "21 Nov 08:30:00 JST" in source
