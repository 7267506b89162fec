"""Whether a session runs that began before its hooks were put in: an agent program reads them when a session begins."""

from tallyward.cli.checks._base import Check, ClientCheck
from tallyward.cli.doctor_facts import ClientFacts, Facts

PIDS_MAX = 5  # more names do not help to find them


class Restart(ClientCheck):
    """Every session that is open has begun since the hooks were last changed."""

    order = 15

    def judge_client(self, client: ClientFacts, facts: Facts) -> Check:  # noqa: ARG002  # the machine has no part in it
        changed = client.changed_at
        if changed is None or client.running is None:
            return self.skipped(
                "Which sessions are open, or since when the hooks are there, is not known.", client.name
            )
        old = [process.pid for process in client.running if process.started_at < changed]
        if not old:
            return self.passed("No open session is older than its hooks.", client.name)
        pids = ", ".join(str(pid) for pid in old[:PIDS_MAX])
        message = f"{len(old)} open (process {pids}) began before the hooks were there, and may report nothing."
        return self.failed(message, f"End it and start {client.title} again.", client.name)
