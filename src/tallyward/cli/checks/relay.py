"""Whether the relay that programs on this machine rely on is there, or can be, and whether their way to it is short."""

import errno
import os
from collections.abc import Iterator

from tallyward.cli import relay_wiring
from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts
from tallyward.client import home, relay_start


class Relay(DoctorCheck):
    """What goes to the relay gets there: its port is its own, and no proxy stands between."""

    order = 22

    def judge(self, facts: Facts) -> Iterator[Check]:
        settings = relay_start.read(facts.root)
        if settings is None or not settings.uses:
            yield self.skipped("Nothing on this machine uses a relay.")
            return
        proxy = relay_wiring.proxied(os.environ) if settings.takes_hooks else None
        pid = relay_wiring.running(facts.root)
        reason = _refusal(settings.port) if pid is None else None
        if proxy is not None:
            message = f"{proxy} is set and NO_PROXY does not name 127.0.0.1, so hooks would go to the proxy."
            yield self.failed(message, "Add 127.0.0.1 to NO_PROXY, or run `tally connect claude` again.")
        elif reason is not None:
            yield self.failed(f"There is none on {settings.url}: {reason}.", "Run `tally connect --all` again.")
        elif pid is None:
            yield self.passed(f"It starts on {settings.url} with the next session.{_trouble(facts.root)}")
        else:
            yield self.passed(f"It runs on {settings.url}, process {pid}.")


def _refusal(port: int) -> str | None:
    """Why the port cannot be opened; None if it can."""
    try:
        os.close(relay_start.listening(port))
    except OSError as error:
        return "another program has taken the port" if error.errno == errno.EADDRINUSE else str(error.strerror)
    return None


def _trouble(root: str) -> str:
    """What the last one met, if it met something."""
    reason = home.read_object(f"{root}/relay/trouble").get("reason")
    return f" The last time: {reason}." if isinstance(reason, str) and reason else ""
