"""The team's board as people meet it: reading, sorting, and watching it change."""

from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.eyes import looking, sign_in
from tests.browser.site import Site

pytestmark = pytest.mark.browser

LIVE_MS_MAX = 2_000
A4 = {"width": 700, "height": 1_000}  # within the margins a printer needs
SCRIPT_NAME = "<script>alert(1)</script><img src=x onerror=alert(2)>"
RIGHT_TO_LEFT = "\u202eevil\u202c \u0645\u0631\u062d\u0628\u0627"
ROCKETEERS = "\U0001f469\u200d\U0001f680" * 40
HOSTILE = (SCRIPT_NAME, RIGHT_TO_LEFT, ROCKETEERS, "100%s%d", "o'brien\"; --")
LONG = "n" * 10_000


def names(page: Page) -> list[str]:
    return page.locator("table.board tbody th bdi").all_text_contents()


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_fire_is_on_the_open_page_within_two_seconds_of_its_commit(site: Site, chromium: Browser):
    site.trace({"engineer_id": "thomas-c"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("lead"))
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        site.trace({"engineer_id": "hassan-b"}, {"engineer_id": "hassan-b"})
        expect(page.get_by_role("row", name="hassan-b")).to_contain_text("2", timeout=LIVE_MS_MAX)
        site.trace({"engineer_id": "thomas-c", "skill_name": "/ship"})
        expect(page.locator("dl.stats dd").first).to_have_text("4", timeout=LIVE_MS_MAX)


def test_an_open_page_that_was_told_to_come_back_comes_back_by_itself(site: Site, chromium: Browser):
    busy: list[str] = []

    def once_busy(route: Route) -> None:
        if busy:
            route.continue_()
            return
        busy.append(route.request.url)
        route.fulfill(status=503, body="{}")

    site.trace({"engineer_id": "thomas-c"})
    with looking(chromium, site.url) as (page, eyes):
        eyes.expected.append("503")
        sign_in(page, site.token("lead"))
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        page.route(lambda url: urlsplit(url).path == "/", once_busy)
        site.trace({"engineer_id": "hassan-b"})
        expect(page.get_by_text("Server does not answer")).to_be_visible()
        expect(page.get_by_role("row", name="hassan-b")).to_be_visible()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        assert len(busy) == 1


def test_a_live_change_leaves_the_focus_where_it_was(site: Site, chromium: Browser):
    site.trace({"engineer_id": "thomas-c"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("lead"))
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        head = page.get_by_role("link", name="Successful")
        head.focus()
        site.trace({"engineer_id": "ada-b"})
        expect(page.get_by_role("row", name="ada-b")).to_be_visible()
        expect(head).to_be_focused()


def test_an_engineer_sees_one_row_and_the_totals_of_all(site: Site, chromium: Browser):
    site.trace({"engineer_id": "thomas-c"}, {"engineer_id": "hassan-b"}, {"engineer_id": "zoe"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("engineer", "thomas-c"))
        assert names(page) == ["thomas-c"]
        expect(page.locator("dl.stats dd").first).to_have_text("3")
        assert "hassan-b" not in page.content()


def test_the_totals_of_two_people_are_not_told_to_one_of_them(site: Site, chromium: Browser):
    site.trace({"engineer_id": "thomas-c"}, {"engineer_id": "hassan-b"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("engineer", "thomas-c"))
        expect(page.locator("dl.stats dd").first).to_have_text("—")
        expect(page.get_by_text("fewer than three people")).to_be_visible()


def test_a_lead_sees_everyone_and_sorts_by_the_heads(site: Site, chromium: Browser):
    site.trace({"engineer_id": "zoe"}, {"engineer_id": "zoe"}, {"engineer_id": "abel"})
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("lead"))
        assert names(page) == ["zoe", "abel"]
        page.get_by_role("link", name="Engineer").click()
        expect(page.get_by_role("columnheader", name="Engineer")).to_have_attribute("aria-sort", "ascending")
        assert names(page) == ["abel", "zoe"]
        page.get_by_role("link", name="Fires").click()
        assert names(page) == ["zoe", "abel"]
        page.get_by_role("link", name="Fires").click()
        expect(page.get_by_role("columnheader", name="Fires")).to_have_attribute("aria-sort", "ascending")
        assert names(page) == ["abel", "zoe"]


def test_an_empty_ledger_says_what_to_do_next(site: Site, chromium: Browser):
    with looking(chromium, site.url) as (page, _):
        sign_in(page, site.token("lead"))
        expect(page.get_by_role("heading", name="No fires yet")).to_be_visible()
        expect(page.get_by_label("Command to run")).to_have_text(
            f"tally connect claude --server {site.url} --token YOUR_TOKEN"
        )


def test_the_sample_is_labelled_and_gives_way_to_the_first_real_fire(sample_site: Site, chromium: Browser):
    with looking(chromium, sample_site.url) as (page, _):
        sign_in(page, sample_site.token("engineer", "thomas-c"))
        expect(page.get_by_text("Sample data: made-up people.")).to_be_visible()
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        assert len(names(page)) > 5
        sample_site.trace({"engineer_id": "thomas-c"})
        expect(page.get_by_text("Sample data: made-up people.")).to_have_count(0, timeout=LIVE_MS_MAX)
        assert names(page) == ["thomas-c"]
        page.get_by_role("link", name="See it with sample data").click()
        expect(page.get_by_text("Sample data: made-up people.")).to_be_visible()
        page.get_by_role("link", name="Back to your own data").click()
        assert names(page) == ["thomas-c"]


def test_hostile_names_are_shown_as_text_and_break_nothing(site: Site, database_url: str, chromium: Browser):
    site.trace(*({"engineer_id": name, "skill_name": name} for name in HOSTILE))
    with psycopg.connect(database_url) as connection:
        # Longer than the API takes: the organisation's own SQL may write to this table too.
        connection.execute("SELECT set_config('tally.tenant', 'default', false)")
        connection.execute(
            "INSERT INTO skill_invocations (engineer_id, skill_name, runtime, status)"
            " VALUES (%s, %s, 'modal', 'success')",
            (LONG, LONG),
        )
    with looking(chromium, site.url, viewport={"width": 1280, "height": 800}) as (page, _):
        page.on("dialog", lambda dialog: pytest.fail(f"a name ran as a script: {dialog.message}"))
        sign_in(page, site.token("lead"))
        shown = names(page)
        assert set(HOSTILE[:1]) | set(HOSTILE[3:]) <= set(shown)
        assert len(shown) == len(HOSTILE) + 1
        assert max(map(len, shown)) <= 120
        assert page.locator("table.board img, table.board script").count() == 0
        assert overflow(page) <= 0
        tallest = page.evaluate("Math.max(...[...document.querySelectorAll('tbody tr')].map(row => row.offsetHeight))")
        assert tallest < 60


@pytest.mark.parametrize("width", [360, 390, 768, 1600])
def test_no_page_is_wider_than_its_window(sample_site: Site, chromium: Browser, width: int):
    sample_site.trace({"engineer_id": "thomas-c"})
    with looking(chromium, sample_site.url, viewport={"width": width, "height": 800}) as (page, _):
        sign_in(page, sample_site.token("admin"))
        for address in ("/", "/?sample=1", "/me", "/agents", "/tokens"):
            page.goto(address)
            assert overflow(page) <= 0, address


def test_the_board_fits_on_paper_in_light_colours(sample_site: Site, chromium: Browser):
    with looking(chromium, sample_site.url, viewport=A4, color_scheme="dark") as (page, _):
        sign_in(page, sample_site.token("lead"))
        page.emulate_media(media="print")
        assert overflow(page) <= 0
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


def test_the_board_is_read_and_sorted_without_scripts(site: Site, chromium: Browser):
    site.trace({"engineer_id": "zoe"}, {"engineer_id": "zoe"}, {"engineer_id": "abel"})
    with looking(chromium, site.url, java_script_enabled=False) as (page, _):
        sign_in(page, site.token("lead"))
        page.get_by_role("link", name="Engineer").click()
        assert names(page) == ["abel", "zoe"]
        assert page.get_by_text("Live", exact=True).is_hidden()
