"""Whether the Python and the script that the hooks start are still where the hooks look for them."""

from tallyward.cli.checks._base import Check, ClientCheck
from tallyward.cli.doctor_facts import ClientFacts, Facts


class Programs(ClientCheck):
    """What the hooks start is there. A hook whose Python has gone is silent, as every hook is."""

    order = 12

    def judge_client(self, client: ClientFacts, facts: Facts) -> Check:  # noqa: ARG002  # the machine has no part in it
        if client.gone:
            message = f"The hooks start what is gone: {', '.join(client.gone)}."
            return self.failed(message, f"Run `tally connect {client.name}` again.", client.name)
        return self.passed("The Python and the script that the hooks start are there.", client.name)
