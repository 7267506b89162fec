"""A browser that notices what a person would not: console errors, policy violations, requests to anyone else."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ["--disable-gpu", "--disable-background-networking", "--no-first-run"]
NO_NOISE = ("error", "warning")
REPORT_VIOLATIONS = """
    addEventListener("securitypolicyviolation", (event) => {
        console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
    });
"""


def chromium_program() -> str | None:
    """The Chromium of this machine: the one that scripts/test found, else the first by name."""
    return os.environ.get("TALLY_TEST_BROWSER") or next(filter(None, map(shutil.which, PROGRAMS)), None)


def launch_options() -> dict[str, Any]:
    """How Chromium is started here: root may not use its sandbox, anyone else does."""
    return {"executable_path": chromium_program(), "args": [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]}


class Eyes:
    """What went wrong in one browser context, in words. `expected` names parts of messages that a test provokes."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.seen: list[str] = []
        self.expected: list[str] = []
        self._origin = origin
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("request", self._request)
        context.on("weberror", lambda error: self.seen.append(f"script error: {error.error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in NO_NOISE:
            self.seen.append(f"console {message.type}: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if f"{parts.scheme}://{parts.netloc}" != self._origin:
            self.seen.append(f"request to someone else: {request.url}")

    def complaints(self) -> list[str]:
        return [line for line in self.seen if not any(part in line for part in self.expected)]


@contextmanager
def looking(browser: Browser, url: str, **options: Any) -> Iterator[tuple[Page, Eyes]]:
    """A page of a context of its own; at the end nothing may be left to complain about."""
    context = browser.new_context(base_url=url, **options)
    context.set_default_timeout(10_000)
    eyes = Eyes(context, url)
    try:
        yield context.new_page(), eyes
        assert eyes.complaints() == []
    finally:
        context.close()


def sign_in(page: Page, token: str, to: str = "/") -> None:
    """Signs in as a person does."""
    page.goto(to)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"**{to}")
