"""What a pull request looks like at a moment, as a point of the training series. Structure and counts, no words."""

from collections.abc import Mapping
from datetime import datetime

from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.line_protocol import Point, Value
from tallyward.domain.series import OBSERVATION, nanoseconds

HOUR_SECONDS = 3_600
# The counter of the field by the cause as the shepherd counts it.
ATTEMPTS = {"conflict": "conflict_attempts", "review": "review_fix_attempts"}


def observation(told: PullRequestSignals, attempts: Mapping[str, int] | None, now: datetime) -> Point:
    """The point. What the forge does not say is left out; so are attempts where nobody of ours counts them."""
    ages = {
        "pr_age_hours": _hours(told.created_at, now),
        "last_push_hours": _hours(told.head_at, now),
        "last_activity_hours": _hours(told.updated_at, now),
    }
    fields: dict[str, Value | None] = {
        "merge_state": told.merge_state,
        "mergeable": told.mergeable,
        "is_draft": told.draft,
        "auto_merge_enabled": told.auto_merge,
        "checks_total": told.checks_total,
        "checks_passing": told.checks_passing,
        "checks_failing": told.checks_failing,
        "reviews_approved": told.approvals,
        "reviews_changes_requested": told.changes_requested,
        "threads_total": told.threads_total,
        "threads_unresolved": told.threads_unresolved,
        **ages,
        **{name: (attempts or {}).get(cause) for cause, name in ATTEMPTS.items()},
    }
    tags = {"repo": told.repo, "pr": str(told.number), **({"author": told.author} if told.author else {})}
    known = {name: value for name, value in fields.items() if value is not None}
    return Point(OBSERVATION, tags, known, nanoseconds(now))


def _hours(since: datetime | None, now: datetime) -> int | None:
    """Whole hours, as the capture script counts them; a forge's clock that is ahead makes none of it negative."""
    return None if since is None else max(int((now - since).total_seconds()) // HOUR_SECONDS, 0)
