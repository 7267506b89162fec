"""Pull requests by day: each on the day on which it happened, in the reader's zone."""

from tallyward.metrics.pull_request_days import PullRequestDays
from tests.ledger.metrics.facts import DAY_SECONDS, Facts


def counted(facts: Facts, **asked: object) -> list[tuple[str, int, int, int]]:
    rows = facts.measured(PullRequestDays, **asked)
    return [(row["day"].isoformat(), row["opened"], row["merged"], row["reverted"]) for row in rows]


def happen(facts: Facts, number: int, **moments: str) -> None:
    """A pull request to which this happened, at moments that are said."""
    facts.merged("feature", number)
    facts._connection.execute(
        "UPDATE pull_requests SET opened_at = %(opened)s, merged_at = %(merged)s, reverted_at = %(reverted)s"
        " WHERE number = %(number)s",
        {"number": number, "opened": None, "merged": None, "reverted": None, **moments},
    )


def test_each_thing_counts_on_its_own_day_of_the_readers_zone(facts: Facts):
    happen(facts, 1, opened="2026-05-17T22:30Z", merged="2026-05-18T22:30Z", reverted="2026-05-20T10:00Z")
    happen(facts, 2, opened="2026-05-18T10:00Z")

    assert counted(facts, since="2026-05-01Z", until="2026-06-01Z") == [
        ("2026-05-17", 1, 0, 0), ("2026-05-18", 1, 1, 0), ("2026-05-20", 0, 0, 1),
    ]  # fmt: skip
    assert counted(facts, since="2026-05-01Z", until="2026-06-01Z", tz="Europe/Paris") == [
        ("2026-05-18", 2, 0, 0), ("2026-05-19", 0, 1, 0), ("2026-05-20", 0, 0, 1),
    ]  # fmt: skip
    assert counted(facts, since="2026-05-18T22:30Z", until="2026-05-20T10:00Z") == [("2026-05-18", 0, 1, 0)]


def test_nothing_is_told_of_another_tenant_nor_of_what_is_too_old(facts: Facts):
    facts.merged("feature", 1, age_seconds=31 * DAY_SECONDS)
    facts.speak_for("other")
    facts.merged("feature", 2)
    facts.speak_for("default")

    assert counted(facts) == []


def test_with_an_engineer_or_a_repository_asked_for_only_theirs_count(facts: Facts):
    facts.merged("feature", 1)
    facts.merged("feature", 2)
    facts._connection.execute("UPDATE pull_requests SET author = 'amy' WHERE number = 1")

    assert [row[1:] for row in counted(facts, engineer="amy")] == [(0, 1, 0)]
    assert [row[1:] for row in counted(facts, repo="graph8-com/g8")] == [(0, 2, 0)]
    assert counted(facts, engineer="bo") == counted(facts, repo="acme/other") == []
