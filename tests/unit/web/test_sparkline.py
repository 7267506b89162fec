import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from tallyward.web.sparkline import BARS_HEIGHT, bars

FIRST = date(2026, 5, 14)
COUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=366)


def heights(path: str) -> list[int]:
    return [int(tall) for tall in re.findall(r"v-(\d+)h", path)]


@given(COUNTS)
def test_every_day_with_a_count_has_a_bar_inside_the_drawing(counts: list[int]):
    drawing = bars(counts, most=max(counts), first_day=FIRST, name="x")
    assert len(heights(drawing.path)) == sum(count > 0 for count in counts)
    assert all(1 <= tall <= BARS_HEIGHT for tall in heights(drawing.path))


@given(COUNTS)
def test_a_taller_bar_is_never_fewer_fires(counts: list[int]):
    drawn = heights(bars(counts, most=max(counts), first_day=FIRST, name="x").path)
    counted = [count for count in counts if count]
    pairs = sorted(zip(counted, drawn, strict=True))
    assert [tall for _, tall in pairs] == sorted(drawn)


def test_a_drawing_says_in_words_what_it_shows():
    drawing = bars([0, 3, 1200, 0], most=1200, first_day=FIRST, name="mona")
    assert drawing.title == "mona: 1,203 fires in 4 days, most 1,200 on 16 May"


def test_no_fires_are_said_to_be_none():
    assert bars([0, 0], most=0, first_day=FIRST, name="mona").title == "mona: no fires in 2 days"
    assert bars([0, 0], most=0, first_day=FIRST, name="mona").path == ""
