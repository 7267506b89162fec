"""A level of trust that a person sets by hand: for all or for one agent, with a reason, and for a time that ends.

What was set is told by two kinds of event and by nothing else: `trust.overridden`, and `trust.override_ended` when it
was ended, replaced or ran out. Time alone ends one, whether or not the event that says so was written yet.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from tallyward.domain.access import Principal
from tallyward.domain.trust import Level, Trust
from tallyward.errors import Invalid, ScopeMissing

OVERRIDDEN, ENDED = "trust.overridden", "trust.override_ended"
OVERRIDE_MAX = timedelta(days=30)
End = Literal["ended", "replaced", "expired"]
Agent = Annotated[str, Meta(min_length=1, max_length=200)]


class OverrideIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A level that is to hold until a moment, for one agent or, where none is named, for all."""

    level: Level
    reason: Annotated[str, Meta(min_length=1, max_length=200)]
    until: datetime
    agent: Agent | None = None


class EndIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Which override shall end: that of one agent or, where none is named, that for all."""

    agent: Agent | None = None


class Override(Struct, frozen=True, kw_only=True):
    """A level that a person set by hand, from one moment until another."""

    id: str
    level: Level
    agent: str | None
    by: str
    reason: str
    since: datetime
    until: datetime

    def holds(self, now: datetime) -> bool:
        return self.since <= now < min(self.until, self.since + OVERRIDE_MAX)


def overridden(found: Trust, override: Override | None, *, now: datetime) -> Trust:
    """The level with what a person set by hand, while that holds. An agent's word about its own trust is none."""
    if override is None or not override.holds(now) or override.by == override.agent:
        return found
    return Trust(override.level, f"set by {override.by}: {override.reason}")


def require_person(principal: Principal, agents: Collection[str]) -> str:
    """The name under which this token may set trust. Raises ScopeMissing for an agent's and for a machine's token.

    A token that reports work and is bound to nobody is a machine's: who moves work does not also say how far to trust
    whoever does it. One that is bound to somebody who works as an agent, or is named like one, is an agent's.
    """
    name = principal.engineer_id or principal.name
    if name in agents or principal.name in agents:
        raise ScopeMissing("An agent sets no trust, its own least of all; a person has to.")
    if principal.engineer_id is None and "dispatch" in principal.scopes and "admin" not in principal.scopes:
        raise ScopeMissing("This token reports work and is nobody's; whoever sets trust is a person.")
    return name


def require_usable(told: OverrideIn, now: datetime) -> None:
    """Raises Invalid for an override that says no moment, a past one, or one that is too far away."""
    if told.until.tzinfo is None:
        raise Invalid("until needs a time zone, such as 2026-05-17T14:23:01Z.", field="until")
    if not now < told.until <= now + OVERRIDE_MAX:
        raise Invalid(f"until must lie within the next {OVERRIDE_MAX.days} days.", field="until")
    for field in ("reason", "agent"):
        text = getattr(told, field)
        if text is not None and not (text.isprintable() and text.strip()):
            raise Invalid(f"{field} must have characters that can be printed.", field=field)


def standing(newest_first: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str | None, dict[str, Any]]:
    """What the events leave standing: by agent, None for all, the facts of the override that nothing has ended."""
    last: dict[str | None, dict[str, Any] | None] = {}
    for kind, payload in newest_first:
        last.setdefault(payload.get("agent"), dict(payload) if kind == OVERRIDDEN else None)
    return {agent: payload for agent, payload in last.items() if payload is not None}
