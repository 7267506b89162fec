"""The page of the rates with both rates drawn: usable by everyone, at the width of a phone and of a desk."""

import msgspec
import pytest
from playwright.sync_api import Browser, expect

from tallyward.domain.access import Principal
from tallyward.domain.work_item import TransitionIn
from tests.browser.eyes import looking, sign_in
from tests.browser.site import Site
from tests.browser.test_people import serious
from tests.browser.test_team_page import HOSTILE, overflow

pytestmark = pytest.mark.browser

MOVER = Principal(token_id=0, tenant="default", name="tests", scopes=frozenset({"dispatch"}))


def merge_all(site: Site, marks: str) -> None:
    project = "".join(letter for letter in HOSTILE if letter.isprintable())[:120] or "web"
    for number, mark in enumerate(marks):
        told = msgspec.convert({"phase": "merged", "attempts": 2 if mark == "x" else 1}, TransitionIn)
        site.wait_for(site.app.state.work.move(MOVER, project, f"S-{number}", told))


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_drawn_rates_are_usable_and_stay_in_their_window(
    site: Site, chromium: Browser, axe: str, width: int, scheme: str
):
    merge_all(site, "." * 60 + "x" * 20 + "." * 40)
    size = {"width": width, "height": 900}
    with looking(chromium, site.url, reduced_motion="reduce", color_scheme=scheme, viewport=size) as (page, _):
        sign_in(page, site.token("lead"), to="/")
        page.goto("/rates")
        expect(page.locator(".rate-line")).to_have_count(2)
        expect(page.get_by_role("region", name="Turns, newest first")).to_contain_text("down")
        assert serious(page, axe) == []
        assert overflow(page) <= 0
