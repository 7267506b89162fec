"""Named places where a test may stop or kill the process; outside a test, a look at an empty dictionary.

`TALLY_FAULT_POINTS=ledger.before_commit=kill` kills the process with SIGKILL when that place is reached, as a power cut
would; `=hang` stops it there. The names are part of the tests' contract: `docs/how-to/faults.md` lists them.
"""

import os
import signal

_ACTIONS = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP}


def _armed(text: str) -> dict[str, signal.Signals]:
    pairs = (item.partition("=") for item in text.split(",") if item)
    return {name: _ACTIONS[action] for name, _, action in pairs}


_ARMED = _armed(os.environ.get("TALLY_FAULT_POINTS", ""))


def reached(name: str) -> None:
    """Marks the place `name`. Does nothing unless a test armed it."""
    if name in _ARMED:
        os.kill(os.getpid(), _ARMED[name])
