"""Merging reports is a join: any order, grouping and repetition of them tells of the same request."""

from functools import reduce
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.usage import COUNT_FIELDS, TEXT_FIELDS, Usage, UsageIn, from_report, merge, merge_all
from tests.reports import report, reports, usage
from tests.sightings import NOON

RANK = {"hook": 5, "relay": 4, "transcript": 3, "otlp": 2, "api": 1}
SOME = st.lists(reports(), min_size=1, max_size=6)


def whole_of(rows: list[UsageIn]) -> Usage:
    return reduce(merge, map(from_report, rows))


@given(reports(), reports())
def test_the_order_of_two_reports_does_not_matter(one: UsageIn, other: UsageIn) -> None:
    assert merge(from_report(one), from_report(other)) == merge(from_report(other), from_report(one))


@given(reports(), reports(), reports())
def test_the_grouping_of_three_reports_does_not_matter(one: UsageIn, two: UsageIn, three: UsageIn) -> None:
    a, b, c = map(from_report, (one, two, three))
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(SOME, st.data())
def test_a_repeated_report_changes_nothing(rows: list[UsageIn], data: st.DataObject) -> None:
    whole = whole_of(rows)
    again = from_report(data.draw(st.sampled_from(rows)))
    assert merge(whole, again) == merge(again, whole) == merge(whole, whole) == whole


@given(SOME, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_many_reports_gives_the_same_request(rows: list[UsageIn], chance: Random) -> None:
    shuffled = [*rows, *rows]
    chance.shuffle(shuffled)
    assert whole_of(shuffled) == whole_of(rows)


@given(SOME)
def test_counts_take_the_greatest_and_the_time_the_earliest(rows: list[UsageIn]) -> None:
    whole = whole_of(rows)
    assert whole.ts == min(row.ts for row in rows)
    for field in (*COUNT_FIELDS, "cache_write_1h_tokens"):
        assert getattr(whole, field) == max(getattr(row, field) for row in rows)
    reported = [row.reported_cost_micros for row in rows if row.reported_cost_micros is not None]
    assert whole.reported_cost_micros == max(reported, default=None)


@given(SOME)
def test_as_much_was_written_to_the_cache_as_the_report_that_saw_most_of_it_says(rows: list[UsageIn]) -> None:
    whole = whole_of(rows)
    written = max(row.cache_write_5m_tokens + row.cache_write_1h_tokens for row in rows)
    assert whole.cache_write_5m_tokens + whole.cache_write_1h_tokens == written
    assert whole.cache_write_5m_tokens >= 0


@given(SOME)
def test_a_text_is_the_word_of_the_best_path_and_of_equals_the_greatest(rows: list[UsageIn]) -> None:
    whole = whole_of(rows)
    for field in TEXT_FIELDS:
        claims = [
            (-1 if field in ("engineer_id", "skill_name") and value == "unknown" else RANK[row.source], value)
            for row in rows
            if (value := getattr(row, field)) is not None
        ]
        assert getattr(whole, field) == (max(claims)[1] if claims else None)


@given(SOME)
def test_seen_by_is_the_sorted_set_of_paths_and_a_merged_request_has_no_price_yet(rows: list[UsageIn]) -> None:
    whole = whole_of(rows)
    assert whole.seen_by == sorted({row.source for row in rows})
    assert (whole.cost_micros, whole.price_version) == (None, None)


@given(st.lists(reports(("k1", "k2", "K", "é")), max_size=12))
def test_a_batch_has_one_request_per_key_in_the_order_of_the_keys(rows: list[UsageIn]) -> None:
    merged = merge_all(map(from_report, rows))
    assert list(merged) == sorted({row.request_key for row in rows})
    for key, whole in merged.items():
        assert whole == whole_of([row for row in rows if row.request_key == key])


def test_a_sum_of_cache_writes_and_the_same_told_apart_are_not_counted_twice() -> None:
    told_as_a_sum = usage(source="otlp", cache_write_5m_tokens=300)
    told_apart = usage(source="transcript", cache_write_5m_tokens=100, cache_write_1h_tokens=200)

    both = merge(told_as_a_sum, told_apart)

    assert (both.cache_write_5m_tokens, both.cache_write_1h_tokens) == (100, 200)


def test_a_count_that_shrinks_from_line_to_line_keeps_its_greatest() -> None:
    lines = [usage(output_tokens=tokens) for tokens in (1, 42, 7)]

    assert reduce(merge, lines).output_tokens == 42


def test_a_report_of_an_unknown_engineer_is_of_whoever_the_token_is_bound_to() -> None:
    assert from_report(report(engineer_id="unknown"), "amy").engineer_id == "amy"
    assert from_report(report(engineer_id="bo"), "amy").engineer_id == "bo"
    assert from_report(report(engineer_id="unknown")).engineer_id == "unknown"


@pytest.mark.parametrize(
    "wrong",
    [
        {"input_tokens": -1},
        {"output_tokens": "42"},
        {"output_tokens": 1.5},
        {"request_key": ""},
        {"model": ""},
        {"ts": "2026-05-17T12:00:00"},
        {"service_tier": "cheap"},
        {"prompt": "hello"},
    ],
    ids=str,
)
def test_a_report_that_is_not_of_the_shape_is_refused(wrong: dict[str, object]) -> None:
    sent = {**msgspec.to_builtins(report()), "ts": NOON.isoformat(), **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sent, UsageIn)
