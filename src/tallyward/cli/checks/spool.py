"""Whether what waits on this machine is on its way."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts

STUCK_SECONDS = 900.0  # three times the longest pause between two attempts


class Spool(DoctorCheck):
    """Nothing waits that nobody delivers."""

    order = 40

    def judge(self, facts: Facts) -> Iterator[Check]:
        rows, failures, age = facts.waiting_rows, facts.failures, facts.waiting_seconds
        if rows and failures:
            message = f"{rows} rows wait; {failures} attempts failed, the last: {facts.counted.last_error}"
            yield self.failed(message, "Mend what is named above, then run `tally flush`.")
        elif rows and age > STUCK_SECONDS:
            message = f"{rows} rows wait, the oldest for {age / 60:.0f} minutes, and nobody delivers them."
            yield self.failed(message, "Run `tally flush`; it says what is in the way.")
        else:
            yield self.passed(f"{rows} rows wait; last delivery: {facts.counted.last_delivery or 'none yet'}.")
