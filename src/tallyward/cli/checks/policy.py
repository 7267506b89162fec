"""Whether settings, those of a managed machine above all, keep our hooks from running."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import Facts


class Policy(DoctorCheck):
    """No settings turn hooks off, and where only managed hooks may run, ours are managed."""

    order = 13

    def judge(self, facts: Facts) -> Iterator[Check]:
        for client in facts.clients:
            if not (client.is_connected or client.is_here or client.name == "claude"):
                continue
            if client.hooks_off is not None:
                path, what = client.hooks_off
                yield self.failed(f"{path} {what}.", f"Remove it there, or ask whoever manages {path}.", client.name)
            elif client.only_managed is not None and client.held is None:
                ask = f"Ask whoever manages this machine to add what `tally connect {client.name} --managed` prints."
                yield self.failed(f"{client.only_managed} allows only managed hooks.", ask, client.name)
            else:
                yield self.passed("No settings turn hooks off.", client.name)
