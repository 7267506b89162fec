"""Whether an agent program starts our hooks more than once for each event."""

from tallyward.cli.checks._base import Check, ClientCheck
from tallyward.cli.doctor_facts import ClientFacts, Facts


class Duplicates(ClientCheck):
    """Our hooks stand in one place only: one that is started twice costs twice the time, and is kept once."""

    order = 11

    def judge_client(self, client: ClientFacts, facts: Facts) -> Check:  # noqa: ARG002  # the machine has no part in it
        places = client.places
        if len(places) == 1:
            return self.passed("They stand in one place only.", client.name)
        told = " and ".join(str(place.path) for place in places)
        message = f"They come from {told}; each fire is told twice and kept once."
        return self.failed(message, _remedy(client), client.name)


def _remedy(client: ClientFacts) -> str:
    """What leaves one place: whoever manages the machine comes first, then the plugin, then the user's own."""
    own = [place for place in client.places if place.kind in ("user", "project")]
    if not own:
        plugin = next(place for place in client.places if place.kind == "plugin")
        return f"Turn the plugin off in {plugin.path}."
    surplus = own if len(own) < len(client.places) else own[1:]
    commands = [f"tally disconnect {client.name}{' --project' if place.kind == 'project' else ''}" for place in surplus]
    return f"Run {' and '.join(f'`{command}`' for command in commands)}."
