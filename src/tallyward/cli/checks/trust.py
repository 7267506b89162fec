"""Whether Codex runs our hooks: it runs none that nobody has trusted, by the hash that it has now."""

from tallyward.cli.checks._base import Check, ClientCheck
from tallyward.cli.doctor_facts import ClientFacts, Facts
from tallyward.client.codex_trust import RUNNABLE
from tallyward.errors import HooksUntrusted

_FIX = "Start `codex`, type /hooks and trust those of Tallyward, or run `tally connect codex --trust`."


class Trust(ClientCheck):
    """Codex trusts each of our hooks, by its own word."""

    order = 14

    def judge_client(self, client: ClientFacts, facts: Facts) -> Check | None:  # noqa: ARG002  # the machine has no part
        if client.name != "codex" or client.held is not None:
            return None
        hooks = client.trusted
        if isinstance(hooks, HooksUntrusted):
            return self.warned(hooks.message, _FIX, client.name)
        if hooks is None:
            message = "`codex` is not on the PATH, so whether it trusts them is not known."
            return self.warned(message, "Type /hooks in Codex, or put `codex` on the PATH for the doctor.", client.name)
        if not hooks:
            return self.failed("Codex does not see them.", "Run `tally connect codex` again.", client.name)
        skipped = [hook for hook in hooks if not hook.runs]
        if skipped:
            whys = sorted({"turned off" if hook.verdict in RUNNABLE else hook.verdict for hook in skipped})
            return self.failed(f"Codex skips {len(skipped)} of {len(hooks)}: {', '.join(whys)}.", _FIX, client.name)
        return self.passed(f"Codex trusts all {len(hooks)} of them.", client.name)
