import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tallyward.web.sparkline import AREA_HEIGHT, AREA_WIDTH, BARS_HEIGHT, area, bars

TODAY = date(2026, 5, 17)
COUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=366)


def heights(path: str) -> list[int]:
    return [int(tall) for tall in re.findall(r"v-(\d+)h", path)]


@given(COUNTS)
def test_every_day_with_a_count_has_a_bar_inside_the_drawing(counts: list[int]):
    drawing = bars(counts, most=max(counts), last_day=TODAY, name="x")
    assert len(heights(drawing.path)) == sum(count > 0 for count in counts)
    assert all(1 <= tall <= BARS_HEIGHT for tall in heights(drawing.path))


@given(COUNTS)
def test_a_taller_bar_is_never_fewer_fires(counts: list[int]):
    drawn = heights(bars(counts, most=max(counts), last_day=TODAY, name="x").path)
    counted = [count for count in counts if count]
    pairs = sorted(zip(counted, drawn, strict=True))
    assert [tall for _, tall in pairs] == sorted(drawn)


@given(COUNTS)
def test_an_area_stays_in_its_box_and_names_every_day(counts: list[int]):
    drawing = area(counts, last_day=TODAY, name="x")
    points = [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", drawing.line)]
    assert len(points) == len(drawing.days) == len(counts)
    assert all(0 <= x <= AREA_WIDTH + 0.1 and 0 <= y <= AREA_HEIGHT for x, y in points)


def test_a_drawing_says_in_words_what_it_shows():
    drawing = bars([0, 3, 1200, 0], most=1200, last_day=TODAY, name="mona")
    assert drawing.title == "mona: 1,203 fires in 4 days, most 1,200 in the 24 hours to 16 May"
    assert area([0, 2], last_day=TODAY, name="mona").days[-1].label == "24 hours to now: 2"


def test_no_fires_are_said_to_be_none():
    assert bars([0, 0], most=0, last_day=TODAY, name="mona").title == "mona: no fires in 2 days"
    assert bars([0, 0], most=0, last_day=TODAY, name="mona").path == ""
    assert area([], last_day=TODAY, name="Team").line == ""
