"""Whether the spool's folder can be written."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts


class Folder(DoctorCheck):
    """The hooks can put down what they see."""

    order = 21

    def judge(self, facts: Facts) -> Iterator[Check]:
        if facts.folder_refusal is None:
            yield self.passed(f"{facts.root} can be written.")
        else:
            fix = "Mend its owner and mode, free the disk, or choose another with TALLY_HOME."
            yield self.failed(f"{facts.root} cannot be written: {facts.folder_refusal}.", fix)
