"""What reviewers said twice became a lint whose message tells an agent what to do instead.

A rule counts when its text is a way out: it links to CLAUDE.md. That they run on every pull request is believed when a
workflow of a checkout says so: it runs on `pull_request` and names their folder.
"""

import re
from collections.abc import Mapping

from tallyward.accept._base import Check, Facts, Verdict, cannot_tell, green, named, red

RULES_MIN = 5
_ON_PULL_REQUEST = re.compile(r"^(?:on:.*\bpull_request\b|\s+(?:-\s+)?pull_request\b)", re.MULTILINE)


class BespokeLints(Check):
    """At least five rules of the organisation's own, applied to every pull request."""

    place = 80
    title = "Bespoke lints"
    proves = (
        "tenants/<tenant>/lints/ holds ≥ 5 rules; each message is a remediation prompt that links to CLAUDE.md; "
        "applied to every PR."
    )
    command = "grep -lr CLAUDE.md tenants/*/lints"

    @staticmethod
    def decide(facts: Facts) -> Verdict:
        """Too few is red. Enough, and no word of who runs them, is not yet green."""
        if facts.lints is None:
            return cannot_tell("the folder of tenants: start the server with --tenants.")
        mute = tuple(name for name, text in facts.lints.items() if "CLAUDE.md" not in text)
        good = len(facts.lints) - len(mute)
        value = f"{good} of {RULES_MIN}"
        if good < RULES_MIN:
            more = f" Without a link to CLAUDE.md: {named(mute)}." if mute else ""
            return red(value, f"Fewer than {RULES_MIN} rules in {facts.lints_folder}.{more}")
        applied = tuple(
            repo for repo, found in facts.checkouts.items() if _applies(found.workflows, facts.lints_folder)
        )
        if not applied:
            return cannot_tell(
                f"a workflow on pull_request that names {facts.lints_folder}, in a checkout of [accept.checkouts].",
                value,
            )
        return green(value, f"Applied to every pull request of {named(applied)}.")


def _applies(workflows: Mapping[str, str], folder: str) -> bool:
    return any(folder in text and _ON_PULL_REQUEST.search(text) for text in workflows.values())
