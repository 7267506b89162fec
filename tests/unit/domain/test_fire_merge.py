"""Merging sightings is a join: any order, grouping and repetition of them tells of the same fire."""

from functools import reduce
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.fire import AMOUNT_FIELDS, TEXT_FIELDS, FireIn, merge, merge_all
from tests.sightings import SOURCES, fire, sightings

RANK = {"hook": 5, "relay": 4, "transcript": 3, "otlp": 2, "api": 1}
SOME = st.lists(sightings(), min_size=1, max_size=6)


@given(sightings(), sightings())
def test_the_order_of_two_sightings_does_not_matter(one: FireIn, other: FireIn) -> None:
    assert merge(fire(one), fire(other)) == merge(fire(other), fire(one))


@given(sightings(), sightings(), sightings())
def test_the_grouping_of_three_sightings_does_not_matter(one: FireIn, two: FireIn, three: FireIn) -> None:
    a, b, c = fire(one), fire(two), fire(three)
    assert merge(merge(a, b), c) == merge(a, merge(b, c))


@given(SOME, st.data())
def test_a_repeated_sighting_changes_nothing(rows: list[FireIn], data: st.DataObject) -> None:
    whole = reduce(merge, map(fire, rows))
    again = fire(data.draw(st.sampled_from(rows)))
    assert merge(whole, again) == merge(again, whole) == whole
    assert merge(whole, whole) == whole


@given(SOME, st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_many_sightings_gives_the_same_fire(rows: list[FireIn], chance: Random) -> None:
    shuffled = [*rows, *rows]
    chance.shuffle(shuffled)
    assert reduce(merge, map(fire, shuffled)) == reduce(merge, map(fire, rows))


@given(SOME)
def test_what_one_path_knows_fills_what_another_does_not(rows: list[FireIn]) -> None:
    whole = reduce(merge, map(fire, rows))
    for field in (*TEXT_FIELDS, *AMOUNT_FIELDS):
        known = [getattr(fire(row), field) for row in rows if getattr(fire(row), field) is not None]
        assert (getattr(whole, field) is None) == (not known)
        assert not known or getattr(whole, field) in known


@given(SOME)
def test_a_text_is_the_word_of_the_best_path_and_of_equals_the_greatest(rows: list[FireIn]) -> None:
    whole = reduce(merge, map(fire, rows))
    for field in TEXT_FIELDS:
        claims = [
            (
                -1 if field in ("engineer_id", "skill_name") and getattr(row, field) == "unknown" else RANK[row.source],
                getattr(row, field),
            )
            for row in rows
            if getattr(row, field) is not None
        ]
        assert not claims or getattr(whole, field) == max(claims)[1]


@given(SOME)
def test_unknown_never_wins_over_a_name(rows: list[FireIn]) -> None:
    merged = reduce(merge, map(fire, rows))
    for field in ("engineer_id", "skill_name"):  # an exporter keeps the names of private skills to itself
        names = {getattr(row, field) for row in rows} - {"unknown"}
        assert (getattr(merged, field) == "unknown") == (not names)


@given(SOME)
def test_times_take_the_earliest_and_amounts_the_greatest(rows: list[FireIn]) -> None:
    fires = [fire(row) for row in rows]
    whole = reduce(merge, fires)
    assert whole.ts == min(one.ts for one in fires)
    for field in AMOUNT_FIELDS:
        assert getattr(whole, field) == max((getattr(one, field) or 0 for one in fires), default=0) or (
            getattr(whole, field) is None and all(getattr(one, field) is None for one in fires)
        )


@given(SOME)
def test_error_outweighs_success_and_success_outweighs_abandoned(rows: list[FireIn]) -> None:
    heard = {row.status for row in rows}
    expected = next(status for status in ("error", "success", "abandoned") if status in heard)
    assert reduce(merge, map(fire, rows)).status == expected


@given(SOME)
def test_seen_by_is_the_sorted_set_of_paths(rows: list[FireIn]) -> None:
    assert reduce(merge, map(fire, rows)).seen_by == sorted({row.source for row in rows})


@given(SOME)
def test_cents_are_always_the_micros_rounded_half_up(rows: list[FireIn]) -> None:
    whole = reduce(merge, map(fire, rows))
    assert (whole.cost_usd_cents is None) == (whole.cost_micros is None)
    assert whole.cost_micros is None or whole.cost_usd_cents == (whole.cost_micros + 5_000) // 10_000


@given(st.lists(sightings(("k1", "k2", "K", "é")), max_size=12))
def test_a_batch_has_one_fire_per_key_in_the_order_of_the_keys(rows: list[FireIn]) -> None:
    merged = merge_all([fire(row) for row in rows])
    assert list(merged) == sorted({row.fire_key for row in rows})
    for key, whole in merged.items():
        assert whole == reduce(merge, [fire(row) for row in rows if row.fire_key == key])


def test_every_path_has_a_rank_of_its_own() -> None:
    assert set(SOURCES) == set(RANK)
    best_last = sorted(SOURCES, key=RANK.__getitem__)
    for weaker, stronger in pairwise(best_last):
        rows = [
            FireIn(engineer_id=name, skill_name="/s", runtime="modal", status="success", source=path, fire_key="k")
            for name, path in (("zed", weaker), ("amy", stronger))
        ]
        assert reduce(merge, map(fire, rows)).engineer_id == "amy"
