"""Signing in and out, one's own page, tokens, and whether everyone can use all of it."""

import re
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tallyward.web.live import Timing
from tests.browser.eyes import looking, sign_in
from tests.browser.site import Site, running

pytestmark = pytest.mark.browser

LIVE_MS_MAX = 2_000
REVOKED_MS_MAX = 5_000
TABS_MAX = 25  # from the top of a page to its table; a person would have given up before


def test_the_whole_way_from_the_door_to_the_table_is_walked_with_the_keyboard(site: Site, chromium: Browser):
    site.trace({"engineer_id": "zoe"}, {"engineer_id": "abel"})
    with looking(chromium, site.url) as (page, _):
        page.goto("/")
        page.keyboard.type(site.token("lead"))
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Team")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        head = page.get_by_role("link", name="Engineer", exact=True)
        for _step in range(TABS_MAX):
            page.keyboard.press("Tab")
            if head.evaluate("link => link === document.activeElement"):
                break
        expect(head).to_be_focused()
        assert head.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        page.wait_for_url("**/?sort=engineer&order=asc")
        assert page.locator("tbody th bdi").all_text_contents() == ["abel", "zoe"]


def test_a_wrong_token_is_refused_in_words_and_the_way_on_is_kept(site: Site, chromium: Browser):
    with looking(chromium, site.url) as (page, eyes):
        eyes.expected.append("401")
        page.goto("/me")
        page.get_by_label("Token").fill("tw_eng_wrong")
        with page.expect_response("**/sign-in") as answer:
            page.keyboard.press("Enter")
        assert answer.value.status == 401
        expect(page.get_by_role("alert")).to_contain_text("This token is not valid")
        page.get_by_label("Token").fill(site.token("engineer"))
        page.keyboard.press("Enter")
        page.wait_for_url("**/me")


def test_signing_out_ends_the_session_in_this_browser(site: Site, chromium: Browser):
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("lead"))
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        page.goto("/")
        expect(page.get_by_label("Token")).to_be_visible()


def test_an_open_page_goes_back_to_the_door_when_its_token_is_revoked(site: Site, chromium: Browser):
    site.app.state.feed.timing = Timing(heartbeat=0.2)
    with looking(chromium, site.url) as (page, eyes):
        eyes.expected.append("401")
        sign_in(page, site.token("lead"))
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        site.wait_for(site.app.state.tokens.revoke("default", name="lead-laptop", actor="tests"))
        expect(page.get_by_label("Token")).to_be_visible(timeout=REVOKED_MS_MAX)


def test_a_page_whose_server_is_gone_says_so(database_url: str, chromium: Browser):
    with ExitStack() as stack:
        site = stack.enter_context(running(database_url))
        page, eyes = stack.enter_context(looking(chromium, site.url))
        eyes.expected.extend(("ERR_CONNECTION_REFUSED", "htmx:sse:error"))
        sign_in(page, site.token("lead"))
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        site.stop()
        expect(page.get_by_text("Reconnecting")).to_be_visible()


def test_ones_own_page_shows_the_row_the_mix_and_the_latest_fire_at_once(site: Site, chromium: Browser):
    site.trace({"engineer_id": "thomas-c", "repo": "o/r"}, {"engineer_id": "hassan-b", "skill_name": "/secret"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("engineer", "thomas-c"), to="/me")
        expect(page.locator(".figure")).to_have_text("1")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        site.trace({"engineer_id": "thomas-c", "skill_name": "/ship", "status": "error", "latency_ms": 84_000})
        recent = page.get_by_role("region", name="Recent fires")
        expect(recent.locator("tbody tr").first).to_contain_text("/ship", timeout=LIVE_MS_MAX)
        expect(recent.locator("tbody tr").first).to_contain_text("error")
        expect(recent.locator("tbody tr").first).to_contain_text("1 min 24 s")
        expect(page.get_by_role("region", name="Skill mix").get_by_role("row", name="/start")).to_contain_text("1.2 s")
        assert "/secret" not in page.content()


def test_an_admin_makes_a_token_sees_it_once_and_revokes_it(site: Site, chromium: Browser):
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("admin"), to="/tokens")
        page.get_by_label("Name").fill("mona <b>laptop</b>")
        page.get_by_label("Engineer").fill("mona-ortega")
        page.get_by_role("button", name="Create").click()
        command = page.get_by_label("Command to run").inner_text()
        assert re.fullmatch(rf"tally connect claude --server {re.escape(site.url)} --token tw_eng_\w{{49}}", command)
        page.goto("/tokens")
        assert "tw_eng_" not in page.content()
        page.get_by_role("button", name="Revoke mona").click()
        expect(page.get_by_role("row", name="mona <b>laptop</b>")).to_contain_text("revoked")


def test_the_chosen_theme_is_kept(site: Site, chromium: Browser):
    with looking(chromium, site.url, color_scheme="light") as (page, _):
        page.goto("/sign-in")
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        toggle = page.get_by_role("button", name="Theme")
        toggle.click()
        toggle.click()
        expect(toggle).to_contain_text("Dark")
        page.reload()
        expect(toggle).to_contain_text("Dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def serious(page: Page, axe: str) -> list[Any]:
    """What axe finds that would keep someone from using the page."""
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    weighty = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in weighty]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(sample_site: Site, chromium: Browser, axe: str, scheme: str):
    sample_site.trace({"engineer_id": "thomas-c"}, {"engineer_id": "thomas-c", "status": "error"})
    with looking(chromium, sample_site.url, color_scheme=scheme) as (page, eyes):
        eyes.expected.append("404")
        page.goto("/sign-in")
        assert serious(page, axe) == []
        for role in ("admin", "engineer"):
            sign_in(page, sample_site.token(role), to="/")
            for address in ("/", "/?sample=1", "/me", "/agents", "/accept", "/tokens", "/nowhere"):
                if (role, address) != ("engineer", "/tokens"):
                    page.goto(address)
                    assert serious(page, axe) == [], (role, address)
            page.goto("/")
            page.get_by_role("button", name="Sign out").click()
            page.wait_for_url("**/sign-in")
