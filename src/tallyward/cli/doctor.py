"""`tally doctor`: why a fire might not arrive, and what to do about it."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from tallyward.cli import checks
from tallyward.cli.checks._base import Check, DoctorCheck, Status
from tallyward.cli.doctor_facts import Facts
from tallyward.plugins import found

_COLOURS = {Status.PASS: "green", Status.WARN: "yellow", Status.FAIL: "bold red", Status.SKIP: "dim"}


class Client(StrEnum):
    """The agent programs that can be looked at alone."""

    CLAUDE = "claude"
    CODEX = "codex"


def commands(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    client: Annotated[Client | None, typer.Option(help="Look at one agent program alone.")] = None,
) -> None:
    """Check everything between your agents and the ledger, with a made-up fire sent through each of them.

    The made-up fire counts for nobody. Ends with 1 if something fails.
    """
    said: list[Check] = []
    shown = Console(highlight=False, soft_wrap=True)
    with shown.status("Looking ...") if sys.stdout.isatty() and not as_json else nullcontext():
        for check in _judged(Facts(client.value if client else None)):
            said.append(check)
            if not as_json:
                _show(shown, check)
    ok = all(check.status is not Status.FAIL for check in said)
    if as_json:
        print(json.dumps({"ok": ok, "checks": [check.shown() for check in said]}, indent=2))
    if not ok:
        raise typer.Exit(1)


def _judged(facts: Facts) -> Iterator[Check]:
    """What every check says, in the order in which a fire passes the links."""
    for check in sorted((make() for make in _makers()), key=lambda one: one.order):
        yield from check.judge(facts)


def _makers() -> Iterable[Callable[[], DoctorCheck]]:
    return found(checks, DoctorCheck).values()


def _show(shown: Console, check: Check) -> None:
    named = f"{check.client} {check.check}" if check.client else check.check
    shown.print(f"{check.status.upper()}  ", style=_COLOURS[check.status], end="")
    shown.print(f"{named}: {check.message}", markup=False)
    if check.remedy:
        shown.print(f"      {check.remedy}", markup=False)
