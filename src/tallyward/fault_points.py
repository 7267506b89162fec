"""Named places where a test may stop or kill the process; outside a test, a look at an empty dictionary.

`TALLY_FAULT_POINTS=ledger.before_commit=kill` kills the process with SIGKILL when that place is reached, as a power cut
would; `=kill@20` at the twentieth time; `=hang` stops it there. Several are separated by commas. The names are part of
the tests' contract: `docs/how-to/faults.md` lists them.
"""

import os
import signal
from dataclasses import dataclass

_ACTIONS = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP}


@dataclass
class _Fault:
    """What shall happen at a place, and how often it is still to be passed before."""

    action: signal.Signals
    passes: int


def _armed(text: str) -> dict[str, _Fault]:
    armed: dict[str, _Fault] = {}
    for item in filter(None, text.split(",")):
        name, _, what = item.partition("=")
        action, _, time = what.partition("@")
        armed[name] = _Fault(_ACTIONS[action], int(time or "1") - 1)
    return armed


_ARMED = _armed(os.environ.get("TALLY_FAULT_POINTS", ""))


def reached(name: str) -> None:
    """Marks the place `name`. Does nothing unless a test armed it."""
    if name in _ARMED:
        _strike(_ARMED[name])


def _strike(fault: _Fault) -> None:
    if fault.passes > 0:
        fault.passes -= 1
        return
    os.kill(os.getpid(), fault.action)
