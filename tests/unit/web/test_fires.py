from datetime import UTC, datetime
from typing import Any

import pytest

from tallyward.services.asked import Window
from tallyward.services.fires import FireRow, FiresBoard
from tallyward.web.pages._paging import pager
from tallyward.web.pages.fires import PAGE_OF, render_fires
from tests.frames import ENGINEER, LEAD, frame

AT = datetime(2026, 5, 17, 12, 30, tzinfo=UTC)
WINDOW = Window(since=datetime(2026, 4, 17, tzinfo=UTC), until=None, days=30, tz="UTC")


def fire(**known: Any) -> FireRow:
    facts: dict[str, Any] = {
        **dict.fromkeys(FireRow.__struct_fields__), "id": 1, "ts": AT, "engineer_id": "mona", "skill_name": "/ship",
        "runtime": "modal", "status": "success", "kind": "skill", "fire_key": "k", "seen_by": ["api"],
    }  # fmt: skip
    return FireRow(**{**facts, **known})


def board(*fires: FireRow, total: int | None = None, page: int = 1) -> FiresBoard:
    return FiresBoard(
        tenant="default", window=WINDOW, filters={}, page=page, limit=max(len(fires), 1), total=total, fires=list(fires)
    )


def test_each_fact_of_a_fire_is_a_filter_that_joins_those_that_are_on():
    shown = render_fires(
        board(fire(repo="o/r", session_id="s/1")), frame(LEAD, PAGE_OF, {"days": "7", "kind": "skill"})
    )
    assert 'href="/fires?days=7&amp;kind=skill&amp;engineer=mona"' in shown
    assert 'href="/fires?days=7&amp;kind=skill&amp;repo=o%2Fr"' in shown
    assert 'href="/sessions/s%2F1?' in shown


def test_a_moment_is_told_in_the_zone_of_the_reader():
    assert "17 May 14:30:00 CEST" in render_fires(board(fire()), frame(LEAD, PAGE_OF, {"tz": "Europe/Paris"}))


def test_a_cost_is_told_to_the_hundredth_of_a_cent_and_only_where_there_is_one():
    assert "$0.0042" in render_fires(board(fire(cost_micros=4_200), fire()), frame(LEAD, PAGE_OF))
    assert ">Cost</th>" not in render_fires(board(fire()), frame(LEAD, PAGE_OF))


def test_no_rows_say_what_to_do():
    shown = render_fires(board(total=0), frame(LEAD, PAGE_OF, {"kind": "mcp"}))
    assert "has these filters" in shown
    assert "<table" not in shown


def test_an_engineer_is_told_that_the_rows_are_the_own_ones():
    assert "3 rows of the last 30 days, yours" in render_fires(board(fire(), total=3), frame(ENGINEER, PAGE_OF))


@pytest.mark.parametrize(
    ("place", "before", "after", "words"),
    [
        ((1, 10, 35), None, "/fires?page=2", "1 to 10 of 35"),
        ((2, 10, 35), "/fires", "/fires?page=3", "11 to 20 of 35"),
        ((4, 5, 35), "/fires?page=3", None, "31 to 35 of 35"),
        ((1, 10, None), None, "/fires?page=2", "1 to 10"),
        ((1, 3, None), None, None, "1 to 3"),
        ((9, 0, 35), "/fires?page=8", None, "none of 35"),
        ((10_000, 10, None), "/fires?page=9999", None, "99,991 to 100,000"),
    ],
)
def test_pages_are_turned_as_far_as_there_are_rows_and_they_can_be_reached(
    place: tuple[int, int, int | None], before: str | None, after: str | None, words: str
):
    page, shown, total = place
    found = pager(frame(LEAD, PAGE_OF), page=page, limit=10, shown=shown, total=total)
    assert (found.before, found.after, found.words) == (before, after, words)
