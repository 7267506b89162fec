"""Whether the settings of each agent program hold our hooks, in the form that this installation writes."""

from collections.abc import Iterator

from tallyward.cli.checks._base import Check, DoctorCheck
from tallyward.cli.doctor_facts import ClientFacts, Facts


class Hooks(DoctorCheck):
    """Our hooks are there, and they are this installation's."""

    order = 10

    def judge(self, facts: Facts) -> Iterator[Check]:
        connected = [client for client in facts.clients if client.is_connected]
        for client in facts.clients:
            if client in connected:
                yield self._of(client)
            elif client.is_here or (client.name == "claude" and not connected):
                say = self.warned if connected else self.failed
                message = f"{client.title} is not connected: no settings hold our hooks."
                yield say(message, f"Run `tally connect {client.name}`.", client.name)

    def _of(self, client: ClientFacts) -> Check:
        if client.unreadable is not None:
            return self.failed(client.unreadable.message, client.unreadable.remedy, client.name)
        first = client.places[0]
        if first.is_stale:
            message = f"Those in {first.path} are of another installation or version."
            return self.warned(message, f"Run `tally connect {client.name}` again.", client.name)
        return self.passed(f"They are in {first.path}{f', {first.what}' if first.what else ''}.", client.name)
