"""A report on a learned policy: tested on later and other pull requests, with intervals that know rows are not free."""

import random
from datetime import datetime, timedelta

import msgspec
import pytest

from tallyward.domain import policy_report
from tallyward.domain.policy_report import report, share, split, split_at, too_little, too_little_to_test
from tallyward.domain.policy_rows import DecisionRow
from tallyward.domain.rate import rate

BEGIN = datetime.fromisoformat("2026-05-01T00:00:00Z")


def draw(below: int) -> int:
    return DICE.randrange(below)


DICE = random.Random(1)  # noqa: S311  # intervals of a test


def row(pull: int, hours: float, action: str = "wait") -> DecisionRow:
    return DecisionRow(subject=f"s{pull}", at=BEGIN + timedelta(hours=hours), policy="rules/1", action=action, state={})


def history(pulls: int, rows_each: int = 10) -> list[DecisionRow]:
    """Pull requests one after the other, of which each waits and is merged in the end."""
    found = [
        row(pull, pull * 10 + place, "merge" if place == rows_each - 1 else "wait")
        for pull in range(pulls)
        for place in range(rows_each)
    ]
    return sorted(found, key=lambda one: one.at)


def test_too_little_is_told_with_what_there_is_and_what_it_would_take():
    assert too_little(history(100)) == []
    assert too_little(history(2)) == ["20 of 500 decisions", "2 of 60 pull requests"]
    assert too_little([row(pull, pull) for pull in range(600)]) == ["1 of 2 different actions"]
    assert too_little_to_test(split(history(100))) == []
    assert too_little_to_test(split(history(60))) == ["18 of 20 pull requests after the cut"]


def test_what_is_tested_with_is_later_and_of_no_pull_request_that_was_learned_from():
    rows = sorted([*history(100), row(3, 5_000, "escalate")], key=lambda one: one.at)
    found = split(rows)

    assert max(one.at for one in found.learn) < found.at <= min(one.at for one in found.test)
    assert {one.subject for one in found.learn}.isdisjoint({one.subject for one in found.test})
    assert found.on_both_sides >= 1
    assert split_at(rows, found.at) == found


def test_a_copy_of_the_table_agrees_and_one_that_waits_is_no_better_than_waiting():
    found = split(history(100))
    copy = report(found, [one.action for one in found.test], draw)
    lazy = report(found, ["wait"] * len(found.test), draw)

    assert (copy.agreement.value, copy.agreement_when_acting.value, copy.majority_action) == (1.0, 1.0, "wait")
    assert (lazy.agreement.value, lazy.always_wait.value, lazy.agreement_when_acting.value) == (0.9, 0.9, 0.0)
    assert lazy.gain.value == 0.0
    assert copy.gain.low is not None
    assert copy.gain.low > 0


def test_precision_and_recall_are_told_of_each_action_with_their_number_of_cases():
    found = split(history(100))
    eager = ["merge" if number % 2 else one.action for number, one in enumerate(found.test)]
    by_name = {one.action: one for one in report(found, eager, draw).actions}
    merges = sum(one.action == "merge" for one in found.test)

    assert (by_name["merge"].recall.value, by_name["merge"].recall.n) == (1.0, merges)
    assert by_name["merge"].precision.n > merges
    assert by_name["wait"].precision.value == 1.0
    assert by_name["merge"].learnt


def test_an_action_that_few_pull_requests_needed_is_named_as_not_learnt():
    rows = [msgspec.structs.replace(one, action="escalate") if one.subject == "s1" else one for one in history(100)]
    by_name = {one.action: one for one in report(split(rows), [one.action for one in split(rows).test], draw).actions}

    assert (by_name["escalate"].learnt, by_name["escalate"].recall.value) == (False, None)


def test_rows_of_one_pull_request_are_not_taken_for_independent():
    subjects = [f"s{number // 20}" for number in range(400)]
    values = [float(number // 20 % 4 != 0) for number in range(400)]
    found, wilson = share(subjects, values, draw), rate(300, 400)
    assert found.low is not None
    assert found.high is not None
    assert wilson.low is not None
    assert wilson.high is not None

    assert found.high - found.low > 2 * (wilson.high - wilson.low)
    assert (found.n, found.pull_requests, found.value) == (400, 20, 0.75)


@pytest.mark.parametrize(("values", "value"), [([1.0] * 30, 1.0), ([0.0] * 30, 0.0)])
def test_where_all_agree_the_interval_is_not_a_point(values: list[float], value: float):
    found = share([f"s{number // 3}" for number in range(30)], values, draw)
    wilson = rate(int(value) * 10, 10)

    assert (found.value, found.low, found.high) == (value, wilson.low, wilson.high)
    assert share([], [], draw).value is None
    assert policy_report.DRAWS >= 1_000
