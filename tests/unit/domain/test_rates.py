"""Rates as pure functions: what is reckoned a merge at a time is what the whole history gives, in whatever order."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.rates import (
    Band,
    Known,
    Merge,
    RateBands,
    Revision,
    Series,
    Turn,
    Whose,
    cusum,
    series_of,
    turned,
    turns,
)
from tallyward.domain.rates_now import order_statistics, p95_now


def merge(number: int, attempts: int = 1, verdict: str | None = None) -> Merge:
    return Merge(f"2026-05-01/{number:06d}", number, "web", attempts, verdict)


def share_of_first(window: int) -> Series:
    def value(merges: Sequence[Merge]) -> float | None:
        return sum(one.first_pass for one in merges) / window if len(merges) == window else None

    return Series("share", "global", window, Band(0.4, 0.6), value)


class Outbox:
    """What a ledger keeps of one series: its merges, and the turns that were told and not taken back."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self.merges: list[Merge] = []
        self.held: dict[str, Turn] = {}

    def tell(self, told: Merge) -> int:
        """Reckons one merge, told whenever. How many merges had to be looked at again."""
        self.merges = sorted([*self.merges, told], key=lambda one: one.place)
        at = self.merges.index(told)
        earlier = [turn for place, turn in sorted(self.held.items()) if place < told.place]
        run = Revision(
            self.series,
            self.merges[max(0, at - self.series.window) : at],
            earlier[-1].state if earlier else "undefined",
        )
        looked = 0
        for one in self.merges[at:]:
            looked += 1
            turn = self.held.get(one.place)
            run.step(one, Known(turn.series, one.place, turn.id, turn.state) if turn else None)
            if run.settled:
                break
        for known in run.withdrawn:
            assert self.held.pop(known.place).id == known.id
        self.held |= {turn.merge.place: turn for turn in run.added}
        return looked


histories = st.lists(st.integers(1, 2), min_size=1, max_size=60)


@given(histories, st.randoms(use_true_random=False), st.integers(1, 9))
def test_any_order_of_telling_ends_in_the_turns_of_the_whole_history(marks, dice, window):
    series = share_of_first(window)
    merges = [merge(number, attempts) for number, attempts in enumerate(marks)]
    order = merges.copy()
    dice.shuffle(order)
    outbox = Outbox(series)
    for one in order:
        outbox.tell(one)

    whole = {turn.id: turn.state for turn in turns(series, merges)}
    assert {turn.id: turn.state for turn in outbox.held.values()} == whole


@given(histories, st.integers(1, 9))
def test_a_merge_that_is_told_in_its_turn_is_one_step(marks, window):
    outbox = Outbox(share_of_first(window))
    looked = [outbox.tell(merge(number, attempts)) for number, attempts in enumerate(marks)]

    assert set(looked) == {1}


@given(histories, histories)
def test_the_same_history_has_the_same_ids_and_a_longer_one_the_same_and_more(marks, more):
    series = share_of_first(5)
    merges = [merge(number, attempts) for number, attempts in enumerate(marks + more)]
    first = [turn.id for turn in turns(series, merges[: len(marks)])]

    assert [turn.id for turn in turns(series, merges)][: len(first)] == first
    assert len(set(first)) == len(first)


@given(histories, st.integers(1, 9))
def test_between_two_turns_both_lines_were_crossed(marks, window):
    series = share_of_first(window)
    found = turns(series, [merge(number, attempts) for number, attempts in enumerate(marks)])

    assert [turn.kind for turn in found[:1]] in ([], ["metric.window_filled"])
    for earlier, later in pairwise(found):
        assert later.before == earlier.state != later.state
        assert later.value >= 0.6 if later.state == "above" else later.value < 0.4


def test_the_lines_belong_to_the_sides_that_are_said():
    band = RateBands().first_pass_merge_rate

    assert [turned("between", value, band) for value in (0.85, 0.849, 0.70, 0.699)] == [
        "above", "between", "between", "below",
    ]  # fmt: skip
    assert [turned("above", value, band) for value in (0.70, 0.699)] == ["above", "below"]
    assert turned("undefined", None, band) == "undefined"


def test_seven_misses_in_a_row_raise_the_warning_and_hits_lower_it():
    misses = [merge(number, 2) for number in range(7)]

    assert cusum(misses[:6]) < 4.5 <= cusum(misses)
    assert cusum([*misses, *(merge(number) for number in range(7, 40))]) == 0


def test_the_series_of_a_project_are_its_own():
    assert [one.name for one in series_of(RateBands(), Whose(project="web"))] == ["rebase_conflict_rate/project:web"]
    assert {one.scope for one in series_of(RateBands())} == {"global"}


@pytest.mark.parametrize(
    ("bands", "wrong"),
    [
        (RateBands(), 0),
        (RateBands(first_pass_merge_rate=Band(0.9, 0.8)), 1),
        (RateBands(rebase_conflict_rate=Band(-0.1, 1.1)), 1),
    ],
)
def test_lines_that_cannot_be_are_named(bands: RateBands, wrong: int):
    assert len(bands.problems()) == wrong


def test_of_a_hundred_the_90th_to_the_last_hold_the_true_95th_percentile():
    assert order_statistics(100, 0.95) == (90, 100)
    assert p95_now([merge(number, number + 1) for number in range(99)]).value is None
