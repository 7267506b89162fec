"""Whether a learned policy that only watches has agreed with the rule table for long enough, and well enough.

Agreement is of exact actions: to merge where the table waits is not nearly right. A decision without a comparison is
not left out, it is a reason to refuse, and so is a time without decisions: what was not seen was not agreed upon. Waits
are most of all decisions, so agreement is asked for where either of the two would act, too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Literal

from msgspec import Struct

from tallyward.domain.rate import Rate, rate

SHADOW_ON, SHADOW_OFF, PROMOTED, REFUSED = (
    "policy.shadow_on",
    "policy.shadow_off",
    "policy.promoted",
    "policy.promotion_refused",
)
WINDOW = timedelta(days=7)
AGREEMENT_MIN = 0.95
COMPARED_MIN, PULLS_MIN = 200, 20
GAP_MAX = timedelta(hours=24)
WAIT = "wait"
NEVER_ALONE = "In this release no learned policy acts: a promoted one goes on watching, and the rule table decides."
Phase = Literal["off", "shadow", "promoted"]


class Compared(Struct, frozen=True, kw_only=True):
    """One decision of the rule table, and what the policy in the shadow would have done; None: nobody asked it."""

    subject: str
    at: datetime
    by_rules: str
    policy: str | None
    by_policy: str | None


class Agreement(Struct, frozen=True, kw_only=True):
    """The comparisons of the last seven days. `missing` are decisions that were not compared with this policy."""

    since: datetime
    until: datetime
    decisions: int
    missing: int
    pull_requests: int
    longest_gap_hours: float
    agreement: Rate
    when_acting: Rate
    differences: dict[str, int]


class Standing(Struct, frozen=True, kw_only=True):
    """Which policy is where: none, in the shadow, or promoted, which in this release is the shadow still."""

    phase: Phase
    policy: str | None = None
    since: datetime | None = None


def compared(payload: dict[str, Any], at: datetime) -> Compared:
    """A decision as it is kept, as a comparison."""
    shadow: dict[str, Any] = payload.get("shadow") or {}
    return Compared(
        subject=str(payload.get("subject")),
        at=at,
        by_rules=str(payload.get("action")),
        policy=shadow.get("policy"),
        by_policy=shadow.get("action"),
    )


def agreement(rows: Sequence[Compared], policy: str, now: datetime) -> Agreement:
    """What the decisions of the window say about one policy; `rows` are in the order of their time."""
    since = now - WINDOW
    inside = [row for row in rows if since < row.at <= now]
    known = [row for row in inside if row.policy == policy and row.by_policy is not None]
    acting = [row for row in known if row.by_rules != WAIT or row.by_policy != WAIT]
    marks = [since, *(row.at for row in known), now]
    gap = max(after - before for before, after in pairwise(marks))
    differences: dict[str, int] = {}
    for row in known:
        if row.by_rules != row.by_policy:
            pair = f"{row.by_rules} -> {row.by_policy}"
            differences[pair] = differences.get(pair, 0) + 1
    return Agreement(
        since=since,
        until=now,
        decisions=len(inside),
        missing=len(inside) - len(known),
        pull_requests=len({row.subject for row in known}),
        longest_gap_hours=round(gap / timedelta(hours=1), 2),
        agreement=rate(sum(row.by_rules == row.by_policy for row in known), len(known)),
        when_acting=rate(sum(row.by_rules == row.by_policy for row in acting), len(acting)),
        differences=dict(sorted(differences.items())),
    )


def refusals(standing: Standing, found: Agreement | None, now: datetime) -> list[str]:
    """Why the policy may not be promoted, one sentence each; empty where it may."""
    if standing.phase == "promoted":
        return ["It is promoted already."]
    if standing.phase == "off" or found is None or standing.since is None:
        return ["No policy is in the shadow."]
    compared_rows = found.decisions - found.missing
    said = {
        f"It has been in the shadow since {standing.since:%Y-%m-%d %H:%M}, which is less than 7 days.": (
            now - standing.since < WINDOW
        ),
        f"{found.missing} of {found.decisions} decisions were not compared.": found.missing > 0,
        f"{compared_rows} of {COMPARED_MIN} decisions were compared.": compared_rows < COMPARED_MIN,
        f"{found.pull_requests} of {PULLS_MIN} pull requests were compared.": found.pull_requests < PULLS_MIN,
        f"Nothing was compared for {found.longest_gap_hours:.0f} hours.": (
            timedelta(hours=found.longest_gap_hours) > GAP_MAX
        ),
        _below("It agrees", found.agreement): _low(found.agreement),
        _below("Where either would act it agrees", found.when_acting): _low(found.when_acting),
    }
    return [sentence for sentence, holds in said.items() if holds]


def _low(found: Rate) -> bool:
    return found.value is None or found.value < AGREEMENT_MIN


def _below(begin: str, found: Rate) -> str:
    if found.value is None:
        return f"{begin} in none of 0 decisions."
    return f"{begin} in {found.value:.1%} of {found.n} decisions; {AGREEMENT_MIN:.0%} is needed."
