"""Whether this machine and the server agree on the time: a fire carries the time of the machine it ran on."""

from collections.abc import Iterator
from datetime import datetime

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts
from tallyward.errors import TallyError

SKEW_SECONDS_MAX = 60  # a minute off is still in the right day


class Clock(DoctorCheck):
    """The clock of this machine is right to the minute."""

    order = 32

    def judge(self, facts: Facts) -> Iterator[Check]:
        if isinstance(facts.health, TallyError):
            return
        try:
            skew = facts.asked_at - datetime.fromisoformat(str(facts.health.get("time"))).timestamp()
        except ValueError:
            yield self.warned("The server does not tell its time.", "Update the server.")
            return
        if abs(skew) > SKEW_SECONDS_MAX:
            ahead = "ahead of" if skew > 0 else "behind"
            fix = "Set this machine's clock (switch NTP on); rows carry its time."
            yield self.failed(f"This machine is {abs(skew):.0f} s {ahead} the server.", fix)
        else:
            yield self.passed("This machine and the server agree on the time.")
