"""Draws the pictures in docs/screenshots from the real pages, with made-up people. Run it with scripts/screenshots."""

import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tallyward import clock
from tallyward.ledger.migrate import migrate
from tallyward.redact import Secret
from tests.browser.eyes import launch_options, looking, sign_in
from tests.browser.site import Site, running
from tests.databases import databases

PICTURES = Path(__file__).parents[2] / "docs/screenshots"
SEED = 17
# The pages that the sample fills; each is taken light, narrow and, where it is more than a table, dark.
SAMPLED = {
    "skills": "/skills?sample=1", "agents": "/agents?sample=1",
    "pull-requests": "/pull-requests?sample=1", "sessions": "/sessions?sample=1",
    "session": "/sessions/sample-sample-bo-2?sample=1", "cost": "/cost?sample=1", "capture": "/capture?sample=1",
    "rates": "/rates?sample=1", "shepherd": "/shepherd?sample=1", "accept": "/accept",
    "audit": "/audit", "fires": "/fires?sample=1&kind=skill,agent,mcp",
}  # fmt: skip
LAPTOP, TALL, PHONE, WALL = (1280, 800), (1280, 1000), (390, 844), (2560, 1440)
MONTH_SECONDS = 30 * 86_400 - 600
PLAIN = ("sessions", "fires", "audit")  # a table alone, which the dark pictures of the others show too
SATURDAY, QUIET_WEEKEND = 5, 0.85
PROMPT_EVERY = 8  # about as many fires as one prompt leads to
USES = (
    ("/start", "skill", 30), ("/ship", "skill", 22), ("/investigate-bug", "skill", 9), ("code-reviewer", "agent", 12),
    ("mcp__tracker__search", "mcp", 7), ("Bash", "tool", 90), ("Edit", "tool", 60), ("Read", "tool", 80),
)  # fmt: skip


def month_of(engineer: str, total: int) -> Iterator[dict[str, Any]]:
    """A made-up month of one engineer with quiet weekends, the newest fire a minute ago."""
    rng = random.Random(SEED + total)  # noqa: S311  # the same picture each time, not a secret
    taste = [weight * rng.uniform(0.2, 1.8) for _, _, weight in USES]
    now = clock.now()
    for number in range(total):
        at = now - timedelta(seconds=60 + (rng.uniform(0, MONTH_SECONDS) if number else 0))
        if at.weekday() >= SATURDAY and rng.random() < QUIET_WEEKEND:
            at = max(at - timedelta(days=at.weekday() - SATURDAY + 1), now - timedelta(seconds=MONTH_SECONDS))
        name, kind, _ = rng.choices(USES, taste)[0]
        row = {"engineer_id": engineer, "ts": clock.iso(at), "session_id": f"{engineer}-{at:%d}-{rng.randrange(3)}"}
        yield {
            **row,
            "skill_name": name,
            "kind": kind,
            "status": rng.choices(("success", "error", "abandoned"), (92, 6, 2))[0],
            "latency_ms": round(rng.lognormvariate(7.0, 1.2)),
            "repo": rng.choice(("sample-org/app", "sample-org/infra")),
        }
        if number % PROMPT_EVERY == 0:
            yield {**row, "skill_name": "session", "kind": "session", "latency_ms": rng.randrange(20_000, 400_000)}


def take(browser: Browser, site: Site, name: str, address: str, **look: Any) -> None:
    """One picture of one page, from top to bottom or only what the window shows."""
    width, height = look.pop("size", LAPTOP)
    token, whole = look.pop("token", None), look.pop("whole", True)
    options = {"viewport": {"width": width, "height": height}, "reduced_motion": "reduce", **look}
    with looking(browser, site.url, **options) as (page, _):
        if token:
            sign_in(page, token, to="/")
            page.goto(address)
            if address in ("/", "/me"):
                page.get_by_text("Live", exact=True).wait_for()
        else:
            page.goto(address)
        page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)


def draw(browser: Browser, empty: Site, full: Site) -> None:
    """All pictures: the boards of made-up people, and every other page with the sample."""
    lead = full.token("lead")
    for scheme in ("light", "dark"):
        take(browser, full, f"team-{scheme}", "/", token=lead, color_scheme=scheme)
        own = full.token("engineer", "mona-ortega")
        take(browser, full, f"me-{scheme}", "/me", token=own, size=TALL, whole=False, color_scheme=scheme)
    take(browser, full, "team-narrow", "/", token=lead, size=PHONE)
    take(browser, full, "me-narrow", "/me", token=own, size=PHONE, whole=False, color_scheme="dark")
    take(browser, full, "team-wide", "/", token=lead, size=WALL, whole=False)
    take(browser, full, "team-of-one", "/", token=own)
    take(browser, full, "tokens", "/tokens", token=full.token("admin"))
    take(browser, empty, "sample", "/", token=empty.token("engineer"))
    take(browser, empty, "sign-in", "/sign-in")
    admin = empty.token("admin")
    for name, address in SAMPLED.items():
        for scheme in ("light",) if name in PLAIN else ("light", "dark"):
            size = LAPTOP if name in PLAIN else TALL
            take(browser, empty, f"{name}-{scheme}", address, token=admin, size=size, whole=False, color_scheme=scheme)
        take(browser, empty, f"{name}-narrow", address, token=admin, size=PHONE, whole=False)


def main() -> int:
    PICTURES.mkdir(parents=True, exist_ok=True)
    people = {"mona-ortega": 1_900, "thomas-c": 1_250, "hassan-b": 900, "priya-raman": 610, "liu-wei": 420}
    more = {"noor-el-amin": 260, "sven-aa": 130, "kofi-mensah": 75, "yuki-tanaka": 31, "carlos-q": 6}
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as found:
        urls = [found.url(found.create()) for _ in range(2)]
        for url in urls:
            migrate(Secret(url))
        with running(urls[0], with_sample=True) as empty, running(urls[1]) as full, sync_playwright() as playwright:
            for engineer, total in {**people, **more}.items():
                full.trace(*month_of(engineer, total))
            browser = playwright.chromium.launch(**launch_options())
            draw(browser, empty, full)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
