"""`tally doctor`: why a fire might not arrive, and what to do about it."""

import json
from typing import Annotated

import typer

from tallyward.cli import doctor_checks
from tallyward.cli.checks import Verdict


def commands(app: typer.Typer) -> None:
    app.command()(doctor)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check everything between your agent and the ledger. Ends with 1 if something fails."""
    found = doctor_checks.run()
    if as_json:
        ok = all(check.verdict is not Verdict.FAIL for check in found)
        print(json.dumps({"ok": ok, "checks": [check.shown() for check in found]}, indent=2))
    else:
        for check in found:
            print(f"{check.verdict.value}  {check.name}: {check.finding}")
            if check.fix:
                print(f"      {check.fix}")
    if any(check.verdict is Verdict.FAIL for check in found):
        raise typer.Exit(1)
