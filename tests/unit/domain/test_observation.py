"""A look at a pull request as a point: the organisation's own names, and nothing that nobody said."""

from datetime import UTC, datetime, timedelta

from tallyward.domain.forge import Check, PullRequestSignals
from tallyward.domain.observation import observation
from tallyward.domain.series import MEASUREMENTS, Schema, nanoseconds

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
TOLD = PullRequestSignals(
    forge="github", repo="acme/shop", number=7, state="open", draft=False, author="jules[bot]", head_branch="b",
    head_sha="a" * 40, base_branch="main", created_at=NOW - timedelta(hours=48, minutes=59),
    updated_at=NOW + timedelta(minutes=3),
)  # fmt: skip


def test_what_a_forge_does_not_say_is_left_out():
    point = observation(TOLD, None, NOW)

    assert point.tags == {"repo": "acme/shop", "pr": "7", "author": "jules[bot]"}
    assert point.ns == nanoseconds(NOW)
    assert point.fields == {
        "merge_state": "UNKNOWN", "is_draft": False, "auto_merge_enabled": False, "checks_total": 0,
        "checks_passing": 0, "checks_failing": 0, "reviews_approved": 0, "reviews_changes_requested": 0,
        "pr_age_hours": 48, "last_activity_hours": 0,
    }  # fmt: skip


def test_a_forge_that_says_everything_gives_every_field_of_the_schema():
    checks = [Check(name="a", status="completed", conclusion=end) for end in ("success", "skipped", "failure")]
    whole = {
        "mergeable": True, "merge_state": "BEHIND", "auto_merge": True, "approvals": 2, "changes_requested": 1,
        "threads_total": 5, "threads_unresolved": 3, "head_at": NOW - timedelta(hours=2), "draft": True,
        "checks": [*checks, Check(name="b", status="queued")],
    }  # fmt: skip
    told = PullRequestSignals(**{name: getattr(TOLD, name) for name in TOLD.__struct_fields__} | whole)
    point = observation(told, {"conflict": 1, "review": 2, "resolve": 9}, NOW)

    assert set(point.fields) == set(MEASUREMENTS["pr_observation"].fields)
    assert [point.fields[f"checks_{name}"] for name in ("total", "passing", "failing")] == [4, 2, 1]
    assert (point.fields["conflict_attempts"], point.fields["review_fix_attempts"]) == (1, 2)
    others = ("threads_total", "threads_unresolved", "last_push_hours")
    assert [point.fields[name] for name in others] == [5, 3, 2]
    assert Schema().admit(point, NOW).fields == point.fields
