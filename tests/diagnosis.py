"""What `tally doctor --json` says, by check; those of another program than Claude Code begin with its name."""

import json
from typing import Any


def read(printed: str | bytes) -> dict[str, dict[str, Any]]:
    return {named(check): check for check in json.loads(printed)["checks"]}


def named(check: dict[str, Any]) -> str:
    program = check["client"]
    return check["check"] if program in (None, "claude") else f"{program} {check['check']}"
