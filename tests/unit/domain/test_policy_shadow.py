"""Promotion: refused for every kind of thing that was not seen, and for less than 95 of 100."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tallyward.domain.policy_shadow import Compared, Standing, agreement, compared, refusals

NOW = datetime.fromisoformat("2026-05-20T00:00:00Z")
ME = "tree/1"
LONG = Standing(phase="shadow", policy=ME, since=NOW - timedelta(days=8))


def week(count: int = 336, **changes: Any) -> list[Compared]:
    """A decision each half hour for a week, a third of them to merge, all of them agreed upon."""
    step = timedelta(days=7) / count
    return [
        Compared(
            subject=f"s{number % 40}", at=NOW - step * (count - 1 - number),
            **({"by_rules": _what(number), "policy": ME, "by_policy": _what(number)} | changes),
        )
        for number in range(count)
    ]  # fmt: skip


def _what(number: int) -> str:
    return "merge" if number % 3 == 0 else "wait"


def but(rows: list[Compared], places: range, **changes: Any) -> list[Compared]:
    return [msgspec.structs.replace(row, **changes) if place in places else row for place, row in enumerate(rows)]


def refused(rows: list[Compared], standing: Standing = LONG) -> list[str]:
    return refusals(standing, agreement(rows, ME, NOW), NOW)


def test_a_week_of_agreement_refuses_nothing():
    assert refused(week()) == []


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (but(week(), range(5, 6), policy=None, by_policy=None), "1 of 336 decisions were not compared."),
        (but(week(), range(5, 6), policy="tree/2"), "1 of 336 decisions were not compared."),
        (but(week(), range(5, 6), by_policy=None), "1 of 336 decisions were not compared."),
        (week()[:100] + week()[150:], "Nothing was compared for 26 hours."),
        (week()[60:], "Nothing was compared for 30 hours."),
        (week()[:-60], "Nothing was compared for 30 hours."),
        (week(150), "150 of 200 decisions were compared."),
        (but(week(), range(36), by_policy="escalate"), "It agrees in 89.3% of 336 decisions; 95% is needed."),
        ([], "It agrees in none of 0 decisions."),
    ],
)
def test_what_was_not_seen_or_not_agreed_upon_refuses_it(rows: list[Compared], says: str):
    assert says in refused(rows)


def test_waiting_together_does_not_hide_that_it_would_not_act():
    rows = but(week(), range(0, 45, 3), by_policy="wait")

    assert agreement(rows, ME, NOW).agreement.value == pytest.approx(1 - 15 / 336)
    assert refused(rows) == ["Where either would act it agrees in 86.6% of 112 decisions; 95% is needed."]


def test_few_pull_requests_are_too_few_however_many_decisions():
    rows = [msgspec.structs.replace(one, subject="s1") for one in week()]

    assert refused(rows) == ["1 of 20 pull requests were compared."]


def test_less_than_a_week_in_the_shadow_is_too_short_and_off_or_promoted_is_neither():
    young = Standing(phase="shadow", policy=ME, since=NOW - timedelta(days=6))

    assert refused(week(), young) == ["It has been in the shadow since 2026-05-14 00:00, which is less than 7 days."]
    assert refused(week(), Standing(phase="off")) == ["No policy is in the shadow."]
    assert refused(week(), Standing(phase="promoted", policy=ME, since=LONG.since)) == ["It is promoted already."]


def test_nearly_right_is_not_right_and_is_told_by_name():
    found = agreement(but(week(), range(1), by_policy="update_branch"), ME, NOW)

    assert found.differences == {"merge -> update_branch": 1}


def test_what_is_older_than_a_week_counts_no_more():
    old = [Compared(subject="s", at=NOW - timedelta(days=7), by_rules="wait", policy=None, by_policy=None)]

    assert agreement(old + week(), ME, NOW).missing == 0


def test_a_decision_without_a_word_from_the_shadow_is_a_missing_comparison():
    row = compared({"subject": "s", "action": "merge", "shadow": {"failed": "ValueError"}}, NOW)

    assert (row.by_rules, row.policy, row.by_policy) == ("merge", None, None)
