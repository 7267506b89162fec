"""Whether a fire truly arrives: the hook is run as the agent runs it, and the row is looked for on the server."""

from tallyward.cli.checks._base import Check, ClientCheck
from tallyward.cli.doctor_canary import Flight
from tallyward.cli.doctor_facts import ClientFacts, Facts
from tallyward.errors import TallyError

FLUSH = "Run `tally flush`, which says what is in the way, then `tally doctor` again."


class Canary(ClientCheck):
    """A made-up fire arrives as one row, without a word of its content, and counts for nobody."""

    order = 90

    def judge_client(self, client: ClientFacts, facts: Facts) -> Check:
        if isinstance(facts.health, TallyError) or isinstance(facts.capture_config, TallyError):
            return self.skipped("No canary was sent: mend the server or the token first.", client.name)
        if facts.folder_refusal is not None or client.gone:
            return self.skipped("No canary was sent: mend what is named above first.", client.name)
        flight = client.canary
        trouble = _trouble(flight)
        if trouble is not None:
            return self.failed(*trouble, client.name)
        message = f"A made-up fire arrived after {flight.seconds:.1f} s: one row, nothing of its content, not counted."
        return self.passed(message, client.name)


def _trouble(flight: Flight) -> tuple[str, str] | None:
    """What went wrong on the way, the first link that broke, and its remedy."""
    again = "Run `tally connect` for it again; if that does not help, run the hook's command by hand."
    report = "Run `tally disconnect --all` and report this as a fault."
    links = (
        (flight.hook_trouble, f"The hook {flight.hook_trouble}.", again),
        (flight.leaked_to, f"What the canary said was found in {', '.join(flight.leaked_to)}.", report),
        (flight.spooled is False, "The hook ran and put nothing into the spool.", again),
        (flight.delivery_trouble, f"The canary does not leave this machine: {flight.delivery_trouble}", FLUSH),
        (not flight.rows, f"The canary did not reach the server within {flight.seconds:.0f} s.", FLUSH),
        (flight.rows > 1, f"The canary is {flight.rows} rows on the server, not one.", "Update the server."),
    )
    return next(((message, remedy) for broken, message, remedy in links if broken), None)
