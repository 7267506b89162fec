"""The page of what actions led to, with actions on it: usable by everyone, at each width, in light and dark."""

from datetime import timedelta
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect

from tallyward import clock
from tallyward.domain.series import nanoseconds
from tests.browser.eyes import looking, sign_in
from tests.browser.site import Site
from tests.browser.test_people import serious
from tests.browser.test_team_page import overflow

pytestmark = pytest.mark.browser

SECOND = 10**9


def write(site: Site) -> None:
    """Thirty pull requests: all waited for, some with more done about them, one in five still open."""
    begin = nanoseconds(clock.now() - timedelta(days=2))
    lines = []
    for pr in range(1, 31):
        actions = ("wait", "request_review_fix", "merge", "resolve_conflict")[: 1 + pr % 4]
        start = f"repo=acme_shop,pr={pr}"
        lines += [f'action_taken,{start} action="{name}" {begin + n * SECOND}' for n, name in enumerate(actions)]
        if pr % 5:
            result = "success" if pr % 3 else "escalated"
            lines.append(f'outcome,{start} result="{result}",resolution_hours={pr / 3} {begin + 60 * SECOND}')
    headers = {"Authorization": f"Token {site.token('admin')}"}
    request = Request(f"{site.url}/api/v2/write", "\n".join(lines).encode(), headers)  # noqa: S310  # our own
    with urlopen(request, timeout=30) as answer:  # noqa: S310  # our own
        assert answer.status == 204


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_actions_led_to_is_usable_and_stays_in_its_window(
    site: Site, chromium: Browser, axe: str, scheme: str, width: int
):
    write(site)
    size = {"width": width, "height": 900}
    with looking(chromium, site.url, reduced_motion="reduce", color_scheme=scheme, viewport=size) as (page, _):
        sign_in(page, site.token("admin"), to="/training")
        assert serious(page, axe) == []
        assert overflow(page) <= 0
        rows = page.get_by_role("row")
        expect(rows).to_have_count(5)
        wait = rows.filter(has_text="wait")
        expect(wait).to_contain_text("8 escalated, 16 success")
        expect(wait).to_contain_text("67% of 24, the true one is 47% to 82%, 95 times in 100")
