"""Whether the server takes rows with the token that this machine has."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts
from tallyward.errors import TallyError


class Token(DoctorCheck):
    """The token is valid and may capture."""

    order = 33

    def judge(self, facts: Facts) -> Iterator[Check]:
        if isinstance(facts.health, TallyError):
            return
        said = facts.capture_config
        if isinstance(said, TallyError):
            fix = "Run `tally connect --all --token TOKEN` with a token that has the scope capture."
            yield self.failed(said.message, fix)
        else:
            yield self.passed(f"It is valid for the tenant {said.get('tenant')!r}.")
