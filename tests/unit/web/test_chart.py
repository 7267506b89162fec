import json
import re
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tallyward.domain.money import Currency
from tallyward.web.chart import HEIGHT, REST_SLOT, WIDTH, Chart, Series, daily_chart, money_unit, stacked

LABELS = ["1 Oct", "2 Oct", "3 Oct"]


def test_the_highest_bar_is_the_whole_stack_and_the_highest_line_a_line():
    series = [Series("a", [1, 2, 0]), Series("b", [4, None, 1])]
    assert Chart("t", LABELS, series, "bars").most == 5
    assert Chart("t", LABELS, series, "lines").most == 4


def test_a_day_without_a_number_is_a_gap_in_a_line():
    [path] = Chart("t", LABELS, [Series("a", [1, None, 1])], "lines").paths
    assert path["line"].count("M") == 2


def test_bars_stand_on_those_below_them():
    below, above = Chart("t", ["1 Oct"], [Series("a", [1]), Series("b", [1])]).paths
    assert "120.0v-57.0" in below["fill"]
    assert "63.0v-57.0" in above["fill"]


@given(st.text())
def test_what_a_script_reads_cannot_end_its_element(name: str):
    told = Chart("t", ["1 Oct"], [Series(name + "</script><!--", [1])]).data
    assert "<" not in told
    assert json.loads(told)["series"][0]["name"] == name + "</script><!--"


def test_the_largest_keep_their_colours_and_the_others_are_the_rest():
    groups = [(f"s{number}", [number, 0]) for number in range(20)]
    series = stacked(groups)
    assert [one.name for one in series] == [*(f"s{number}" for number in range(19, 12, -1)), "the rest"]
    assert series[-1].values == [sum(range(13)), 0]
    assert [one.slot for one in series] == [*range(1, 8), REST_SLOT]


def test_what_was_put_together_before_is_part_of_the_rest_however_large():
    series = stacked([("(other)", [99]), ("a", [1]), ("b", [2])])
    assert [(one.name, one.slot) for one in series] == [("b", 1), ("a", 2), ("the rest", REST_SLOT)]


def test_money_is_scaled_for_the_script_and_told_in_the_table():
    unit = money_unit(Currency(symbol="€", after=True, per_usd=0.5, decimal=",", thousands="."))
    chart = Chart("t", ["1 Oct"], [Series("a", [2_469_000_000])], unit=unit)
    assert chart.table == [("1 Oct", ["1.234,50 €"])]
    assert json.loads(chart.data)["unit"]["scale"] == 0.5e-6


def test_the_table_starts_with_the_newest_and_says_what_is_not_known():
    assert Chart("t", LABELS, [Series("a", [1, None, 3])]).table[:2] == [("3 Oct", ["3"]), ("2 Oct", ["—"])]


def test_a_year_has_few_ticks_and_a_week_all_of_them():
    days = [date(2026, 1, 1) + timedelta(days=step) for step in range(365)]
    year = daily_chart("t", days, [Series("a", [1] * 365)])
    assert year.ticks == ["1 Jan", "2 Apr", "2 Jul", "1 Oct", "31 Dec"]
    assert year.table[0] == ("Thu 31 Dec 2026", ["1"])
    assert len(daily_chart("t", days[:5], [Series("a", [1] * 5)]).ticks) == 5


def test_nothing_at_all_is_drawn_without_dividing_by_it():
    assert Chart("t", [], []).paths == []
    assert Chart("t", LABELS, [Series("a", [0, 0, 0])]).empty


@given(st.lists(st.one_of(st.none(), st.integers(0, 10_000)), max_size=366))
def test_a_line_stays_in_its_box(values: list[int | None]):
    [path] = Chart("t", [""] * len(values), [Series("a", values)], "area").paths
    points = [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path["line"])]
    assert len(points) == sum(value is not None for value in values)
    assert all(0 <= x <= WIDTH + 0.1 and 0 <= y <= HEIGHT for x, y in points)
