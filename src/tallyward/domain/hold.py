"""A hold: a piece of work that waits because of files that others are changing. When it begins, and how it ends.

A hold is two events: one when it begins, one when it ends, `cleared` when nothing is in its way any more, `expired`
when it has waited long enough and goes anyhow, `not_candidate` when the work went ahead, was given up or was merged
meanwhile. In between there is nothing to keep: asking again is answered from the first of the two.

How long it may wait counts from the first time it was held, so that work that is held again by others after it was
cleared does not begin anew.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from tallyward.domain.scope import HOLD_MAX, Decision, OverlapPolicy
from tallyward.domain.work_item import plain_path, require_name
from tallyward.errors import Invalid

STARTED, ENDED = "scope.hold_started", "scope.hold_ended"
REMEMBERED = timedelta(days=1)  # so long after it was let go for its time, work is not held again
HOUR = timedelta(hours=1)
Result = Literal["cleared", "expired", "not_candidate"]
Path = Annotated[str, Meta(min_length=1, max_length=1_024)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


class ScopeIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Work that is to begin: which, on what paths, whose. `pull_request` is its own, which is not in its own way."""

    project: Name
    story_id: Name
    paths: Annotated[list[Path], Meta(max_length=1_000)] = []
    agent: Name | None = None
    pull_request: Annotated[int, Meta(ge=1)] | None = None
    urgent: bool = False

    def usable(self) -> frozenset[str]:
        """The paths in the form in which they are compared. Raises Invalid for a name or path that cannot be one."""
        for field, text in (("project", self.project), ("story_id", self.story_id), ("agent", self.agent)):
            if text is not None:
                require_name(text, field)
        return frozenset(plain_path(path, "paths") for path in self.paths)


class Hold(Struct, frozen=True, kw_only=True):
    """A hold as its events tell it; `ended_at` and `result` are None while it lasts."""

    hold: str
    project: str
    story_id: str
    agent: str | None
    policy: OverlapPolicy
    paths: list[str]
    blockers: list[str]
    first_at: datetime
    since: datetime
    until: datetime
    ended_at: datetime | None = None
    result: Result | None = None

    @property
    def lasts(self) -> bool:
        return self.ended_at is None


def series_of(project: str, story_id: str) -> str:
    """The name under which the events of the holds of one story are found; names have no line breaks."""
    return f"scope_hold\n{project}\n{story_id}"


def held_since(last: Hold | None, now: datetime) -> datetime | None:
    """Since when this work has been waiting, None when it has not, or so long ago that it is another time."""
    if last is None or (last.ended_at is not None and (last.result == "not_candidate" or _forgotten(last, now))):
        return None
    return last.first_at


def _forgotten(last: Hold, now: datetime) -> bool:
    remembered = REMEMBERED if last.result == "expired" else HOLD_MAX
    return last.ended_at is not None and now - last.ended_at > remembered


def begun(told: ScopeIn, decision: Decision, policy: OverlapPolicy, last: Hold | None, now: datetime) -> dict[str, Any]:
    """The event that a hold begins. Raises Invalid for a decision that holds nothing."""
    if decision.ends_at is None:
        raise Invalid("Nothing is held.")
    return {
        "series": series_of(told.project, told.story_id),
        "project": told.project,
        "story_id": told.story_id,
        "agent": told.agent,
        "pull_request": told.pull_request,
        "policy": policy,
        "paths": list(decision.paths),
        "blockers": list(decision.blockers),
        "first_at": held_since(last, now) or now,
        "at": now,
        "until": decision.ends_at,
    }


def ended(hold: Hold, result: Result, at: datetime) -> dict[str, Any]:
    """The event that it ends: how, and the hours that it cost."""
    at = max(hold.since, min(at, hold.until) if result == "expired" else at)
    return {
        "series": series_of(hold.project, hold.story_id),
        "hold": hold.hold,
        "project": hold.project,
        "story_id": hold.story_id,
        "agent": hold.agent,
        "policy": hold.policy,
        "result": result,
        "since": hold.since,
        "at": at,
        "hours": round((at - hold.since) / HOUR, 4),
    }
