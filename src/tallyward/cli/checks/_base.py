"""What a check of `tally doctor` is: facts in, what it says out, nothing touched.

The facts are gathered in `cli/doctor_facts.py`, each when the first check asks for it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

from tallyward.cli.doctor_facts import ClientFacts, Facts


class Status(StrEnum):
    """How a check came out. Only `fail` ends the command with 1."""

    PASS = "pass"  # noqa: S105  # a word, not a password
    WARN = "warn"
    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True)
class Check:
    """What one check found, and the remedy where one is needed. `client` is None for the machine as a whole."""

    client: str | None
    check: str
    status: Status
    message: str
    remedy: str = ""

    def shown(self) -> dict[str, str | None]:
        return asdict(self)


class DoctorCheck(ABC):
    """One thing that may be wrong on this machine. The name of the file is the name of the check."""

    # Where in the order of the checks: that in which a fire passes the links of the chain.
    order: int

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    @abstractmethod
    def judge(self, facts: Facts) -> Iterator[Check]:
        """What this check says of the machine."""

    def passed(self, message: str, client: str | None = None) -> Check:
        return Check(client, self.name, Status.PASS, message)

    def warned(self, message: str, remedy: str, client: str | None = None) -> Check:
        return Check(client, self.name, Status.WARN, message, remedy)

    def failed(self, message: str, remedy: str, client: str | None = None) -> Check:
        return Check(client, self.name, Status.FAIL, message, remedy)

    def skipped(self, message: str, client: str | None = None) -> Check:
        return Check(client, self.name, Status.SKIP, message)


class ClientCheck(DoctorCheck):
    """One thing that may be wrong with an agent program. It is asked for each that is connected."""

    def judge(self, facts: Facts) -> Iterator[Check]:
        for client in facts.clients:
            if client.is_connected and client.unreadable is None:
                said = self.judge_client(client, facts)
                if said is not None:
                    yield said

    @abstractmethod
    def judge_client(self, client: ClientFacts, facts: Facts) -> Check | None:
        """What this check says of one agent program; None if it has nothing to say of it."""
