"""Whether anything could not be kept or delivered since this machine is connected."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts


class Losses(DoctorCheck):
    """Nothing was lost."""

    order = 41

    def judge(self, facts: Facts) -> Iterator[Check]:
        counts = {**facts.lost, "rejected": facts.counted.rejected, "corrupt": facts.counted.corrupt}
        told = ", ".join(f"{count} {reason}" for reason, count in counts.items() if count)
        if told:
            fix = f"Look into {facts.root}/spool: rejected.ndjson says why the server refused a row."
            yield self.warned(f"Not everything could be kept: {told}.", fix)
        else:
            yield self.passed("Nothing was lost.")
