"""Whether the server answers."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts
from tallyward.errors import TallyError


class Server(DoctorCheck):
    """The server can be reached, and is well."""

    order = 30

    def judge(self, facts: Facts) -> Iterator[Check]:
        health = facts.health
        if isinstance(health, TallyError):
            yield self.failed(health.message, health.remedy)
        else:
            yield self.passed(f"{facts.config.server} answers, version {health.get('version')}.")
